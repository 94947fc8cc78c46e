/** Notices a stream that says nothing any more: a connection can die without a word. */
import type { Clock, Timer } from "./clock.ts";

/** How a {@link SilenceGuard} is made. */
export interface SilenceGuardOptions {
  clock: Clock;
  silenceMsMax: number;
  parent: AbortSignal;
}

/** To be held with `using`. Its signal aborts with the parent, or when `heard` was not called for too long. */
export class SilenceGuard implements Disposable {
  readonly #options: SilenceGuardOptions;
  readonly #controller = new AbortController();
  readonly #follow = () => this.#controller.abort(this.#options.parent.reason);
  #lastHeardMs: number;
  #timer: Timer;

  constructor(options: SilenceGuardOptions) {
    this.#options = options;
    this.#lastHeardMs = options.clock.monotonicMs();
    this.#timer = this.#arm(options.silenceMsMax);
    if (options.parent.aborted) this.#follow();
    options.parent.addEventListener("abort", this.#follow);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something came. Cheap: the timer is not moved, it looks at the time when it fires. */
  heard(): void {
    this.#lastHeardMs = this.#options.clock.monotonicMs();
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
    this.#options.parent.removeEventListener("abort", this.#follow);
  }

  #arm(delayMs: number): Timer {
    return this.#options.clock.setTimer(() => this.#check(), delayMs);
  }

  #check(): void {
    const { clock, silenceMsMax } = this.#options;
    const silentMs = clock.monotonicMs() - this.#lastHeardMs;
    if (silentMs < silenceMsMax) {
      this.#timer = this.#arm(silenceMsMax - silentMs);
      return;
    }
    const message = `Cannot go on watching: nothing was heard for ${silenceMsMax} ms`;
    this.#controller.abort(new DOMException(message, "TimeoutError"));
  }
}
