/** An instancetype's memory. */
import type { VirtualMachineInstancetypeSpec } from "../../api/instancetype.ts";
import { formatBytes, type Quantity } from "../../api/quantity.ts";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import { type Cause, invalid } from "../cause.ts";
import { unitsOf } from "../quantity_comparison.ts";
import { conflictCauses, fieldsSet } from "./conflict.ts";
import type { Draft, Size } from "./size.ts";

const ALL_PERCENT = 100;
const GUEST_FIELD = "instancetype.spec.memory.guest";

/** `undefined`: what any instancetype conflicts with. */
export function memoryConflicts(
  { domain: { memory = {}, resources = {} } }: VirtualMachineInstanceSpec,
  { field, instancetype }: {
    field: string;
    instancetype: VirtualMachineInstancetypeSpec | undefined;
  },
): Cause[] {
  const given = instancetype?.memory;
  const both = {
    hugepages: given?.hugepages && memory.hugepages,
    maxGuest: given?.maxGuest !== undefined && memory.maxGuest,
  };
  const amounts = {
    "requests.memory": resources.requests?.memory,
    "limits.memory": resources.limits?.memory,
  };
  return conflictCauses([
    ...fieldsSet({ guest: memory.guest, ...both }).map((name) => `${field}.domain.memory.${name}`),
    ...fieldsSet(amounts).map((name) => `${field}.domain.resources.${name}`),
  ]);
}

export function applyMemory({ spec: { domain } }: Draft, { instancetype }: Size): Cause[] {
  if (instancetype === undefined) return [];
  const { guest, hugepages, maxGuest, overcommitPercent = 0 } = instancetype.memory;
  domain.memory = {
    ...domain.memory,
    guest,
    ...(hugepages && { hugepages }),
    ...(maxGuest !== undefined && { maxGuest }),
  };
  if (overcommitPercent === 0) return [];
  const memory = overcommitted(guest, overcommitPercent);
  if (memory === undefined) return [invalid(GUEST_FIELD, `must be a quantity: got ${guest}`)];
  domain.resources = {
    ...domain.resources,
    requests: { ...domain.resources?.requests, memory },
  };
  return [];
}

/** What the pod asks for when the guest is promised more. */
function overcommitted(guest: Quantity, percent: number): string | undefined {
  const bytes = unitsOf(guest);
  if (bytes === undefined) return undefined;
  return formatBytes(bytes * BigInt(ALL_PERCENT - percent) / BigInt(ALL_PERCENT));
}
