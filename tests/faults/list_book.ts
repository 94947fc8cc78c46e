/** What is listed, and what had to be. */
import assert from "node:assert/strict";
import type { Count } from "./fault_proxy.ts";

/** Who waits for a lease lists it anew each time. */
const LISTED_BY_TERMS = "leases";

/** Lists that are due since the start: one that failed at the end of a seed's time comes in the next one's. */
export class ListBook {
  readonly #owed = new Map<string, number>();

  /** A list is made only where one failed or a version was gone: whatever else happens, a watch goes on where it was. */
  settle(counts: ReadonlyMap<string, Count>): void {
    for (const [what, { lists, listsDue }] of counts) {
      if (what.endsWith(` ${LISTED_BY_TERMS}`)) continue;
      const due = (this.#owed.get(what) ?? 0) + listsDue;
      assert.ok(lists <= due, `${what}: ${lists} lists, ${due} due`);
      this.#owed.set(what, due - lists);
    }
  }
}
