/** A {@link Clock} that moves only when told to. For tests. */
import type { Clock, Timer } from "./clock.ts";

interface Pending {
  dueMs: number;
  callback: () => void;
}

/** Starts at 2026-01-01T00:00:00Z; wall clock and monotonic clock can be moved apart. */
export class FakeClock implements Clock {
  #monotonicMs = 0;
  #wallMs = Date.UTC(2026, 0, 1);
  readonly #timers = new Set<Pending>();

  now(): Date {
    return new Date(this.#wallMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const pending = { dueMs: this.#monotonicMs + Math.max(0, delayMs), callback };
    this.#timers.add(pending);
    const cancel = () => void this.#timers.delete(pending);
    return { cancel, [Symbol.dispose]: cancel };
  }

  /** How many timers are waiting: 0 after everything was stopped. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** When the next timer is due, counted from now. */
  get nextTimerMs(): number | undefined {
    const next = this.#next();
    return next && next.dueMs - this.#monotonicMs;
  }

  /** Moves both clocks and fires the timers that come due, in order, also those set on the way. */
  advance(durationMs: number): void {
    const endMs = this.#monotonicMs + durationMs;
    for (let next = this.#next(); next && next.dueMs <= endMs; next = this.#next()) {
      this.#timers.delete(next);
      this.#move(next.dueMs - this.#monotonicMs);
      next.callback();
    }
    this.#move(endMs - this.#monotonicMs);
  }

  /** Moves the wall clock alone, as NTP or an operator does. */
  jumpWallClock(durationMs: number): void {
    this.#wallMs += durationMs;
  }

  #move(durationMs: number): void {
    this.#monotonicMs += durationMs;
    this.#wallMs += durationMs;
  }

  #next(): Pending | undefined {
    let earliest: Pending | undefined;
    for (const timer of this.#timers) {
      if (earliest === undefined || timer.dueMs < earliest.dueMs) earliest = timer;
    }
    return earliest;
  }
}
