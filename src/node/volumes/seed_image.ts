/** Makes the ISO image of a cloud-init data source. Contents go through files only root can read, never through arguments. */
import { dirname, join } from "node:path";
import { CommandError, runCommand } from "../run_command.ts";
import type { SeedFiles } from "./cloud_init.ts";

const ISO_TIMEOUT_MS = 30_000;

/** Kubernetes keeps no object larger than this, so neither inline data nor a secret can be. */
export const SEED_BYTES_MAX = 4 * 1024 * 1024;

/** Tools that make ISO 9660 images with the same arguments, in order of preference. */
const TOOLS: readonly (readonly string[])[] = [["xorriso", "-as", "genisoimage"], ["genisoimage"]];

/** Writes the image to `path`, whole or not at all. Idempotent: an image that is there is made anew. */
export async function writeSeedImage(
  seed: SeedFiles,
  { path, signal }: { path: string; signal?: AbortSignal },
): Promise<void> {
  const size = [...seed.files.values()].reduce((sum, { length }) => sum + length, 0);
  if (size > SEED_BYTES_MAX) {
    throw new Error(
      `Cannot make a ${seed.label} image: at most ${SEED_BYTES_MAX} bytes: got ${size}`,
    );
  }
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const work = await Deno.makeTempDir({ dir: dirname(path), prefix: "seed-" });
  try {
    await writeFiles(join(work, "files"), seed.files);
    await makeIso(work, { label: seed.label, signal });
    // Who runs the guest is given access when the domain is made.
    await Deno.chmod(join(work, "seed.iso"), 0o600);
    await Deno.rename(join(work, "seed.iso"), path);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function writeFiles(root: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [name, content] of files) {
    const file = join(root, name);
    await Deno.mkdir(dirname(file), { recursive: true, mode: 0o755 });
    await Deno.writeFile(file, content, { mode: 0o644 });
  }
}

async function makeIso(
  work: string,
  { label, signal }: { label: string; signal: AbortSignal | undefined },
): Promise<void> {
  const args = ["-quiet", "-output", "seed.iso", "-volid", label, "-joliet", "-rock", "files"];
  for (const tool of TOOLS) {
    try {
      await runCommand([...tool, ...args], { timeoutMs: ISO_TIMEOUT_MS, signal, cwd: work });
      return;
    } catch (error) {
      const missing = error instanceof CommandError && error.cause instanceof Deno.errors.NotFound;
      if (!missing) throw error;
    }
  }
  throw new Error("Cannot make a cloud-init image: neither xorriso nor genisoimage is installed");
}
