import type { StopWatch } from "../envelope.ts";

const WATCH = new TextEncoder().encode("watch\n");
/** What an envelope says that was told to stop; anything else says that it was not, or that it cannot tell. */
const STOPPING = "stopping";
/** More is not read in one piece, nor kept as a line: the other side is the pod's. */
const LINE_BYTES_MAX = 64;
/** An envelope says one thing at first and one when it changes. */
const LINES_MAX = 4;
/** How long its first word is waited for. */
const ANSWER_MS_MAX = 2_000;

/** Asks an envelope to be told, over a connection of its own, and listens. */
export class SocketStopWatch implements StopWatch {
  readonly told: Promise<void>;
  readonly ended: Promise<void>;
  readonly #socket: Deno.UnixConn;
  readonly #tell: () => void;
  #isTold = false;
  #isClosed = false;

  private constructor(socket: Deno.UnixConn, onAnswer: () => void) {
    this.#socket = socket;
    const told = Promise.withResolvers<void>();
    this.told = told.promise;
    this.#tell = told.resolve;
    this.ended = this.#listen(onAnswer);
  }

  /** Resolves with the first answer; with an envelope that gives none, after a while. Takes the connection over. */
  static async over(
    socket: Deno.UnixConn,
    signal?: AbortSignal,
    answerMsMax: number = ANSWER_MS_MAX,
  ): Promise<SocketStopWatch> {
    const answered = Promise.withResolvers<void>();
    const watch = new SocketStopWatch(socket, answered.resolve);
    const timer = setTimeout(answered.resolve, answerMsMax);
    const close = () => watch.close();
    signal?.addEventListener("abort", close);
    if (signal?.aborted) close();
    await Promise.race([answered.promise, watch.ended]);
    clearTimeout(timer);
    signal?.removeEventListener("abort", close);
    signal?.throwIfAborted();
    return watch;
  }

  get isTold(): boolean {
    return this.#isTold;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #listen(onAnswer: () => void): Promise<void> {
    try {
      await this.#socket.write(WATCH);
      await this.#readLines((line) => {
        if (line === STOPPING) {
          this.#isTold = true;
          this.#tell();
        }
        onAnswer();
      });
    } catch {
      // It has ended, or was closed.
    } finally {
      this.close();
    }
  }

  /** Until the connection ends, a line does not, or there are too many. */
  async #readLines(onLine: (line: string) => void): Promise<void> {
    const decoder = new TextDecoder("latin1");
    const bytes = new Uint8Array(LINE_BYTES_MAX);
    let unfinished = "";
    let lineCount = 0;
    while (lineCount < LINES_MAX) {
      const count = await this.#socket.read(bytes);
      if (count === null) return;
      const lines = (unfinished + decoder.decode(bytes.subarray(0, count))).split("\n");
      unfinished = lines.pop() ?? "";
      if (unfinished.length > LINE_BYTES_MAX) return;
      lines.forEach(onLine);
      lineCount += lines.length;
    }
  }
}
