/** What the VM controller sees and may do: all of it data. */
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { ControllerRevision, NewObject } from "../core_objects.ts";

export interface VirtualMachineWorld {
  /** RFC 3339. */
  now: string;
  vm: VirtualMachine;
  /** The VMI of the VM's name, whoever owns it. */
  vmi?: VirtualMachineInstance;
  /** What the running VMI was made from; only there when KubeVirt has started it and the VM has changed since. */
  runningRevision?: ControllerRevision;
}

export type VirtualMachineAction =
  | { type: "add_finalizer" }
  | { type: "remove_finalizer" }
  /** Revisions are never changed: one that exists is success. */
  | { type: "create_revision"; revision: NewObject<ControllerRevision> }
  | { type: "delete_revision"; name: string }
  /** One that exists and is ours is success. */
  | { type: "create_vmi"; vmi: NewObject<VirtualMachineInstance> }
  | { type: "delete_vmi"; uid: string; why: string }
  /** Takes an instance without owner, after a live look that the VM still exists. */
  | { type: "adopt_vmi"; uid: string }
  | { type: "set_run_strategy"; runStrategy: string };
