/** What the node controller sees and may do: all of it data. */
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { Node, Pod } from "../core_objects.ts";

export interface NodeWorld {
  /** RFC 3339. */
  now: string;
  name: string;
  /** Absent: the node was removed from the cluster. */
  node?: Node;
  /** Milliseconds for which its heartbeat has been seen unchanged from here; absent without a heartbeat. */
  heartbeatAgeMs?: number;
  /** The instances that the node's agent owns, each with its launcher pods. */
  instances: readonly InstanceOnNode[];
}

export interface InstanceOnNode {
  vmi: VirtualMachineInstance;
  /** Looked for live when the node is silent. */
  pods: readonly Pod[];
}

export type NodeAction =
  | { type: "mark_unschedulable" }
  | { type: "fail_instance"; vmi: VirtualMachineInstance; message: string };
