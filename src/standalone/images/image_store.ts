/**
 * The images of this machine: each a root file system in a directory named for its digest, whole or not there at all. What
 * was not used for longest goes when they are too many bytes together; what a pod uses stays.
 *
 *   <directory>/names.json             which digest a name stood for when it was last asked
 *   <directory>/<digest>/root          the root file system
 *   <directory>/<digest>/image.json    its size; its time of change is when it was last used
 *   <directory>/partial-*              being made; what a killed process left is removed at the start
 *
 * Pulls go on beside each other; what they change of these files they change in turn.
 */
import * as z from "zod";
import { currentDigest, FetchError, fetchImage, registrySource } from "./fetch_image.ts";
import type { ImageArchives } from "./image_archives.ts";
import { readImageLayout } from "./image_layout.ts";
import { formatImageReference, type ImageReference } from "./image_reference.ts";
import { unpackImage } from "./unpack_image.ts";

const PARTIAL = "partial-";
const IMAGE = /^[0-9a-f]{64}$/;
const NAMES_MAX = 10_000;
/** A disk image is mostly holes, which cost nothing but count here. */
const UNPACKED_FACTOR = 16;

/** What a name stood for: here, and at its registry, where it may be a list of images for several machines. */
const Names = z.record(
  z.string(),
  z.object({ digest: z.string(), upstream: z.string().optional() }),
);
type Names = z.infer<typeof Names>;
const ImageRecord = z.object({ bytes: z.number() });

/** A pull; its image's digest is known when it has come, or before. */
interface Coming {
  digest: string | undefined;
}

export interface StoredImage {
  /** "sha256:…" */
  digest: string;
  /** Its root file system. */
  root: string;
}

export type PullPolicy = "Always" | "IfNotPresent" | "Never";

export interface PullOptions {
  policy: PullPolicy;
  authFile?: string | undefined;
  onProgress?: ((bytes: number) => void) | undefined;
  signal: AbortSignal;
}

export interface ImageStoreOptions {
  directory: string;
  archives: ImageArchives;
  /** Of all images together, and of one. */
  bytesMax: number;
  /** Digests that must stay. */
  inUse: () => Iterable<string>;
}

export class ImageStore {
  readonly #options: ImageStoreOptions;
  #names: Names = {};
  /** Of pulls that go on: what they bring is nobody's yet, and stays. */
  readonly #coming = new Set<Coming>();
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: ImageStoreOptions) {
    this.#options = options;
  }

  static async open(options: ImageStoreOptions): Promise<ImageStore> {
    const { directory } = options;
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    for await (const { name } of Deno.readDir(directory)) {
      const path = `${directory}/${name}`;
      const isHalf = IMAGE.test(name) && await readRecord(path) === undefined;
      if (name.startsWith(PARTIAL) || isHalf) await Deno.remove(path, { recursive: true });
    }
    const store = new ImageStore(options);
    store.#names = await store.#readNames();
    return store;
  }

  /** What a name stood for last, without asking anybody else. */
  async find(reference: ImageReference): Promise<StoredImage | undefined> {
    const digest = this.#digestOf(reference);
    return digest === undefined ? undefined : await this.#stored(digest);
  }

  #digestOf(reference: ImageReference): string | undefined {
    return this.#names[formatImageReference(reference)]?.digest ?? reference.digest;
  }

  /**
   * Brings an image if the policy asks for it. What two ask for at the same time is for their caller to join.
   * @throws FetchError or BadImageError in a person's words.
   */
  async pull(reference: ImageReference, options: PullOptions): Promise<StoredImage> {
    const coming: Coming = { digest: this.#digestOf(reference) };
    this.#coming.add(coming);
    try {
      return await this.#pull(reference, options, coming);
    } finally {
      this.#coming.delete(coming);
    }
  }

  async #pull(
    reference: ImageReference,
    options: PullOptions,
    coming: Coming,
  ): Promise<StoredImage> {
    const known = await this.find(reference);
    const isFixed = options.policy !== "Always" || reference.digest !== undefined;
    if (known !== undefined && isFixed) return known;
    const name = formatImageReference(reference);
    if (options.policy === "Never") throw new FetchError(`${name} is not on this machine`);
    const archive = await this.#options.archives.find(name);
    const stored = archive === undefined
      ? await this.#pullFromRegistry(reference, { ...options, known, coming })
      : await this.#bring(archive, { ...options, coming });
    if (archive !== undefined) await this.#keepName(name, { digest: stored.digest });
    await this.#inTurn(() => this.#makeRoom());
    return stored;
  }

  /** By the digest that the name has now: it cannot come to mean something else in between. */
  async #pullFromRegistry(
    reference: ImageReference,
    { known, ...options }: PullOptions & { known: StoredImage | undefined; coming: Coming },
  ): Promise<StoredImage> {
    const name = formatImageReference(reference);
    const upstream = reference.digest ?? await currentDigest(registrySource(reference), options);
    if (known !== undefined && this.#names[name]?.upstream === upstream) return known;
    const fixed = registrySource({ ...reference, digest: upstream });
    const stored = await this.#bring(fixed, options);
    await this.#keepName(name, { digest: stored.digest, upstream });
    return stored;
  }

  async #bring(
    source: string,
    options: PullOptions & { coming: Coming },
  ): Promise<StoredImage> {
    const { directory, bytesMax } = this.#options;
    const work = await Deno.makeTempDir({ dir: directory, prefix: PARTIAL });
    try {
      const [blobs, image] = [`${work}/blobs`, `${work}/image`];
      await Deno.mkdir(blobs);
      await Deno.mkdir(`${image}/root`, { recursive: true });
      const { authFile, onProgress, signal } = options;
      await fetchImage(source, { directory: blobs, bytesMax, authFile, onProgress, signal });
      const layout = await readImageLayout(blobs);
      options.coming.digest = layout.digest;
      const stored = await this.#stored(layout.digest);
      if (stored !== undefined) return stored;
      await unpackImage(layout, {
        directory: `${image}/root`,
        bytesMax: bytesMax * UNPACKED_FACTOR,
        signal,
      });
      const bytes = await allocatedBytes(image);
      await Deno.writeTextFile(`${image}/image.json`, JSON.stringify({ bytes }));
      return await this.#inTurn(() => this.#keep(image, layout.digest));
    } finally {
      await Deno.remove(work, { recursive: true });
    }
  }

  async #stored(digest: string): Promise<StoredImage | undefined> {
    const record = `${this.#place(digest)}/image.json`;
    try {
      const now = new Date();
      await Deno.utime(record, now, now);
      return { digest, root: `${this.#place(digest)}/root` };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Another pull may have brought it under another name meanwhile. */
  async #keep(image: string, digest: string): Promise<StoredImage> {
    const stored = await this.#stored(digest);
    if (stored !== undefined) return stored;
    await Deno.rename(image, this.#place(digest));
    return { digest, root: `${this.#place(digest)}/root` };
  }

  async #makeRoom(): Promise<void> {
    const images: { digest: string; bytes: number; used: number }[] = [];
    for await (const { name } of Deno.readDir(this.#options.directory)) {
      if (!IMAGE.test(name)) continue;
      const digest = `sha256:${name}`;
      const record = await readRecord(this.#place(digest));
      if (record !== undefined) images.push({ digest, ...record });
    }
    images.sort((a, b) => a.used - b.used);
    let bytes = images.reduce((sum, image) => sum + image.bytes, 0);
    for (const image of images) {
      if (bytes <= this.#options.bytesMax) break;
      if (this.#isKept(image.digest)) continue;
      // Its record first: half a removed image is no image.
      await Deno.remove(`${this.#place(image.digest)}/image.json`);
      await Deno.remove(this.#place(image.digest), { recursive: true });
      bytes -= image.bytes;
    }
  }

  /** As it is now: pods and pulls come meanwhile. */
  #isKept(digest: string): boolean {
    return [...this.#options.inUse()].includes(digest) ||
      [...this.#coming].some((each) => each.digest === digest);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.catch(() => {}).then(work);
    this.#turn = turn;
    return await turn;
  }

  #place(digest: string): string {
    return `${this.#options.directory}/${digest.slice("sha256:".length)}`;
  }

  async #keepName(name: string, is: Names[string]): Promise<void> {
    const others = Object.entries(this.#names).filter(([other]) => other !== name);
    this.#names = Object.fromEntries([...others.slice(1 - NAMES_MAX), [name, is]]);
    const path = `${this.#options.directory}/names.json`;
    await this.#inTurn(async () => {
      await Deno.writeTextFile(`${path}.part`, JSON.stringify(this.#names));
      await Deno.rename(`${path}.part`, path);
    });
  }

  /** Names can be asked for again: a file that cannot be read costs that. */
  async #readNames(): Promise<Names> {
    try {
      const text = await Deno.readTextFile(`${this.#options.directory}/names.json`);
      return Names.parse(JSON.parse(text));
    } catch {
      return {};
    }
  }
}

/** `undefined`: a process was killed while it removed the image. */
async function readRecord(image: string): Promise<{ bytes: number; used: number } | undefined> {
  const path = `${image}/image.json`;
  try {
    const { bytes } = ImageRecord.parse(JSON.parse(await Deno.readTextFile(path)));
    const { mtime } = await Deno.stat(path);
    return { bytes, used: mtime?.getTime() ?? 0 };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function allocatedBytes(directory: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory, isFile } of Deno.readDir(directory)) {
    const path = `${directory}/${name}`;
    if (isDirectory) bytes += await allocatedBytes(path);
    if (isFile) bytes += ((await Deno.lstat(path)).blocks ?? 0) * 512;
  }
  return bytes;
}
