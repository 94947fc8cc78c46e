/**
 * One operating system process of the product. It can be killed at any moment, and frozen: then what would reach it waits.
 * A message that was sent before the death may still arrive at the other end.
 */
import type { Clock, Timer } from "../../src/runtime/clock.ts";
import type { Random } from "./random.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** After a freeze, what waited comes within this time. */
const THAW_MS = 50;

export class ProcessDied extends Error {
  override name = "ProcessDied";
}

export class SimulatedProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #stop = new AbortController();
  readonly #pending = new Set<(error: Error) => void>();
  #waiting: (() => void)[] = [];
  #isFrozen = false;
  #isAlive = true;

  constructor(name: string, parts: { clock: VirtualClock; random: Random }) {
    this.name = name;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.clock = {
      now: () => parts.clock.now(),
      monotonicMs: () => parts.clock.monotonicMs(),
      setTimer: (callback, delayMs) => this.#setTimer(callback, delayMs),
    };
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** From here on nothing it does has an effect; its code unwinds. */
  kill(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    const died = new ProcessDied(`${this.name} was killed`);
    this.#stop.abort(died);
    for (const reject of [...this.#pending]) reject(died);
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#isFrozen = false;
    for (const each of waiting) each();
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
      if (!this.#isAlive) return reject(new ProcessDied(`${this.name} is dead`));
      if (signal?.aborted) return reject(signal.reason);
      const settle = () => {
        this.#pending.delete(fail);
        signal?.removeEventListener("abort", giveUp);
      };
      const fail = (error: Error) => {
        settle();
        reject(error);
      };
      const giveUp = () => fail(signal?.reason);
      this.#pending.add(fail);
      signal?.addEventListener("abort", giveUp);
      const settled = () => !this.#pending.has(fail);
      serve({
        resolve: (value) =>
          this.deliver(() => {
            if (settled()) return;
            settle();
            resolve(value);
          }),
        reject: (error) => this.deliver(() => void (settled() || fail(error))),
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
