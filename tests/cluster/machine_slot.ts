const SLOTS = 10;
const SCRIPTS = new URL("./machine", import.meta.url).pathname;

/** One cluster's share of this machine: a directory, and a number from which ports and addresses follow. */
export interface MachineSlot {
  index: number;
  directory: string;
}

/** Takes the first free slot. What a process that is gone left behind in one is ended and removed first. */
export async function takeMachineSlot(): Promise<MachineSlot> {
  const base = Deno.env.get("TMPDIR") ?? "/tmp";
  for (let index = 0; index < SLOTS; index++) {
    const directory = `${base}/denovirt-cluster${index}`;
    if (await take(directory)) {
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
  try {
    await Deno.mkdir(directory, { mode: 0o755 });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    if (await hasOwner(directory)) return false;
    const index = Number(/\d+$/.exec(directory)?.[0]);
    await releaseMachineSlot({ index, directory });
    await Deno.mkdir(directory, { mode: 0o755 });
  }
  await Deno.writeTextFile(`${directory}/owner`, `${Deno.pid}`);
  return true;
}

async function hasOwner(directory: string): Promise<boolean> {
  const owner = await Deno.readTextFile(`${directory}/owner`).catch(() => "");
  if (owner === "") return false;
  return await Deno.stat(`/proc/${owner}`).then(() => true, () => false);
}
