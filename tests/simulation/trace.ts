/** What happened, in virtual time. Texts are made only when somebody reads them. */
import type { VirtualClock } from "./virtual_clock.ts";

export class Trace {
  readonly #clock: VirtualClock;
  readonly #write: ((line: string) => void) | undefined;

  constructor(clock: VirtualClock, write?: (line: string) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  get isRead(): boolean {
    return this.#write !== undefined;
  }

  add(who: string, what: () => string): void {
    if (this.#write === undefined) return;
    const seconds = (this.#clock.monotonicMs() / 1000).toFixed(3).padStart(9);
    this.#write(`${seconds} ${who.padEnd(14)} ${what()}`);
  }
}
