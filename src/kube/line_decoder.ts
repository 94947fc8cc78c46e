/** Splits a byte stream into lines of text, without ever holding more than one line and one chunk. */

const NEWLINE = 0x0a;

/** Pure of I/O: bytes in, lines out. Lines are UTF-8; a line longer than the limit is an error, not a memory leak. */
export class LineDecoder {
  readonly #lineBytesMax: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #pieces: Uint8Array[] = [];
  #pendingBytes = 0;

  constructor(options: { lineBytesMax: number }) {
    this.#lineBytesMax = options.lineBytesMax;
  }

  /** Bytes of the line that has begun and not ended. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The lines that end in this chunk, without their newlines. Throws `RangeError` on a line that is too long. */
  *push(chunk: Uint8Array): Generator<string> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      yield this.#takeLine();
      start = end + 1;
    }
    // A copy: the caller may reuse its buffer.
    if (start < chunk.length) this.#keep(chunk.slice(start));
  }

  #keep(piece: Uint8Array): void {
    this.#pendingBytes += piece.length;
    if (this.#pendingBytes > this.#lineBytesMax) {
      throw new RangeError(
        `Cannot read line: at most ${this.#lineBytesMax} bytes: got ${this.#pendingBytes}`,
      );
    }
    this.#pieces.push(piece);
  }

  #takeLine(): string {
    const line = this.#pieces.length === 1 ? this.#pieces[0] : joined(this.#pieces);
    this.#pieces = [];
    this.#pendingBytes = 0;
    return this.#decoder.decode(line);
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
