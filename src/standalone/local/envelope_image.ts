import { createHash } from "node:crypto";

/**
 * The envelope's image as a root file system, which no registry has to serve: one directory for each version, so that what
 * runs keeps the one that it was started from. Answers the root.
 */
export async function installEnvelopeImage(
  { nativeDirectory, directory }: { nativeDirectory: string; directory: string },
): Promise<string> {
  const envelope = await Deno.readFile(`${nativeDirectory}/envelope`);
  const hash = createHash("sha256").update(envelope).digest("hex").slice(0, 16);
  const root = `${directory}/${hash}`;
  if (await Deno.stat(`${root}/envelope`).then(() => true, () => false)) return root;
  await Deno.mkdir(directory, { recursive: true });
  const partial = await Deno.makeTempDir({ dir: directory, prefix: "partial-" });
  try {
    await Deno.writeFile(`${partial}/envelope`, envelope);
    await Deno.chmod(`${partial}/envelope`, 0o755);
    await Deno.chmod(partial, 0o755);
    await Deno.rename(partial, root);
  } catch (error) {
    await Deno.remove(partial, { recursive: true }).catch(() => {});
    // Another process of this version was first.
    if (!await Deno.stat(root).then(() => true, () => false)) throw error;
  }
  return root;
}
