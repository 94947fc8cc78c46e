/** What the pool controller sees and may do: all of it data. */
import type { VirtualMachinePool } from "../../api/pool.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { ControllerRevision, NewObject } from "../core_objects.ts";

export interface PoolWorld {
  /** RFC 3339. */
  now: string;
  pool: VirtualMachinePool;
  /** Those that the pool controls. */
  machines: readonly VirtualMachine[];
  /** Those that the machines control. */
  instances: readonly VirtualMachineInstance[];
  /**
   * Milliseconds for which a machine, by its name, has been seen from here not to be ready. Where the pool heals itself, of
   * those alone that are not ready.
   */
  notReadyForMs?: Readonly<Record<string, number>>;
  /** Names of the form `<pool>-<index>` that exist, whoever owns them. */
  takenNames: readonly string[];
  /** Revisions of the pool that nothing runs any more; only there once in the life of each revision. */
  unusedRevisions?: readonly string[];
}

export type PoolAction =
  /** A revision is named by what is in it: one that exists is success. */
  | { type: "create_revision"; revision: NewObject<ControllerRevision> }
  | { type: "delete_revision"; name: string }
  /** One that exists and is ours is success. */
  | { type: "create_vm"; vm: NewObject<VirtualMachine> }
  /** Gives a machine the pool's template. */
  | { type: "update_vm"; vm: VirtualMachine }
  | { type: "delete_vm"; name: string; uid: string; why: string }
  /** Lets go of a machine whose labels are no longer selected. */
  | { type: "release_vm"; name: string }
  /** The machine starts another in its place, from the new template. */
  | { type: "restart_vmi"; name: string; uid: string }
  /** The machine is asked to stop this instance and to start another. */
  | { type: "request_restart"; name: string; uid: string }
  /** The instance is what the revision asks for: only its label is older. */
  | { type: "label_vmi"; name: string; revision: string };
