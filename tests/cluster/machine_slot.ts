import { dirname } from "node:path";

const SLOTS = 10;
const SCRIPTS = new URL("./machine", import.meta.url).pathname;

/** One cluster's share of this machine: a directory, and a number from which ports and addresses follow. */
export interface MachineSlot {
  index: number;
  directory: string;
}

/** Of slot 0, as in machine/env.sh; the next slot has the next one. */
const API_PORT = 26443;

/**
 * Takes the first free slot. What a process that is gone left behind in one is ended and removed first; one whose port is in
 * use by a program that is not ours is passed over.
 */
export async function takeMachineSlot(): Promise<MachineSlot> {
  const base = Deno.env.get("TMPDIR") ?? "/tmp";
  for (let index = 0; index < SLOTS; index++) {
    const directory = `${base}/denovirt-cluster${index}`;
    if (await take(directory)) {
      if (!isPortFree(API_PORT + index)) {
        await Deno.remove(directory, { recursive: true });
        continue;
      }
      await Deno.writeTextFile(`${directory}/index`, `${index}`);
      return { index, directory };
    }
  }
  throw new Error(`Cannot start a cluster: all ${SLOTS} slots below ${base} are in use`);
}

/** Ends everything in the slot and removes its directory. */
export async function releaseMachineSlot(slot: MachineSlot): Promise<void> {
  const { code, stderr } = await new Deno.Command(`${SCRIPTS}/down.sh`, {
    env: { STATE: slot.directory, BIN: "/nonexistent", INDEX: `${slot.index}` },
  }).output();
  if (code !== 0) throw new Error(`Cannot stop the cluster: ${new TextDecoder().decode(stderr)}`);
  await Deno.remove(slot.directory, { recursive: true });
}

async function take(directory: string): Promise<boolean> {
  if (await claim(directory)) return true;
  if (await hasOwner(directory)) return false;
  await releaseMachineSlot({ index: Number(/\d+$/.exec(directory)?.[0]), directory });
  return await claim(directory);
}

/** The directory appears with its owner's name in it, or not at all. */
async function claim(directory: string): Promise<boolean> {
  const prepared = await Deno.makeTempDir({ dir: dirname(directory), prefix: "denovirt-slot-" });
  await Deno.writeTextFile(`${prepared}/owner`, `${Deno.pid}`);
  await Deno.chmod(prepared, 0o755);
  try {
    await Deno.rename(prepared, directory);
    return true;
  } catch (error) {
    await Deno.remove(prepared, { recursive: true });
    if (await exists(directory)) return false;
    throw error;
  }
}

function isPortFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "0.0.0.0", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function hasOwner(directory: string): Promise<boolean> {
  const owner = await Deno.readTextFile(`${directory}/owner`).catch(() => "");
  if (owner === "") return false;
  return await exists(`/proc/${owner}`);
}
