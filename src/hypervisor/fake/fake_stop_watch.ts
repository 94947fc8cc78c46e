import type { StopWatch } from "../envelope.ts";

/** A watch of an envelope that is none: whoever made it tells. */
export class FakeStopWatch implements StopWatch {
  readonly told: Promise<void>;
  readonly ended: Promise<void>;
  readonly #told = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #isTold = false;

  constructor(isTold: boolean) {
    this.told = this.#told.promise;
    this.ended = this.#ended.promise;
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
