/** Images in files: what `docker save`, `podman save` and skopeo write. A machine without a network has no other source. */
// @ts-types="@types/tar-stream"
import tar from "tar-stream";
import { createReadStream } from "node:fs";
import * as z from "zod";
import { formatImageReference, parseImageReference } from "./image_reference.ts";

const INDEX_BYTES_MAX = 4 * 1024 * 1024;
const ARCHIVES_MAX = 1_000;

const DockerIndex = z.array(z.object({ RepoTags: z.array(z.string()).nullish() }));
const OciIndex = z.object({
  manifests: z.array(z.object({ annotations: z.record(z.string(), z.string()).optional() })),
});
const OCI_NAMES = ["org.opencontainers.image.ref.name", "io.containerd.image.name"];

interface Archive {
  path: string;
  modified: number;
  /** By an image's one name: what skopeo calls it. */
  sources: ReadonlyMap<string, string>;
}

export class ImageArchives {
  readonly #directories: readonly string[];
  readonly #known = new Map<string, Archive>();

  /** Files `*.tar` in these directories; one that is missing has none. */
  constructor(directories: readonly string[]) {
    this.#directories = directories;
  }

  /** As skopeo names it; `undefined`: no archive has it. The last that was written counts. */
  async find(name: string): Promise<string | undefined> {
    await this.#refresh();
    const having = [...this.#known.values()].filter(({ sources }) => sources.has(name));
    having.sort((a, b) => b.modified - a.modified);
    return having[0]?.sources.get(name);
  }

  async #refresh(): Promise<void> {
    const found = new Set<string>();
    for (const directory of this.#directories) {
      for (const name of await archivesIn(directory)) {
        const path = `${directory}/${name}`;
        const modified = await modifiedMs(path);
        if (modified === undefined) continue;
        found.add(path);
        if (this.#known.get(path)?.modified === modified) continue;
        this.#known.set(path, { path, modified, sources: await readSources(path) });
      }
    }
    for (const path of this.#known.keys()) if (!found.has(path)) this.#known.delete(path);
  }
}

/** `undefined`: it went meanwhile, or is a link to nothing. */
async function modifiedMs(path: string): Promise<number | undefined> {
  try {
    return (await Deno.stat(path)).mtime?.getTime() ?? 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function archivesIn(directory: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(directory)) {
      if (!isDirectory && name.endsWith(".tar") && names.length < ARCHIVES_MAX) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names;
}

/** Without its layers: the two indexes are looked for in the archive's names. A file that is none has no images. */
async function readSources(path: string): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  try {
    const indexes = await readIndexes(path);
    const docker = DockerIndex.safeParse(indexes.get("manifest.json"));
    for (const tag of docker.data?.flatMap(({ RepoTags }) => RepoTags ?? []) ?? []) {
      add(sources, tag, `docker-archive:${path}:${tag}`);
    }
    const oci = OciIndex.safeParse(indexes.get("index.json"));
    for (const { annotations = {} } of docker.success ? [] : oci.data?.manifests ?? []) {
      const [tag, name] = OCI_NAMES.map((key) => annotations[key]);
      if (tag !== undefined) add(sources, name ?? tag, `oci-archive:${path}:${tag}`);
    }
  } catch {
    return sources;
  }
  return sources;
}

function add(sources: Map<string, string>, text: string, source: string): void {
  const reference = parseImageReference(text);
  if (reference !== undefined) sources.set(formatImageReference(reference), source);
}

async function readIndexes(path: string): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  const extract = tar.extract();
  const input = createReadStream(path, { highWaterMark: 1 << 20 });
  input.on("error", (error) => extract.destroy(error));
  input.pipe(extract);
  try {
    for await (const entry of extract) {
      const name = entry.header.name.replace(/^\.\//, "");
      const isIndex = name === "manifest.json" || name === "index.json";
      if (!isIndex || (entry.header.size ?? 0) > INDEX_BYTES_MAX) {
        entry.resume();
        continue;
      }
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry) chunks.push(chunk);
      found.set(name, JSON.parse(new TextDecoder().decode(concat(chunks))));
    }
  } finally {
    input.destroy();
  }
  return found;
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
