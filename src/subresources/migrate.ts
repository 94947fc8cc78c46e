/** PUT virtualmachines/{name}/migrate. */
import type { NewMigration } from "./verb.ts";
import { VIRTUAL_MACHINE_INSTANCES } from "../api/registry.ts";
import { VirtualMachineInstancePhase } from "../api/phases.ts";
import { conflict, notFound } from "./status_response.ts";
import { type VerbDecision, type VirtualMachineSubject, vmName } from "./verb.ts";

/** What the caller may ask for. */
export interface MigrateOptions {
  addedNodeSelector?: Readonly<Record<string, string>> | undefined;
}

/** Upstream's: tools tell these migrations from others by it. */
const NAME_PREFIX = "kubevirt-migrate-vm-";

export function decideMigrate(
  { vm, vmi }: VirtualMachineSubject,
  { addedNodeSelector }: MigrateOptions,
): VerbDecision {
  const { name } = vm.metadata;
  if (vmi === undefined) {
    return { denied: notFound({ name, kind: VIRTUAL_MACHINE_INSTANCES.singular }) };
  }
  if (vmi.status?.phase !== VirtualMachineInstancePhase.Running) {
    return { denied: conflict(vmName(vm), "VM is not running") };
  }
  const migration: NewMigration = {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceMigration",
    metadata: { generateName: NAME_PREFIX },
    spec: { vmiName: name, ...(addedNodeSelector !== undefined && { addedNodeSelector }) },
  };
  return { effects: [{ type: "create_migration", migration }] };
}
