import { createHash, type Hash } from "node:crypto";
import { Buffer } from "node:buffer";
// @ts-types="@types/tar-stream"
import tar from "tar-stream";

/** One thing in an image's root file system. Parents are added as directories. */
export type ImageEntry =
  | { kind: "file"; path: string; source: string | Uint8Array; mode?: number }
  | { kind: "link"; path: string; target: string }
  | { kind: "directory"; path: string; mode?: number };

/** A container image of one layer. */
export interface Image {
  /** With tag: "denovirt.local/node:dev". */
  name: string;
  entrypoint?: readonly string[];
  command?: readonly string[];
  environment?: readonly string[];
  /** "uid:gid" */
  user?: string;
  entries: readonly ImageEntry[];
}

const EPOCH = new Date(0);
const CHUNK_BYTES = 1 << 20;

/**
 * Writes an image as the archive that `docker load` and `ctr images import` read. The same content gives the same
 * bytes: times and owners are fixed, names are sorted. The layer goes through a file beside the archive, not through
 * memory.
 */
export async function writeImageArchive(path: string, image: Image): Promise<void> {
  const layerPath = `${path}.layer`;
  try {
    const layer = await writeLayer(layerPath, image.entries);
    const config = new TextEncoder().encode(JSON.stringify({
      architecture: "amd64",
      os: "linux",
      created: EPOCH.toISOString(),
      config: {
        Env: [
          "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
          ...image.environment ?? [],
        ],
        WorkingDir: "/",
        ...(image.user ? { User: image.user } : {}),
        ...(image.entrypoint ? { Entrypoint: image.entrypoint } : {}),
        ...(image.command ? { Cmd: image.command } : {}),
      },
      rootfs: { type: "layers", diff_ids: [`sha256:${layer.digest}`] },
      history: [{ created: EPOCH.toISOString() }],
    }));
    const configName = `${createHash("sha256").update(config).digest("hex")}.json`;
    const layerName = `${layer.digest}/layer.tar`;
    const manifest = [{ Config: configName, RepoTags: [image.name], Layers: [layerName] }];
    await using archive = await TarFile.create(path);
    await archive.addFile({ name: configName, source: config, mode: 0o644 });
    await archive.addFile({ name: layerName, source: layerPath, mode: 0o644 });
    const manifestBytes = new TextEncoder().encode(JSON.stringify(manifest));
    await archive.addFile({ name: "manifest.json", source: manifestBytes, mode: 0o644 });
  } finally {
    await Deno.remove(layerPath).catch(() => {});
  }
}

async function writeLayer(
  path: string,
  entries: readonly ImageEntry[],
): Promise<{ digest: string }> {
  const hash = createHash("sha256");
  {
    await using layer = await TarFile.create(path, hash);
    for (const entry of withParents(entries)) {
      const name = entry.path.replace(/^\/+/, "");
      switch (entry.kind) {
        case "file":
          await layer.addFile({ name, source: entry.source, mode: entry.mode ?? 0o755 });
          break;
        case "link":
          await layer.addHeader({ name, type: "symlink", linkname: entry.target, mode: 0o777 });
          break;
        case "directory":
          await layer.addHeader({ name: `${name}/`, type: "directory", mode: entry.mode ?? 0o755 });
      }
    }
  }
  return { digest: hash.digest("hex") };
}

function withParents(entries: readonly ImageEntry[]): ImageEntry[] {
  const byPath = new Map<string, ImageEntry>();
  byPath.set("/tmp", { kind: "directory", path: "/tmp", mode: 0o1777 });
  for (const entry of entries) {
    const parts = entry.path.split("/").filter((part) => part !== "");
    for (let length = 1; length < parts.length; length++) {
      const parent = `/${parts.slice(0, length).join("/")}`;
      if (!byPath.has(parent)) byPath.set(parent, { kind: "directory", path: parent });
    }
    byPath.set(`/${parts.join("/")}`, entry);
  }
  return [...byPath].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

/** A tar file being written to disk, hashed on the way if asked for. Disposing finishes it. */
class TarFile implements AsyncDisposable {
  readonly #pack = tar.pack();
  readonly #written: Promise<void>;

  private constructor(file: Deno.FsFile, hash?: Hash) {
    this.#written = this.#copy(file, hash);
    // Reported by whoever waits for it.
    this.#written.catch(() => {});
  }

  static async create(path: string, hash?: Hash): Promise<TarFile> {
    return new TarFile(await Deno.create(path), hash);
  }

  async addFile(file: { name: string; source: string | Uint8Array; mode: number }): Promise<void> {
    const { name, source, mode } = file;
    if (source instanceof Uint8Array) {
      await this.#entry({ name, mode, size: source.length }, [source]);
      return;
    }
    const { size } = await Deno.stat(source);
    await this.#entry({ name, mode, size }, chunks(source));
  }

  async addHeader(header: tar.Headers): Promise<void> {
    await this.#entry({ ...header, size: 0 }, []);
  }

  async #entry(
    header: tar.Headers,
    content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const done = (error?: Error | null) => error ? reject(error) : resolve();
    const full = { ...header, mtime: EPOCH, uid: 0, gid: 0 };
    const entry = this.#pack.entry(full, done);
    if (!entry) throw new Error(`Cannot write the tar entry ${header.name}: the archive is closed`);
    for await (const chunk of content) {
      if (!entry.write(Buffer.from(chunk))) {
        await new Promise<void>((drained) => entry.once("drain", () => drained()));
      }
    }
    entry.end();
    await promise;
  }

  async #copy(file: Deno.FsFile, hash?: Hash): Promise<void> {
    using _ = file;
    for await (const chunk of this.#pack as AsyncIterable<Uint8Array>) {
      hash?.update(chunk);
      for (let written = 0; written < chunk.length;) {
        written += await file.write(chunk.subarray(written));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pack.finalize();
    await this.#written;
  }
}

async function* chunks(path: string): AsyncIterable<Uint8Array> {
  using file = await Deno.open(path);
  while (true) {
    const buffer = new Uint8Array(CHUNK_BYTES);
    const length = await file.read(buffer);
    if (length === null) return;
    yield buffer.subarray(0, length);
  }
}
