/**
 * Time of the simulation. Everything that will happen is a timer; time jumps from one to the next. Timers of the same
 * moment fire in the order in which they were set.
 */
import type { Clock, Timer } from "../../src/runtime/clock.ts";

interface Entry {
  dueUs: number;
  order: number;
  callback: (() => void) | undefined;
}

const EPOCH_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;

/** A date that is written faster: each pass of a controller writes one, and the engine takes microseconds for it. */
class VirtualDate extends Date {
  static readonly #days = new Map<number, string>();

  override toISOString(): string {
    const ms = this.getTime();
    const day = Math.floor(ms / DAY_MS);
    let date = VirtualDate.#days.get(day);
    if (date === undefined) {
      date = super.toISOString().slice(0, "2026-01-01T".length);
      VirtualDate.#days.set(day, date);
    }
    const inDay = ms - day * DAY_MS;
    const two = (value: number) => value < 10 ? `0${value}` : `${value}`;
    const hours = two(Math.floor(inDay / 3_600_000));
    const minutes = two(Math.floor(inDay / 60_000) % 60);
    const seconds = two(Math.floor(inDay / 1_000) % 60);
    return `${date}${hours}:${minutes}:${seconds}.${`${inDay % 1_000}`.padStart(3, "0")}Z`;
  }
}

export class VirtualClock implements Clock {
  /** Whole microseconds: with fractions of them a delay could vanish in rounding, and time would stand still. */
  #nowUs = 0;
  #order = 0;
  /** A binary heap by due time, then order. Cancelled entries stay until they come up. */
  readonly #heap: Entry[] = [];

  /** As a clock shows it that is ahead by so much. */
  now(aheadMs = 0): Date {
    return new VirtualDate(EPOCH_MS + Math.floor(this.#nowUs / 1000) + aheadMs);
  }

  monotonicMs(): number {
    return this.#nowUs / 1000;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const dueUs = this.#nowUs + Math.max(0, Math.ceil(delayMs * 1000));
    const entry: Entry = { dueUs, order: this.#order++, callback };
    this.#push(entry);
    const cancel = () => {
      entry.callback = undefined;
    };
    return { cancel, [Symbol.dispose]: cancel };
  }

  /** Moves on to the next timer and fires it. False: there is none up to `endMs`, and it is `endMs` now. */
  step(endMs: number): boolean {
    const endUs = Math.ceil(endMs * 1000);
    for (let next = this.#heap[0]; next !== undefined && next.dueUs <= endUs;) {
      this.#pop();
      const { callback } = next;
      if (callback === undefined) {
        next = this.#heap[0];
        continue;
      }
      this.#nowUs = next.dueUs;
      callback();
      return true;
    }
    this.#nowUs = Math.max(this.#nowUs, endUs);
    return false;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      let smaller = left;
      if (right !== undefined && isBefore(right, left)) {
        smaller = right;
        child++;
      }
      if (!isBefore(smaller, last)) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.dueUs < b.dueUs || (a.dueUs === b.dueUs && a.order < b.order);
}
