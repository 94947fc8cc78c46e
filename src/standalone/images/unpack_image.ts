/** Turns the layers of an image into a root file system. Digests are checked on the way; nothing of a bad image is kept. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
// @ts-types="@types/tar-stream"
import tar from "tar-stream";
import type { ImageLayout, Layer } from "./image_layout.ts";
import { type Attributes, BadImageError, ImageTree } from "./image_tree.ts";
import { SparseWriter } from "./sparse_writer.ts";

const ENTRIES_MAX = 200_000;
const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";

export interface UnpackOptions {
  /** Empty, and nobody else's. */
  directory: string;
  /** Of all files together, holes counted: a small archive can hold any amount of zeros. */
  bytesMax: number;
  /** @default {@link ENTRIES_MAX} */
  entriesMax?: number;
  signal: AbortSignal;
}

/** @throws BadImageError for what no repetition will help. */
export async function unpackImage(layout: ImageLayout, options: UnpackOptions): Promise<void> {
  const { directory, entriesMax = ENTRIES_MAX } = options;
  const tree = new ImageTree({ directory, entriesMax });
  const budget = new Budget(options.bytesMax);
  for (const layer of layout.layers) {
    tree.beginLayer();
    await unpackLayer(layer, { tree, budget, signal: options.signal });
  }
}

interface Context {
  tree: ImageTree;
  budget: Budget;
  signal: AbortSignal;
}

async function unpackLayer(layer: Layer, context: Context): Promise<void> {
  const [blob, content] = [createHash("sha256"), createHash("sha256")];
  const extract = tar.extract();
  const decompress = await decompressor(layer.path);
  const input = createReadStream(layer.path, { highWaterMark: 1 << 20 });
  const through = [hashing(blob), ...(decompress ? [decompress] : []), hashing(content)];
  const piped = pipeline([input, ...through, extract], { signal: context.signal });
  // It fails together with the loop below, which says why.
  piped.catch((error) => extract.destroy(error));
  try {
    for await (const entry of extract) await unpackEntry(entry.header, entry, context);
    await piped;
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof BadImageError || error instanceof Deno.errors.NotFound) throw error;
    if (error instanceof Error && isFullDisk(error)) throw error;
    throw new BadImageError(`Cannot unpack layer ${layer.digest}: ${message(error)}`, {
      cause: error,
    });
  }
  check("its blob", blob, layer.digest);
  check("its content", content, layer.diffId);
}

function isFullDisk(error: Error): boolean {
  return /ENOSPC|No space left|EDQUOT|quota/i.test(error.message);
}

function check(what: string, hash: Hash, expected: string): void {
  const got = `sha256:${hash.digest("hex")}`;
  if (got === expected) return;
  throw new BadImageError(`Cannot use a layer: ${what} must be ${expected}: got ${got}`);
}

function hashing(hash: Hash): Transform {
  return new Transform({
    transform(chunk, _encoding, done) {
      hash.update(chunk);
      done(undefined, chunk);
    },
  });
}

/**
 * By the blob's first bytes, as container runtimes do: archives that were not made for registries name their layers gzip
 * whatever they are. Both digests are proved all the same.
 */
async function decompressor(path: string): Promise<Transform | undefined> {
  using file = await Deno.open(path);
  const first = new Uint8Array(4);
  await file.read(first);
  const magic = first.toHex();
  if (magic.startsWith("1f8b")) return createGunzip();
  return magic === "28b52ffd" ? createZstdDecompress() : undefined;
}

async function unpackEntry(
  header: tar.Headers,
  content: AsyncIterable<Uint8Array>,
  { tree, budget, signal }: Context,
): Promise<void> {
  signal.throwIfAborted();
  const { name, type } = header;
  const linkname = header.linkname ?? "";
  const attributes: Attributes = {
    mode: header.mode ?? 0o644,
    uid: header.uid ?? 0,
    gid: header.gid ?? 0,
  };
  const { above, last } = splitName(name);
  if (last === OPAQUE) {
    await tree.removeLower(above);
  } else if (last.startsWith(WHITEOUT)) {
    await tree.remove(`${above}/${last.slice(WHITEOUT.length)}`);
  } else if (type === "directory") {
    await tree.makeDirectory(name, attributes);
  } else if (type === "symlink") {
    await tree.makeSymbolicLink(name, linkname);
  } else if (type === "link") {
    await tree.makeHardLink(name, linkname);
  } else if (type === "file" || type === "contiguous-file") {
    await unpackFile(await tree.makeFile(name, attributes), content, budget);
    return;
  }
  // Devices and FIFOs are of no use to a guest. The rest of an entry has to be read, for the next to come.
  for await (const chunk of content) budget.spend(chunk.length);
}

async function unpackFile(
  file: Deno.FsFile,
  content: AsyncIterable<Uint8Array>,
  budget: Budget,
): Promise<void> {
  using _ = file;
  const writer = new SparseWriter(file);
  for await (const chunk of content) {
    budget.spend(chunk.length);
    await writer.write(chunk);
  }
  await writer.end();
}

function splitName(name: string): { above: string; last: string } {
  const plain = name.replace(/\/+$/, "");
  const slash = plain.lastIndexOf("/");
  return { above: plain.slice(0, Math.max(slash, 0)), last: plain.slice(slash + 1) };
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

class Budget {
  #left: number;
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#left = this.#bytesMax = bytesMax;
  }

  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left >= 0) return;
    throw new BadImageError(`Cannot unpack the image: it holds more than ${this.#bytesMax} bytes`);
  }
}
