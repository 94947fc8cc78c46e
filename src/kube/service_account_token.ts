/** A bearer token in a file that somebody else rotates. */

/** Older than this, the file is read again. The kubelet renews a token when 80 % of its life have passed. */
export const TOKEN_AGE_MS_MAX = 10_000;

/** Reads the file when first asked and then at most every {@link TOKEN_AGE_MS_MAX}. */
export class ServiceAccountToken {
  readonly #path: string;
  readonly #monotonicMs: () => number;
  #token = "";
  #readAtMs = -Infinity;

  constructor(path: string, options: { monotonicMs?: () => number } = {}) {
    this.#path = path;
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
  }

  /** The current token. While the file cannot be read, the last one is used for what it is still worth. */
  async read(): Promise<string> {
    const nowMs = this.#monotonicMs();
    if (nowMs - this.#readAtMs < TOKEN_AGE_MS_MAX) return this.#token;
    try {
      this.#token = (await Deno.readTextFile(this.#path)).trim();
      this.#readAtMs = nowMs;
    } catch (cause) {
      if (this.#token === "") throw new Error(`Cannot read token "${this.#path}"`, { cause });
    }
    return this.#token;
  }
}
