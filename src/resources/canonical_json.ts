/** JSON text that is the same for equal values: the order of an object's keys says nothing. */
import { isRecord } from "./merge_patch.ts";

export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value).sort().filter((key) => value[key] !== undefined)
      .map((key) => [key, sorted(value[key])]),
  );
}
