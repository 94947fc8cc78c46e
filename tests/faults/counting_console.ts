/** A number of 8 hexadecimal digits. */
const LINE = /^[0-9a-f]{8}\r?$/;

/** What is read from the console of a guest that counts, for as long as it is open. */
export class CountingConsole implements AsyncDisposable {
  readonly #connection: Deno.Conn;
  readonly #reading: Promise<void>;
  #text = "";
  #whole = false;
  #last: number | undefined;
  #lastAtMs = 0;
  #violation: string | undefined;
  #closed = false;
  /** The longest time between two numbers. */
  longestSilenceMs = 0;

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
    this.#reading = this.#read();
  }

  /** The last number. */
  get count(): number {
    return this.#last ?? 0;
  }

  /** The guest's console has ended, and the guest with it. */
  get closed(): boolean {
    return this.#closed;
  }

  /** What was seen that a guest which only counts would not say; `undefined`: nothing. */
  get violation(): string | undefined {
    return this.#violation;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    const bytes = new Uint8Array(4096);
    try {
      for (;;) {
        const count = await this.#connection.read(bytes);
        if (count === null) break;
        this.#text += decoder.decode(bytes.subarray(0, count), { stream: true });
        const lines = this.#text.split("\n");
        this.#text = lines.pop() ?? "";
        for (const line of lines) this.#take(line);
      }
    } catch (error) {
      const ended = error instanceof Deno.errors.ConnectionReset ||
        error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
      if (!ended) throw error;
    }
    this.#closed = true;
  }

  /** Whoever comes late may see only the end of the first line. */
  #take(line: string): void {
    const nowMs = performance.now();
    const isNumber = LINE.test(line);
    const number = parseInt(line, 16);
    if (this.#whole && (!isNumber || this.#last !== undefined && number !== this.#last + 1)) {
      this.#violation ??= `after ${this.#last} came ${JSON.stringify(line)}`;
    }
    this.#whole ||= isNumber;
    if (!isNumber) return;
    if (this.#lastAtMs !== 0) {
      this.longestSilenceMs = Math.max(this.longestSilenceMs, nowMs - this.#lastAtMs);
    }
    this.#last = number;
    this.#lastAtMs = nowMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // closed with its other end
    }
    await this.#reading;
  }
}
