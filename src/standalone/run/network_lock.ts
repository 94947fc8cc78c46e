/** Which of the networks of runs a run has: interfaces do not tell until they are there, and two that start at once would take one. */

/** In memory. A file for each network that some run has, or had when it was killed: who has its lock has the network. */
const DIRECTORY = "/run";
const PREFIX = "denovirt-network-";

/** `undefined`: a run that lives has it. It is given back by disposing of it, after the interface, or with the process. */
export async function lockNetwork(index: number): Promise<AsyncDisposable | undefined> {
  return await lock(`${DIRECTORY}/${PREFIX}${index}`);
}

/** Takes away what killed runs have left of it. */
export async function removeDeadNetworkLocks(): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(DIRECTORY));
  for (const { name } of entries.filter((each) => each.name.startsWith(PREFIX))) {
    const dead = await lock(`${DIRECTORY}/${name}`);
    await dead?.[Symbol.asyncDispose]();
  }
}

async function lock(path: string): Promise<AsyncDisposable | undefined> {
  const file = await Deno.open(path, { create: true, write: true, mode: 0o600 });
  if (await file.tryLock(true) && await isThere(path, file)) {
    return {
      async [Symbol.asyncDispose]() {
        await Deno.remove(path);
        file.close();
      },
    };
  }
  file.close();
  return undefined;
}

/** Whoever had it may have removed it after it was opened here. */
async function isThere(path: string, file: Deno.FsFile): Promise<boolean> {
  try {
    const [own, there] = await Promise.all([file.stat(), Deno.lstat(path)]);
    return own.ino === there.ino && own.dev === there.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
