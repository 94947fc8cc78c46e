/** When a guest first shows a shell's prompt to whoever is at its console. */

const PROMPT = /\w:\/# /;
/** A prompt may have been shown before anybody was there to see it: the return key brings it again. */
const KEY_INTERVAL_MS = 100;
/** Software emulation on busy cores; an idle machine needs a tenth of it. */
const TIMEOUT_MS = 180_000;
/** Longer than any prompt. */
const TAIL_CHARACTERS = 200;

export class PromptSeen {
  readonly #decoder = new TextDecoder();
  readonly #seen = Promise.withResolvers<number>();
  #tail = "";

  /** What the guest has written. */
  see(bytes: Uint8Array): void {
    this.#tail = (this.#tail + this.#decoder.decode(bytes, { stream: true })).slice(
      -TAIL_CHARACTERS,
    );
    if (PROMPT.test(this.#tail)) this.#seen.resolve(Date.now());
  }

  /** Presses the return key until it is there. Resolves with the time, in milliseconds since 1970. */
  async seen(type: (bytes: Uint8Array) => Promise<unknown>): Promise<number> {
    const key = setInterval(() => void type(new Uint8Array([13])).catch(() => {}), KEY_INTERVAL_MS);
    const fail = () =>
      this.#seen.reject(new Error(`Waited in vain for a prompt: saw ${this.#tail}`));
    const timer = setTimeout(fail, TIMEOUT_MS);
    try {
      return await this.#seen.promise;
    } finally {
      clearInterval(key);
      clearTimeout(timer);
    }
  }
}
