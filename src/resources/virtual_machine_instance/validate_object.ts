/** Whether a VMI may be created, and what of it may be changed by whom. */
import { EPOCH_ANNOTATION, OWNER_ANNOTATION } from "../../api/labels.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { type Cause, invalid, notSupported } from "../cause.ts";
import type { ClusterDefaults } from "../cluster_defaults.ts";
import { deepEqual } from "../deep_equal.ts";
import { unitsOf } from "../quantity_comparison.ts";
import { validateSpec } from "./validate.ts";
import { validateVolumeUpdate } from "./validate_volume_update.ts";
import { changedReservedLabels, reservedLabels, validateMetadata } from "./validate_metadata.ts";

/** Who asks, as far as it matters. */
export interface Requester {
  /** One of this installation's own service accounts. */
  isInstallation: boolean;
}

export function validateCreation(
  vmi: VirtualMachineInstance,
  context: { cluster: ClusterDefaults; requester: Requester },
): Cause[] {
  const { cluster, requester } = context;
  const { metadata, spec } = vmi;
  return [
    ...(requester.isInstallation ? [] : reservedLabels({ metadata, field: "metadata" })),
    ...validateMetadata({ metadata, field: "metadata", cluster }),
    ...validateSpec({ spec, field: "spec", cluster }),
  ];
}

/** Two states of one VMI. */
interface Change {
  vmi: VirtualMachineInstance;
  old: VirtualMachineInstance;
}

type ChangeRule = (change: Change) => Cause[];

const RULES_OF_ALL: readonly ChangeRule[] = [fixedMaxSockets, fixedMaxGuest, validateVolumeUpdate];
const RULES_OF_USERS: readonly ChangeRule[] = [fixedSpec, fixedStatus, fixedLabels, fixedLease];

export function validateUpdate(
  vmi: VirtualMachineInstance,
  context: { old: VirtualMachineInstance; requester: Requester },
): Cause[] {
  const { old, requester } = context;
  const rules = requester.isInstallation ? RULES_OF_ALL : RULES_OF_USERS;
  return rules.flatMap((rule) => rule({ vmi, old }));
}

/** The guest was started with room for so many. */
function fixedMaxSockets({ vmi, old }: Change): Cause[] {
  if (vmi.spec.domain.cpu?.maxSockets === old.spec.domain.cpu?.maxSockets) return [];
  return [invalid("spec.domain.cpu.maxSockets", "CPU topology maxSockets changed")];
}

/** The guest was started with room for so much. */
function fixedMaxGuest({ vmi, old }: Change): Cause[] {
  const [now, before] = [vmi, old].map(({ spec }) => spec.domain.memory?.maxGuest);
  if (now === undefined || before === undefined) return [];
  const [units, unitsBefore] = [unitsOf(now), unitsOf(before)];
  if (units === unitsBefore) return [];
  return [invalid("spec.domain.memory.maxGuest", "Memory maxGuest changed")];
}

function fixedSpec({ vmi, old }: Change): Cause[] {
  if (deepEqual(vmi.spec, old.spec)) return [];
  return [notSupported("spec", "update of VMI object is restricted")];
}

function fixedStatus({ vmi, old }: Change): Cause[] {
  if (deepEqual(vmi.status, old.status)) return [];
  const message = "update of VMI status is restricted: it belongs to the installation";
  return [notSupported("status", message)];
}

function fixedLabels({ vmi, old }: Change): Cause[] {
  return changedReservedLabels(vmi.metadata, old.metadata);
}

/** Whoever could change it could have a guest ended or started twice. At creation it says nothing yet. */
function fixedLease({ vmi, old }: Change): Cause[] {
  const annotations = vmi.metadata.annotations ?? {};
  const before = old.metadata.annotations ?? {};
  return [OWNER_ANNOTATION, EPOCH_ANNOTATION].filter((name) => annotations[name] !== before[name])
    .map((name) => notSupported(`metadata.annotations[${name}]`, "it belongs to the installation"));
}
