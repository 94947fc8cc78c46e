/** What the VM controller sees and may do: all of it data. */
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { ClusterDefaults } from "../cluster_defaults.ts";
import type { ControllerRevision, NewObject } from "../core_objects.ts";
import type { FoundSize } from "../instancetype/found.ts";

export interface VirtualMachineWorld {
  /** RFC 3339. */
  now: string;
  vm: VirtualMachine;
  /** Milliseconds for which the VM's `status.startFailure` has been seen as it is. */
  startFailureSeenForMs?: number;
  /** The VMI of the VM's name, whoever owns it. */
  vmi?: VirtualMachineInstance;
  /** What the running VMI was made from; only there when KubeVirt has started it and the VM has changed since. */
  runningRevision?: ControllerRevision;
  /** What the VM's matchers lead to; only there when it may be started, or uses one of them for the first time. */
  size?: { found: FoundSize; cluster: ClusterDefaults };
}

export type VirtualMachineAction =
  | { type: "add_finalizer" }
  | { type: "remove_finalizer" }
  /** Revisions are never changed: one that exists is success. */
  | { type: "create_revision"; revision: NewObject<ControllerRevision> }
  | { type: "delete_revision"; name: string }
  /** The copy of an instancetype or preference; one that exists and is this VM's is success. */
  | { type: "create_size_revision"; revision: NewObject<ControllerRevision> }
  /** One that exists and is ours is success. */
  | { type: "create_vmi"; vmi: NewObject<VirtualMachineInstance> }
  | { type: "delete_vmi"; uid: string; why: string }
  /** Takes an instance without owner, after a live look that the VM still exists. */
  | { type: "adopt_vmi"; uid: string }
  | { type: "set_run_strategy"; runStrategy: string };
