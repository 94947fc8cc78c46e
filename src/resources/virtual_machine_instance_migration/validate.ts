/**
 * Whether a migration is acceptable: an ordered list of rules, each of which says everything it finds. A guest that cannot be
 * moved is no reason to refuse: the migration says so itself, where tools wait for it.
 */
import { VIRTUAL_MACHINE_INSTANCE_NAME_LABEL } from "../../api/labels.ts";
import type { VirtualMachineInstanceMigration } from "../../api/migration.ts";
import { isFinalPhase } from "../../api/phases.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { type Cause, invalid, notSupported, required } from "../cause.ts";
import { deepEqual } from "../deep_equal.ts";
import { isFinished } from "./decide.ts";

export interface MigrationSubject {
  migration: VirtualMachineInstanceMigration;
  /** The instance of that name as the server has it. */
  vmi: VirtualMachineInstance | undefined;
  /** Migrations of the same instance. */
  others: readonly VirtualMachineInstanceMigration[];
}

type MigrationRule = (subject: MigrationSubject) => Cause[];

const CREATE_RULES: readonly MigrationRule[] = [vmiName, priority, instance, rivals];

const VMI_NAME = "spec.vmiName";
const PRIORITIES: readonly string[] = ["system-critical", "user-triggered", "system-maintenance"];

/** All causes. */
export function validateMigrationCreation(subject: MigrationSubject): Cause[] {
  return CREATE_RULES.flatMap((rule) => rule(subject));
}

/** All causes. What a migration is about does not change. */
export function validateMigrationUpdate(
  migration: VirtualMachineInstanceMigration,
  old: VirtualMachineInstanceMigration,
): Cause[] {
  const causes: Cause[] = [];
  if (!deepEqual(migration.spec, old.spec)) {
    causes.push(notSupported("spec", "update of Migration object's spec is restricted"));
  }
  const [label, before] = [migration, old].map(({ metadata }) =>
    metadata.labels?.[VIRTUAL_MACHINE_INSTANCE_NAME_LABEL]
  );
  if (before !== undefined && label !== before && !isFinished(migration)) {
    const what = label === undefined ? "removed from" : "modified on";
    const field = `metadata.labels[${VIRTUAL_MACHINE_INSTANCE_NAME_LABEL}]`;
    causes.push(notSupported(field, `selector label can't be ${what} an in-flight migration`));
  }
  return causes;
}

function vmiName({ migration: { spec } }: MigrationSubject): Cause[] {
  return spec.vmiName ? [] : [required(VMI_NAME, "vmiName is missing")];
}

function priority({ migration: { spec } }: MigrationSubject): Cause[] {
  if (!spec.priority || PRIORITIES.includes(spec.priority)) return [];
  const message = `spec.priority must be one of ${PRIORITIES.join(", ")}: got ${spec.priority}`;
  return [notSupported("spec.priority", message)];
}

function instance({ migration: { metadata, spec }, vmi }: MigrationSubject): Cause[] {
  // The receiving end of a move between clusters has yet to get it.
  if (!spec.vmiName || spec.receive !== undefined) return [];
  if (vmi === undefined) {
    const message = `the VMI "${metadata.namespace}/${spec.vmiName}" does not exist`;
    return [invalid(VMI_NAME, message)];
  }
  if (!isFinalPhase(vmi.status?.phase)) return [];
  return [invalid(VMI_NAME, "Cannot migrate VMI in finalized state.")];
}

function rivals({ migration: { spec }, others }: MigrationSubject): Cause[] {
  const rival = others.find((other) => !isFinished(other));
  if (rival === undefined) return [];
  const message = `in-flight migration detected. Active migration job (${rival.metadata.uid}) ` +
    `is currently already in progress for VMI ${spec.vmiName}.`;
  return [invalid(VMI_NAME, message)];
}
