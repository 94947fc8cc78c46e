/** An image as skopeo leaves it in a directory: the registry's own manifest, and blobs named by their digests. */
import { createHash } from "node:crypto";
import * as z from "zod";
import { BadImageError } from "./image_tree.ts";

/** Registries refuse larger ones too. */
const MANIFEST_BYTES_MAX = 4 * 1024 * 1024;
const CONFIG_BYTES_MAX = 8 * 1024 * 1024;
const LAYERS_MAX = 512;

const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const Descriptor = z.object({ digest: Digest, size: z.int().min(0) });
const Manifest = z.object({
  config: Descriptor,
  layers: z.array(Descriptor).max(LAYERS_MAX),
});
const Config = z.object({
  architecture: z.string().optional(),
  rootfs: z.object({ diff_ids: z.array(Digest) }),
});

/** One layer's blob, and what proves it. */
export interface Layer {
  path: string;
  /** Of the blob. */
  digest: string;
  /** Of what the blob holds. */
  diffId: string;
}

export interface ImageLayout {
  /** Of the manifest: what a reference by digest names. */
  digest: string;
  /** The lowest first. */
  layers: readonly Layer[];
}

/** @throws BadImageError saying which part is not what it should be. */
export async function readImageLayout(directory: string): Promise<ImageLayout> {
  const manifestBytes = await readBounded(`${directory}/manifest.json`, MANIFEST_BYTES_MAX);
  const manifest = parse(Manifest, manifestBytes, "manifest");
  const blob = (digest: string) => `${directory}/${digest.slice("sha256:".length)}`;
  const configBytes = await readBounded(blob(manifest.config.digest), CONFIG_BYTES_MAX);
  if (sha256(configBytes) !== manifest.config.digest) {
    throw new BadImageError(`Cannot use the image: its config is not ${manifest.config.digest}`);
  }
  const { rootfs } = parse(Config, configBytes, "config");
  if (rootfs.diff_ids.length !== manifest.layers.length) {
    throw new BadImageError(
      `Cannot use the image: its config names ${rootfs.diff_ids.length} layers: ` +
        `its manifest ${manifest.layers.length}`,
    );
  }
  return {
    digest: sha256(manifestBytes),
    layers: manifest.layers.map(({ digest }, index) => ({
      path: blob(digest),
      digest,
      diffId: rootfs.diff_ids[index] ?? "",
    })),
  };
}

function parse<T>(schema: z.ZodType<T>, bytes: Uint8Array, what: string): T {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new BadImageError(`Cannot use the image: its ${what} is not one`, { cause });
  }
}

async function readBounded(path: string, bytesMax: number): Promise<Uint8Array> {
  const { size } = await Deno.stat(path);
  if (size <= bytesMax) return await Deno.readFile(path);
  throw new BadImageError(
    `Cannot use the image: a part of it must be at most ${bytesMax} bytes: got ${size}`,
  );
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
