/** Reads the manifest that `denovirt-node run` is given. */
import {
  type Manifest,
  MANIFEST_CHARACTERS_MAX,
  ManifestError,
  parseManifest,
} from "./manifest.ts";

/** @throws ManifestError when it cannot be read, or cannot be run. */
export async function readManifest(path: string): Promise<Manifest> {
  return parseManifest(await read(path), path);
}

async function read(path: string): Promise<string> {
  const fail = (why: string) => new ManifestError(`Cannot run ${path}: ${why}`);
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) throw fail("must be a file");
    if (size > MANIFEST_CHARACTERS_MAX) {
      throw fail(`must be at most ${MANIFEST_CHARACTERS_MAX} bytes: got ${size}`);
    }
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof ManifestError) throw error;
    throw fail(error instanceof Error ? error.message : String(error));
  }
}
