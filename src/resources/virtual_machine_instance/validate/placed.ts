/** Entries of a list with their places. Made once for all rules, since most entries break none of them. */
import type { Cause } from "../../cause.ts";

export interface Placed<Entry> {
  entry: Entry;
  /** As in `spec.domain.devices.disks[0]`. */
  field: string;
}

export function placed<Entry>(list: string, entries: readonly Entry[]): readonly Placed<Entry>[] {
  return entries.map((entry, index) => ({ entry, field: `${list}[${index}]` }));
}

/** What a rule finds in the entries, in their order. */
export function eachPlaced<Entry>(
  entries: readonly Placed<Entry>[],
  rule: (entry: Entry, field: string) => Cause[],
): Cause[] {
  const causes: Cause[] = [];
  for (const { entry, field } of entries) {
    const found = rule(entry, field);
    if (found.length > 0) causes.push(...found);
  }
  return causes;
}
