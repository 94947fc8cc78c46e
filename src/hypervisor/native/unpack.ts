/**
 * The native parts travel inside the compiled program. A library cannot be loaded from there, so each start makes sure
 * that they are in a directory that only its own user enters, named by what it holds:
 *
 *   absent ------------------> made beside it, renamed to its name
 *   there and right ---------> used
 *   there, not as it must be -> moved away and made anew; what runs from it goes on
 *   of other contents -------> removed when nothing runs from it and nobody holds its lock
 *
 * Starts at the same time take turns. Nothing below $TMPDIR is touched.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { mountAllowsExecution } from "./mount_options.ts";

/** What is embedded, by name. The first one is loaded, and its lock says that somebody lives from the directory. */
const PARTS = ["libdenovirt.so", "denovirt-domain", "envelope"] as const;
const LIBRARY = PARTS[0];
const HASH_LENGTH = 16;
const UNPACKED = /^bin-[0-9a-f]{16}$/;
const LOCK_NAME = ".bin.lock";
const PARTIAL_PREFIX = ".bin-partial-";
const PRIVATE = 0o700;
const PASSABLE = 0o711;
const EXECUTABLE = 0o755;
const PERMISSION_BITS = 0o7777;
const WRITABLE_BY_OTHERS = 0o022;

export interface UnpackOptions {
  /** The directory inside the program, or any other that holds the parts. */
  embedded: URL;
  /** Where the parts may go: the first directory that can be written, belongs to this user and allows execution. */
  parents: readonly string[];
}

/** A directory with the native parts. It stays as long as this is not disposed of. */
export class UnpackedParts implements Disposable {
  readonly directory: string;
  readonly #held: Deno.FsFile;

  private constructor(directory: string, held: Deno.FsFile) {
    this.directory = directory;
    this.#held = held;
  }

  /** @throws Error saying what is wrong with each parent. */
  static async unpack({ embedded, parents }: UnpackOptions): Promise<UnpackedParts> {
    const parts = new Map<string, Uint8Array>();
    for (const name of PARTS) parts.set(name, await Deno.readFile(new URL(name, embedded)));
    const refusals: string[] = [];
    for (const parent of parents) {
      const refusal = await whyUnfit(parent);
      if (refusal === undefined) return await UnpackedParts.#unpackInto(parent, parts);
      refusals.push(`${parent} ${refusal}`);
    }
    throw new Error(`Cannot unpack the native parts: ${refusals.join("; ")}`);
  }

  static async #unpackInto(
    parent: string,
    parts: ReadonlyMap<string, Uint8Array>,
  ): Promise<UnpackedParts> {
    const directory = `${parent}/bin-${hashOf(parts)}`;
    using turn = await openLock(parent);
    await turn.lock(true);
    if (!await isRight(directory, parts)) await place(directory, parts);
    const held = await Deno.open(`${directory}/${LIBRARY}`);
    await held.lock(false);
    await removeOthers(parent, directory);
    return new UnpackedParts(directory, held);
  }

  [Symbol.dispose](): void {
    this.#held.close();
  }
}

async function openLock(parent: string): Promise<Deno.FsFile> {
  return await Deno.open(`${parent}/${LOCK_NAME}`, { create: true, write: true });
}

function hashOf(parts: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash("sha256");
  for (const [name, bytes] of parts) hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  return hash.digest("hex").slice(0, HASH_LENGTH);
}

async function whyUnfit(parent: string): Promise<string | undefined> {
  try {
    await Deno.mkdir(parent, { recursive: true, mode: PASSABLE });
    const { isDirectory, uid, mode } = await Deno.lstat(parent);
    if (!isDirectory) return "is no directory";
    if (uid !== Deno.uid()) return `belongs to user ${uid}`;
    if (((mode ?? 0) & WRITABLE_BY_OTHERS) !== 0) return "can be written by others";
    const mounts = await Deno.readTextFile("/proc/self/mountinfo");
    if (!mountAllowsExecution(mounts, await Deno.realPath(parent))) return "is mounted noexec";
    using _ = await openLock(parent);
    return undefined;
  } catch (error) {
    return `cannot be used: ${error instanceof Error ? error.message : error}`;
  }
}

/** Looks at every file whole: a directory of the right name is believed no more than any other. */
async function isRight(
  directory: string,
  parts: ReadonlyMap<string, Uint8Array>,
): Promise<boolean> {
  try {
    const { isDirectory, uid, mode } = await Deno.lstat(directory);
    if (!isDirectory || uid !== Deno.uid() || ((mode ?? 0) & PERMISSION_BITS) !== PRIVATE) {
      return false;
    }
    const names = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
    if (names.length !== parts.size) return false;
    for (const [name, bytes] of parts) {
      if (!await isPart(`${directory}/${name}`, bytes)) return false;
    }
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function isPart(path: string, bytes: Uint8Array): Promise<boolean> {
  const { isFile, uid, mode, nlink, size } = await Deno.lstat(path);
  if (!isFile || uid !== Deno.uid() || nlink !== 1 || size !== bytes.length) return false;
  if (((mode ?? 0) & PERMISSION_BITS) !== EXECUTABLE) return false;
  return Buffer.compare(await Deno.readFile(path), bytes) === 0;
}

/** The directory appears in one piece, in place of a wrong one. */
async function place(directory: string, parts: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const parent = directory.slice(0, directory.lastIndexOf("/"));
  const partial = await Deno.makeTempDir({ dir: parent, prefix: PARTIAL_PREFIX });
  await Deno.chmod(partial, PRIVATE);
  for (const [name, bytes] of parts) {
    const path = `${partial}/${name}`;
    await Deno.writeFile(path, bytes, { createNew: true, mode: EXECUTABLE });
    await Deno.chmod(path, EXECUTABLE);
  }
  try {
    // A link goes away as a link; what it points to is not touched.
    await Deno.rename(directory, `${partial}-wrong`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await Deno.rename(partial, directory);
}

/** Of earlier versions, and of starts that were cut short. */
async function removeOthers(parent: string, mine: string): Promise<void> {
  for await (const { name } of Deno.readDir(parent)) {
    const path = `${parent}/${name}`;
    const leftover = name.startsWith(PARTIAL_PREFIX);
    const other = UNPACKED.test(name) && path !== mine && !await isInUse(path);
    if (leftover || other) await Deno.remove(path, { recursive: true });
  }
}

async function isInUse(directory: string): Promise<boolean> {
  return await isHeld(`${directory}/${LIBRARY}`) || await runsSomething(directory);
}

async function isHeld(path: string): Promise<boolean> {
  try {
    using file = await Deno.open(path);
    return !await file.tryLock(true);
  } catch {
    return false; // nobody can live from a directory without its library
  }
}

async function runsSomething(directory: string): Promise<boolean> {
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const program = await Deno.readLink(`/proc/${name}/exe`).catch(() => "");
    if (program.startsWith(`${directory}/`)) return true;
  }
  return false;
}
