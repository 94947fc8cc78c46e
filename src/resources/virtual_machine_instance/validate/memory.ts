/** The guest's memory. */
import { type Cause, invalid, required } from "../../cause.ts";
import { isGreater, unitsOf } from "../../quantity_comparison.ts";
import type { SpecRule, SpecSubject } from "../validate.ts";

export const MEMORY_RULES: readonly SpecRule[] = [
  someMemory,
  positiveGuest,
  guestWithinLimit,
  maxGuest,
  hugepages,
];

/** A page is less than any guest can start in. */
const GUEST_BYTES_MIN = 4096n;

function someMemory({ spec, field, sizedByInstancetype }: SpecSubject): Cause[] {
  if (sizedByInstancetype === true) return [];
  const { memory, resources } = spec.domain;
  if (memory?.guest !== undefined || memory?.hugepages !== undefined) return [];
  if (resources?.requests?.memory !== undefined || resources?.limits?.memory !== undefined) {
    return [];
  }
  const message = `no memory requested, at least one of ${field}.domain.memory.guest, ` +
    `${field}.domain.memory.hugepages.size or ${field}.domain.resources.requests.memory must be set`;
  return [required(`${field}.domain.memory.guest`, message)];
}

function positiveGuest({ spec, field }: SpecSubject): Cause[] {
  const guest = spec.domain.memory?.guest;
  if (guest === undefined) return [];
  const where = `${field}.domain.memory.guest`;
  const bytes = unitsOf(guest);
  if (bytes === undefined) return [invalid(where, `${where} must be a quantity: got ${guest}`)];
  if (bytes >= GUEST_BYTES_MIN) return [];
  return [
    invalid(
      where,
      `${where} '${guest}': must be greater than or equal to ${GUEST_BYTES_MIN} bytes.`,
    ),
  ];
}

function guestWithinLimit({ spec, field }: SpecSubject): Cause[] {
  const { memory, resources } = spec.domain;
  const limit = resources?.limits?.memory;
  if (limit === undefined || !isGreater(memory?.guest, limit)) return [];
  const where = `${field}.domain.memory.guest`;
  const message = `${where} '${memory?.guest}' must be equal to or less than the memory limit ` +
    `${field}.domain.resources.limits.memory '${limit}'`;
  return [invalid(where, message)];
}

function maxGuest({ spec, field }: SpecSubject): Cause[] {
  const { guest, maxGuest } = spec.domain.memory ?? {};
  if (!isGreater(guest, maxGuest)) return [];
  return [
    invalid(
      `${field}.domain.memory.guest`,
      "Guest memory is greater than the configured maxGuest memory",
    ),
  ];
}

function hugepages({ spec, field }: SpecSubject): Cause[] {
  const { memory, resources } = spec.domain;
  if (memory?.hugepages === undefined) return [];
  const where = `${field}.domain.memory.hugepages.size`;
  const size = memory.hugepages.pageSize;
  const pageBytes = unitsOf(size);
  if (pageBytes === undefined) {
    return [invalid(where, `${where} must be a quantity: got ${JSON.stringify(size)}`)];
  }
  if (pageBytes <= 0n) return [invalid(where, `${where} '${size}': must be greater than 0.`)];
  const amounts = [
    [`${field}.domain.resources.requests.memory`, resources?.requests?.memory],
    [`${field}.domain.memory.guest`, memory.guest],
  ] as const;
  return amounts.flatMap(([name, quantity]) => {
    const bytes = unitsOf(quantity);
    if (bytes === undefined) return [];
    if (bytes < pageBytes) {
      return [
        invalid(
          name,
          `${name} '${quantity}' must be equal to or larger than page size ${where} '${size}'`,
        ),
      ];
    }
    if (bytes % pageBytes === 0n) return [];
    return [
      invalid(name, `${name} '${quantity}' is not a multiple of the page size ${where} '${size}'`),
    ];
  });
}
