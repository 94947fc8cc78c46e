import { cacheDirectory } from "./cache_directory.ts";
import { contentHash, type HashInputs } from "./content_hash.ts";
import { step } from "./progress.ts";

/** Results that nobody asked for in so long are removed when another of their name is built. */
const KEPT_MS = 7 * 24 * 3600_000;

export interface CachedBuild extends HashInputs {
  /** The cache entry is `<name>-<hash>`. */
  name: string;
  /** Said while it runs. */
  what: string;
  /** Fills the given empty directory. */
  build(directory: string): Promise<void>;
}

/**
 * Builds once per content of its inputs and returns the directory of the result. The directory appears in one piece
 * (built beside, then renamed). Results of other contents stay for a while: another checkout may be using them.
 */
export async function cachedBuild(recipe: CachedBuild): Promise<string> {
  const cache = cacheDirectory();
  const result = `${cache}/${recipe.name}-${contentHash(recipe)}`;
  if (await exists(result)) {
    await Deno.utime(result, new Date(), new Date());
    return result;
  }
  await Deno.mkdir(cache, { recursive: true });
  const partial = await Deno.makeTempDir({ dir: cache, prefix: `.${recipe.name}-` });
  try {
    await step(recipe.what, () => recipe.build(partial));
    await Deno.chmod(partial, 0o755);
    await removeStale(cache, recipe.name);
    await Deno.rename(partial, result).catch(async (cause) => {
      // Somebody else built the same content meanwhile: theirs is as good.
      if (!(await exists(result))) throw cause;
    });
  } finally {
    await Deno.remove(partial, { recursive: true }).catch(() => {});
  }
  return result;
}

/** Whether asking for it would build nothing. */
export async function isBuilt(
  recipe: Pick<CachedBuild, "name" | "paths" | "texts">,
): Promise<boolean> {
  return await exists(`${cacheDirectory()}/${recipe.name}-${contentHash(recipe)}`);
}

async function removeStale(cache: string, name: string): Promise<void> {
  const entry = new RegExp(`^${name}-[0-9a-f]{16}$`);
  for await (const { name: other } of Deno.readDir(cache)) {
    if (!entry.test(other)) continue;
    const { mtime } = await Deno.stat(`${cache}/${other}`);
    if (Date.now() - (mtime?.getTime() ?? 0) < KEPT_MS) continue;
    await Deno.remove(`${cache}/${other}`, { recursive: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
