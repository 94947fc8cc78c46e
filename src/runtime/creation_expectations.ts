/**
 * Remembers creations that the cache may not show yet. Needed only where names are generated: with a deterministic name
 * a second creation fails with AlreadyExists, which is success.
 */
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";

/** A creation that was not seen for this long is looked for in a live list. */
export const EXPECTATION_AGE_MS_MAX = 30_000;

/** Per owner: how many creations are under way, and since when. */
export class CreationExpectations {
  readonly #clock: Clock;
  readonly #pending = new Map<string, { count: number; sinceMs: number }>();

  constructor(options: { clock?: Clock } = {}) {
    this.#clock = options.clock ?? SYSTEM_CLOCK;
  }

  /** To be called before the creation, because the watch may be faster than the answer. */
  expect(owner: string): void {
    const count = (this.#pending.get(owner)?.count ?? 0) + 1;
    this.#pending.set(owner, { count, sinceMs: this.#clock.monotonicMs() });
  }

  /** The watch showed a new object of the owner, or the server refused the creation. Not after a lost answer. */
  settle(owner: string): void {
    const pending = this.#pending.get(owner);
    if (pending === undefined) return;
    if (pending.count <= 1) this.#pending.delete(owner);
    else pending.count--;
  }

  /** `none`: the cache is to be believed. `pending`: wait. `overdue`: list live, then `forget`, then decide. */
  state(owner: string): "none" | "pending" | "overdue" {
    const pending = this.#pending.get(owner);
    if (pending === undefined) return "none";
    const ageMs = this.#clock.monotonicMs() - pending.sinceMs;
    return ageMs < EXPECTATION_AGE_MS_MAX ? "pending" : "overdue";
  }

  /** The owner is gone, or a live list told how things are. */
  forget(owner: string): void {
    this.#pending.delete(owner);
  }

  /** Owners with creations under way; back to 0 when all is quiet. */
  get size(): number {
    return this.#pending.size;
  }
}
