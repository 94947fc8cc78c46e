import { waitUntil } from "../cluster/wait_until.ts";

/** What a program prints on one of its streams, as it comes. */
export class Printed {
  /** Resolves when the stream has ended. */
  readonly ended: Promise<void>;
  #text = "";
  #isOver = false;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.ended = stream.pipeThrough(new TextDecoderStream())
      .pipeTo(new WritableStream({ write: (text) => void (this.#text += text) }))
      .finally(() => this.#isOver = true);
  }

  /** Whether nothing more will come. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get text(): string {
    return this.#text;
  }

  async until(what: string, pattern: RegExp, timeoutMs: number): Promise<void> {
    await waitUntil({
      what,
      timeoutMs,
      look: () => Promise.resolve({ text: this.#text, isOver: this.#isOver }),
      until: ({ text }) => pattern.test(text),
      tell: ({ text }) => text,
      hopeless: ({ isOver }) => isOver ? "it prints nothing more" : undefined,
    });
  }
}
