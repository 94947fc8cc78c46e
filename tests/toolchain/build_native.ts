/**
 * Builds the native parts with cargo and keeps them outside the checkout, by the content of `ffi/`: a second run, or
 * another checkout of the same sources, builds nothing. Prints the directory that holds `libdenovirt.so`,
 * `denovirt-domain` and `envelope`.
 */
import { createHash } from "node:crypto";
import { step } from "./progress.ts";

const FFI = new URL("../../ffi/", import.meta.url);
const HASH_LENGTH = 16;
const OUTPUTS = [
  { from: "release/libdenovirt.so", name: "libdenovirt.so" },
  { from: "release/denovirt-domain", name: "denovirt-domain" },
  { from: "envelope/x86_64-unknown-linux-gnu/release/envelope", name: "envelope" },
] as const;

/**
 * The directory with the built parts; builds them when they are not there yet.
 * @throws Error saying what to install when cargo is missing, or with cargo's words when the build fails.
 */
export async function nativeDirectory(): Promise<string> {
  const cache = cacheDirectory();
  const directory = `${cache}/native-${await hashSources()}`;
  if (await exists(directory)) return directory;
  const target = `${cache}/native-target`;
  await Deno.mkdir(cache, { recursive: true });
  // Two test runs may find the cache empty at the same time; the second waits and finds it full.
  using lock = await Deno.open(`${cache}/native.lock`, { create: true, write: true });
  await lock.lock(true);
  if (await exists(directory)) return directory;
  await touchSources();
  // Beside each other: each ends with one processor at work.
  await step("building the native parts with cargo", () =>
    Promise.all([
      cargo(
        ["build", "--release", "--locked", "-p", "denovirt-domain", "-p", "denovirt-shim"],
        FFI,
        target,
      ),
      // In its own folder: cargo finds the configuration there that links it statically.
      cargo(["build", "--release", "--locked"], new URL("envelope/", FFI), `${target}/envelope`),
    ]));
  const partial = await Deno.makeTempDir({ dir: cache, prefix: "native-partial-" });
  for (const { from, name } of OUTPUTS) {
    await Deno.copyFile(`${target}/${from}`, `${partial}/${name}`);
    await Deno.chmod(`${partial}/${name}`, 0o755);
  }
  await Deno.chmod(partial, 0o755);
  await Deno.rename(partial, directory);
  return directory;
}

function cacheDirectory(): string {
  const own = Deno.env.get("DENOVIRT_CACHE");
  if (own) return own;
  const base = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME") ?? "/root"}/.cache`;
  return `${base}/denovirt`;
}

/**
 * cargo goes by times, and all checkouts share what it has built: sources that are older than what another checkout had built
 * last (a worktree, an archive) would be taken for that.
 */
async function touchSources(): Promise<void> {
  const now = new Date();
  for (const path of await sourcePaths(FFI, "")) await Deno.utime(new URL(path, FFI), now, now);
}

async function hashSources(): Promise<string> {
  const hash = createHash("sha256");
  for (const path of (await sourcePaths(FFI, "")).sort()) {
    const bytes = await Deno.readFile(new URL(path, FFI));
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex").slice(0, HASH_LENGTH);
}

async function sourcePaths(base: URL, under: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of Deno.readDir(new URL(under, base))) {
    const path = `${under}${entry.name}`;
    if (entry.name === "target") continue;
    if (entry.isDirectory) paths.push(...await sourcePaths(base, `${path}/`));
    if (entry.isFile) paths.push(path);
  }
  return paths;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function cargo(args: string[], directory: URL, target: string): Promise<void> {
  const command = new Deno.Command("cargo", {
    args,
    cwd: directory,
    env: { CARGO_TARGET_DIR: target },
    stdout: "null",
    stderr: "piped",
  });
  let output: Deno.CommandOutput;
  try {
    output = await command.output();
  } catch (cause) {
    throw new Error(
      "Cannot build the native parts: cargo does not start: install Rust 1.95 or later (Debian 12: cargo-web) and gcc",
      { cause },
    );
  }
  if (!output.success) {
    const words = new TextDecoder().decode(output.stderr);
    throw new Error(`Cannot build the native parts: cargo failed (${output.code}):\n${words}`);
  }
}

// deno-lint-ignore no-console -- a command line tool: the path is its output
if (import.meta.main) console.log(await nativeDirectory());
