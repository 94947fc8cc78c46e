/** The shape of one verb: a pure decision, and what follows from it. */
import type { VirtualMachineInstanceMigration } from "../api/migration.ts";
import type { VirtualMachine } from "../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import type { Denial, DeniedObject } from "./status_response.ts";

/** One JSON patch operation. */
export interface PatchOperation {
  op: "test" | "add" | "replace" | "remove";
  path: string;
  value?: unknown;
}

/** What is done about a VM. */
export type VirtualMachineEffect =
  /** The VM's spec, through admission. */
  | { type: "patch_spec"; operations: readonly PatchOperation[] }
  /** The VM's status: requests to its controller. */
  | { type: "patch_status"; operations: readonly PatchOperation[] }
  /** The running instance. */
  | { type: "patch_instance"; operations: readonly PatchOperation[] }
  /** Without grace. */
  | { type: "kill_pods"; instanceUid: string }
  /** A migration of the instance. */
  | { type: "create_migration"; migration: NewMigration };

/** The API server gives it its name. */
export type NewMigration = Omit<VirtualMachineInstanceMigration, "metadata"> & {
  metadata: { generateName: string };
};

/** Either denied with a reason, or effects in order. */
export type VerbDecision = { denied: Denial } | { effects: readonly VirtualMachineEffect[] };

/** What a verb of a VM is decided on. */
export interface VirtualMachineSubject {
  vm: VirtualMachine;
  vmi: VirtualMachineInstance | undefined;
}

export function vmName(vm: VirtualMachine): DeniedObject {
  return { name: vm.metadata.name, kind: "virtualmachine" };
}

export function vmiName(vmi: VirtualMachineInstance): DeniedObject {
  return { name: vmi.metadata.name, kind: "virtualmachineinstance" };
}
