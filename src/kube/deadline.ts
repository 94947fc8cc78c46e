/** Joins a caller's signal with a time limit, and leaves nothing behind: no timer, no listener. */

/** How a {@link Deadline} is made. */
export interface DeadlineOptions {
  /** Named in the error: "GET /api/v1/pods". */
  what: string;
  parent?: AbortSignal | undefined;
  /** @default none */
  timeoutMs?: number | undefined;
}

/** To be held with `using`. Its signal aborts with the parent's reason or with a `TimeoutError`. */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #follow = () => this.#controller.abort(this.#parent?.reason);

  constructor(options: DeadlineOptions) {
    const { what, parent, timeoutMs } = options;
    this.#parent = parent;
    if (parent?.aborted) this.#follow();
    parent?.addEventListener("abort", this.#follow);
    if (timeoutMs !== undefined) {
      const message = `Cannot finish ${what}: no answer within ${timeoutMs} ms`;
      const expire = () => this.#controller.abort(new DOMException(message, "TimeoutError"));
      this.#timer = setTimeout(expire, timeoutMs);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Lifts the time limit and keeps following the parent. */
  disarm(): void {
    clearTimeout(this.#timer);
  }

  [Symbol.dispose](): void {
    this.disarm();
    this.#parent?.removeEventListener("abort", this.#follow);
  }
}
