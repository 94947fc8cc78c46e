/** Requests and limits. */
import { type Cause, invalid } from "../../cause.ts";
import { isGreater, thousandthsOf, unitsOf } from "../../quantity_comparison.ts";
import type { SpecRule, SpecSubject } from "../validate.ts";

export const RESOURCE_RULES: readonly SpecRule[] = [
  amounts,
  memoryRequest,
  requestsWithinLimits,
];

const MEMORY_BYTES_MIN = 1_000_000n;

function amounts({ spec, field }: SpecSubject): Cause[] {
  return (["requests", "limits"] as const).flatMap((side) =>
    Object.entries(spec.domain.resources?.[side] ?? {}).flatMap(([name, quantity]) => {
      const where = `${field}.domain.resources.${side}.${name}`;
      const amount = thousandthsOf(quantity);
      if (amount === undefined) {
        return [invalid(where, `${where} must be a quantity: got ${quantity}`)];
      }
      if (amount >= 0n) return [];
      return [invalid(where, `${where} '${quantity}': must be greater than or equal to 0.`)];
    })
  );
}

function memoryRequest({ spec, field }: SpecSubject): Cause[] {
  const memory = spec.domain.resources?.requests?.memory;
  const bytes = unitsOf(memory);
  if (bytes === undefined || bytes <= 0n || bytes >= MEMORY_BYTES_MIN) return [];
  const where = `${field}.domain.resources.requests.memory`;
  return [invalid(where, `${where} '${memory}': must be greater than or equal to 1M.`)];
}

function requestsWithinLimits({ spec, field }: SpecSubject): Cause[] {
  const { requests = {}, limits = {} } = spec.domain.resources ?? {};
  return Object.entries(requests).flatMap(([name, request]) => {
    const limit = limits[name];
    if (limit === undefined || thousandthsOf(limit) === 0n || !isGreater(request, limit)) return [];
    const where = `${field}.domain.resources.requests.${name}`;
    const other = `${field}.domain.resources.limits.${name}`;
    return [invalid(where, `${where} '${request}' is greater than ${other} '${limit}'`)];
  });
}
