/** What the replica set controller sees and may do: all of it data. */
import type { VirtualMachineInstanceReplicaSet } from "../../api/replica_set.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { NewObject } from "../core_objects.ts";

export interface ReplicaSetWorld {
  /** RFC 3339. */
  now: string;
  set: VirtualMachineInstanceReplicaSet;
  /** Those that the set controls, and those of its namespace that nothing controls. */
  instances: readonly VirtualMachineInstance[];
}

export type ReplicaSetAction =
  /** One that exists and is ours is success. */
  | { type: "create_vmi"; vmi: NewObject<VirtualMachineInstance> }
  | { type: "delete_vmi"; name: string; uid: string }
  /** Takes an instance without owner, after a live look that the set still exists. */
  | { type: "adopt_vmi"; name: string }
  /** Lets go of an instance whose labels are no longer selected. */
  | { type: "release_vmi"; name: string };
