/**
 * Fields of a VM that are stored but not acted on yet and without which its guest would not be what was asked for. A VM that
 * uses one is not started at all.
 */
import { VirtualMachineRunStrategy } from "../../api/phases.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";

type Rule = (vm: VirtualMachine) => string | undefined;

const RULES: readonly Rule[] = [
  templateSpec,
  dataVolumeTemplates,
  receiver,
];

/** Why the VM cannot be started, naming the field; `undefined` when it can. */
export function unservedField(vm: VirtualMachine): string | undefined {
  for (const rule of RULES) {
    const why = rule(vm);
    if (why !== undefined) return why;
  }
  return undefined;
}

function templateSpec({ spec }: VirtualMachine): string | undefined {
  return spec.template.spec === undefined ? "spec.template.spec: is required" : undefined;
}

function dataVolumeTemplates({ spec }: VirtualMachine): string | undefined {
  return (spec.dataVolumeTemplates ?? []).length === 0
    ? undefined
    : "spec.dataVolumeTemplates: DataVolumes are not served yet";
}

function receiver({ spec }: VirtualMachine): string | undefined {
  return spec.runStrategy === VirtualMachineRunStrategy.WaitAsReceiver
    ? "spec.runStrategy: WaitAsReceiver is not served yet"
    : undefined;
}
