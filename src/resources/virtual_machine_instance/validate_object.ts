/** Whether a VMI may be created, and what of it may be changed by whom. */
import {
  CREATED_BY_LABEL,
  EPOCH_ANNOTATION,
  MIGRATION_JOB_UID_LABEL,
  MIGRATION_TARGET_NODE_NAME_LABEL,
  NODE_NAME_LABEL,
  NODE_SCHEDULABLE_LABEL,
  OWNER_ANNOTATION,
} from "../../api/labels.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { type Cause, notSupported } from "../cause.ts";
import type { ClusterDefaults } from "../cluster_defaults.ts";
import { deepEqual } from "../deep_equal.ts";
import { validateSpec } from "./validate.ts";

/** Who asks, as far as it matters. */
export interface Requester {
  /** One of this installation's own service accounts. */
  isInstallation: boolean;
}

/** Labels that say where a guest is: only the installation may set them. */
const RESERVED_LABELS: readonly string[] = [
  CREATED_BY_LABEL,
  MIGRATION_JOB_UID_LABEL,
  NODE_NAME_LABEL,
  MIGRATION_TARGET_NODE_NAME_LABEL,
  NODE_SCHEDULABLE_LABEL,
];

export function validateCreation(
  vmi: VirtualMachineInstance,
  context: { cluster: ClusterDefaults; requester: Requester },
): Cause[] {
  const labels = context.requester.isInstallation ? [] : reservedLabels(vmi, {});
  return [...labels, ...validateSpec({ spec: vmi.spec, field: "spec", cluster: context.cluster })];
}

export function validateUpdate(
  vmi: VirtualMachineInstance,
  context: { old: VirtualMachineInstance; requester: Requester },
): Cause[] {
  if (context.requester.isInstallation) return [];
  const causes: Cause[] = [];
  if (!deepEqual(vmi.spec, context.old.spec)) {
    causes.push(notSupported("spec", "update of VMI object is restricted"));
  }
  if (!deepEqual(vmi.status, context.old.status)) {
    const message = "update of VMI status is restricted: it belongs to the installation";
    causes.push(notSupported("status", message));
  }
  return [
    ...causes,
    ...reservedLabels(vmi, context.old.metadata.labels ?? {}),
    ...leaseChanges(vmi, context.old),
  ];
}

/** Whoever could change it could have a guest ended or started twice. At creation it says nothing yet. */
function leaseChanges(vmi: VirtualMachineInstance, old: VirtualMachineInstance): Cause[] {
  const annotations = vmi.metadata.annotations ?? {};
  const before = old.metadata.annotations ?? {};
  return [OWNER_ANNOTATION, EPOCH_ANNOTATION].filter((name) => annotations[name] !== before[name])
    .map((name) => notSupported(`metadata.annotations[${name}]`, "it belongs to the installation"));
}

function reservedLabels(
  vmi: VirtualMachineInstance,
  before: Readonly<Record<string, string>>,
): Cause[] {
  const labels = vmi.metadata.labels ?? {};
  return RESERVED_LABELS.filter((name) => labels[name] !== before[name]).map((name) =>
    notSupported(
      `metadata.labels[${name}]`,
      "modification of the following reserved kubevirt.io/ labels on a VMI object is prohibited: " +
        name,
    )
  );
}
