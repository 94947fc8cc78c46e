/**
 * One operating system process of the product. It can be killed at any moment, and frozen: then what would reach it waits.
 * A message that was sent before the death may still arrive at the other end. Nothing of a process that was killed runs any
 * more, as after SIGKILL: its promises stay as they are, and go with it.
 */
import type { Clock, Timer } from "../../src/runtime/clock.ts";
import type { Random } from "./random.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** After a freeze, what waited comes within this time. */
const THAW_MS = 50;

export interface ProcessParts {
  clock: VirtualClock;
  random: Random;
  /** @default 0 */
  wallAheadMs?: number;
}

export class SimulatedProcess {
  readonly name: string;
  readonly clock: Clock;
  /** How much its wall clock is ahead of the API server's. It may jump. */
  wallAheadMs: number;
  /** Never aborts: nobody is told of a SIGKILL. */
  readonly signal: AbortSignal = new AbortController().signal;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #onDeath = new Set<() => void>();
  #waiting: (() => void)[] = [];
  #isFrozen = false;
  #isAlive = true;

  constructor(name: string, parts: ProcessParts) {
    this.wallAheadMs = parts.wallAheadMs ?? 0;
    this.name = name;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.clock = {
      now: () => parts.clock.now(this.wallAheadMs),
      monotonicMs: () => parts.clock.monotonicMs(),
      setTimer: (callback, delayMs) => this.#setTimer(callback, delayMs),
    };
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  kill(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#isFrozen = false;
    this.#waiting = [];
    for (const notice of this.#onDeath) notice();
    this.#onDeath.clear();
  }

  /** For the other ends of its connections. */
  onDeath(notice: () => void): Disposable {
    this.#onDeath.add(notice);
    return { [Symbol.dispose]: () => void this.#onDeath.delete(notice) };
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#isFrozen = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    let delayMs = 0;
    for (const each of waiting) {
      delayMs += this.#random.between(0, THAW_MS / waiting.length);
      this.#clock.setTimer(() => this.deliver(each), delayMs);
    }
  }

  /** Something reaches the process: at once, after the freeze, or never. */
  deliver(what: () => void): void {
    if (this.#isFrozen) this.#waiting.push(what);
    else if (this.#isAlive) what();
  }

  /** A request to the outside: `serve` settles it later, unless the process dies or gives up first. */
  request<T>(
    signal: AbortSignal | undefined,
    serve: (answer: { resolve: (value: T) => void; reject: (error: Error) => void }) => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (!this.#isAlive) return;
      if (signal?.aborted) return reject(signal.reason);
      let isSettled = false;
      const settle = (how: () => void) => {
        if (isSettled || !this.#isAlive) return;
        isSettled = true;
        signal?.removeEventListener("abort", giveUp);
        how();
      };
      const giveUp = () => settle(() => reject(signal?.reason));
      signal?.addEventListener("abort", giveUp);
      serve({
        resolve: (value) => this.deliver(() => settle(() => resolve(value))),
        reject: (error) => this.deliver(() => settle(() => reject(error))),
      });
    });
  }

  #setTimer(callback: () => void, delayMs: number): Timer {
    let isCancelled = false;
    const timer = this.#clock.setTimer(() => {
      this.deliver(() => void (isCancelled || callback()));
    }, delayMs);
    const cancel = () => {
      isCancelled = true;
      timer.cancel();
    };
    return { cancel, [Symbol.dispose]: cancel };
  }
}
