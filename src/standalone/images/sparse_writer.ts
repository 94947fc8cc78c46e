import { Buffer } from "node:buffer";

/** Blocks of zeros are left out: most of a disk image. */
const BLOCK_BYTES = 64 * 1024;
const ZEROS = new Uint8Array(BLOCK_BYTES);

/** Writes a file from its start; what is zero becomes a hole. */
export class SparseWriter {
  readonly #file: Deno.FsFile;
  readonly #block = new Uint8Array(BLOCK_BYTES);
  #filled = 0;
  #length = 0;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + BLOCK_BYTES - this.#filled);
      this.#block.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === BLOCK_BYTES) await this.#flush();
    }
  }

  /** Gives the file its length. The caller closes it. */
  async end(): Promise<void> {
    await this.#flush();
    await this.#file.truncate(this.#length);
  }

  async #flush(): Promise<void> {
    const block = this.#block.subarray(0, this.#filled);
    this.#filled = 0;
    if (block.length === 0) return;
    if (isZero(block)) {
      await this.#file.seek(block.length, Deno.SeekMode.Current);
    } else {
      for (let at = 0; at < block.length;) at += await this.#file.write(block.subarray(at));
    }
    this.#length += block.length;
  }
}

function isZero(block: Uint8Array): boolean {
  return Buffer.from(block.buffer, block.byteOffset, block.length)
    .equals(ZEROS.subarray(0, block.length));
}
