/** What a person sees while a guest is on its way: on standard error, each line with the seconds since the start. */

/** Who waits is told what for, from time to time. */
const REPEAT_MS = 10_000;

export class Progress implements Disposable {
  readonly #write: (line: string) => void;
  readonly #startMs = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;
  #waitsFor: string | undefined;

  constructor(write: (line: string) => void) {
    this.#write = write;
    this.#timer = setInterval(() => {
      if (this.#waitsFor !== undefined) this.#line(`still ${this.#waitsFor}`);
    }, REPEAT_MS);
  }

  /** Something is done. */
  say(text: string): void {
    this.#waitsFor = undefined;
    this.#line(text);
  }

  /** Something has begun; it is told again until the next line. */
  begin(text: string): void {
    this.#line(text);
    this.#waitsFor = text;
  }

  #line(text: string): void {
    const seconds = (performance.now() - this.#startMs) / 1_000;
    this.#write(`[${seconds.toFixed(1).padStart(6)} s] ${text}`);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
