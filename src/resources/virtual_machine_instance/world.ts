/** What the VMI controller sees and may do: all of it data. */
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { VirtualMachineInstanceStatus } from "../../api/virtual_machine_instance_status.ts";
import type { NewObject, PersistentVolumeClaim, Pod, ResourceQuota } from "../core_objects.ts";
import type { ClusterConfiguration } from "../kubevirt/configuration.ts";

export interface VirtualMachineInstanceWorld {
  /** RFC 3339. */
  now: string;
  vmi: VirtualMachineInstance;
  /** Milliseconds for which it has been seen to have ended; 0 while it has not. */
  endedForMs?: number;
  /** The launcher pods that this VMI controls. An instance past Pending without any was looked for live. */
  pods: readonly Pod[];
  /** The pods were seen live only. The cache may never show them, so nobody would tell of their end. */
  cacheIsBehind?: boolean;
  /** The claims that its volumes name, as far as they exist; read only until the hand-over. */
  claims: readonly PersistentVolumeClaim[];
  /** Those of its namespace; read only when a pod may be made. */
  resourceQuotas?: readonly ResourceQuota[];
  /** Of its namespace; read only when a pod may be made and they count for its limits. */
  namespaceLabels?: Readonly<Record<string, string>>;
  configuration: ClusterConfiguration;
  envelopeImage: string;
}

export type VirtualMachineInstanceAction =
  /** The pod's name follows from the VMI's UID: one that exists and is ours is success. */
  | { type: "create_pod"; pod: NewObject<Pod> }
  | { type: "delete_pod"; name: string; uid: string; gracePeriodSeconds?: number };

/** All that this controller writes of a VMI. The API has no status subresource for it, so it is one patch. */
export interface VirtualMachineInstanceState {
  labels: Record<string, string>;
  /** Those that are set with it; others stay. */
  annotations?: Record<string, string>;
  finalizers: string[];
  status: VirtualMachineInstanceStatus;
}
