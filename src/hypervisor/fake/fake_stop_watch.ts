import type { StopWatch } from "../envelope.ts";

/** A watch of an envelope that is none: whoever made it tells. */
export class FakeStopWatch implements StopWatch {
  readonly #told = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  readonly told = this.#told.promise;
  readonly ended = this.#ended.promise;
  #isTold = false;

  constructor(isTold: boolean) {
    if (isTold) this.tell();
  }

  get isTold(): boolean {
    return this.#isTold;
  }

  tell(): void {
    this.#isTold = true;
    this.#told.resolve();
  }

  close(): void {
    this.#ended.resolve();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
