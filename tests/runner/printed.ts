import { waitUntil } from "../cluster/wait_until.ts";

/** What a program prints on one of its streams, as it comes. */
export class Printed {
  /** Resolves when the stream has ended. */
  readonly ended: Promise<void>;
  readonly #timeoutMs: number;
  #text = "";

  constructor(stream: ReadableStream<Uint8Array>, { timeoutMs }: { timeoutMs: number }) {
    this.#timeoutMs = timeoutMs;
    this.ended = stream.pipeThrough(new TextDecoderStream() as never)
      .pipeTo(new WritableStream<string>({ write: (text) => void (this.#text += text) }));
  }

  get text(): string {
    return this.#text;
  }

  async until(what: string, pattern: RegExp): Promise<void> {
    await waitUntil({
      what,
      timeoutMs: this.#timeoutMs,
      look: () => Promise.resolve(this.#text),
      until: (seen) => pattern.test(seen),
      tell: (seen) => seen,
    });
  }
}
