/**
 * How long things have been what they are, as seen from here. Timestamps of other machines are texts to it that change or do
 * not: neither a wall clock that jumps nor two that differ make anything look old.
 */
import { BoundedMap } from "./bounded_map.ts";
import type { Clock } from "./clock.ts";

/** More than a cluster has nodes; what is forgotten counts as new. */
const CAPACITY = 20_000;

/** Of one process: whoever takes over from it begins to count anew. */
export class Unchanged {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #seen = new BoundedMap<string, { value: string; sinceMs: number }>(CAPACITY);

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** Milliseconds since the value was first seen; 0 at the first look and after each change. */
  ageMs(key: string, value: string): number {
    const nowMs = this.#clock.monotonicMs();
    const seen = this.#seen.get(key);
    if (seen?.value === value) return nowMs - seen.sinceMs;
    this.#seen.set(key, { value, sinceMs: nowMs });
    return 0;
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }
}
