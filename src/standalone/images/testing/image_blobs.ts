/** For tests: images made in memory, entry by entry. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
// @ts-types="@types/tar-stream"
import tar from "tar-stream";

export type LayerEntry = Partial<tar.Headers> & { name: string; content?: string | Uint8Array };

export interface ImageBlobs {
  manifest: Uint8Array;
  /** Of the manifest. */
  digest: string;
  /** By digest. */
  blobs: ReadonlyMap<string, Uint8Array>;
}

export interface ImageBlobsOptions {
  /** Instead of the true ones. */
  diffIds?: readonly string[];
}

export async function imageBlobs(
  layers: readonly (readonly LayerEntry[])[],
  options: ImageBlobsOptions = {},
): Promise<ImageBlobs> {
  const blobs = new Map<string, Uint8Array>();
  const descriptors = [];
  const diffIds: string[] = [];
  for (const entries of layers) {
    const content = await layerOf(entries);
    diffIds.push(digestOf(content));
    const blob = gzipSync(content);
    blobs.set(digestOf(blob), blob);
    descriptors.push({
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      digest: digestOf(blob),
      size: blob.length,
    });
  }
  const config = json({
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: options.diffIds ?? diffIds },
  });
  blobs.set(digestOf(config), config);
  const manifest = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: digestOf(config),
      size: config.length,
    },
    layers: descriptors,
  });
  return { manifest, digest: digestOf(manifest), blobs };
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

async function layerOf(entries: readonly LayerEntry[]): Promise<Uint8Array> {
  const pack = tar.pack();
  for (const { content = "", ...header } of entries) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    pack.entry({ uid: 0, gid: 0, ...header, size: bytes.length }, bytes as never);
  }
  pack.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of pack as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}
