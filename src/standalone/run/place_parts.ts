/**
 * What a run has of the machine, all of it by one name, and how it is taken away: by the run itself, or by a later one when it
 * was killed. A run that lives holds the lock of its data directory.
 */
import { SYSTEM_CLOCK } from "../../runtime/clock.ts";
import {
  hasInterface,
  removeMachineNetwork,
  removePodNetwork,
} from "../local/network/apply_machine_network.ts";
import { PodCgroups } from "../local/pod_cgroups.ts";
import { removeTree } from "../local/remove_tree.ts";

/** In memory: secrets, and sockets, whose paths must be short. */
const RUN_PARENT = "/run";
const INTERFACE_CHARACTERS_MAX = 15;
const PREFIX = "denovirt-run-";
/** Until it is locked. */
const NEW_PREFIX = "denovirt-new-";
/** Deno ends the names of temporary directories with a random number of 64 bits, without leading zeros. */
const PLACE = /^denovirt-run-[0-9a-f]{1,16}$/;
const POD_UID = /^[0-9a-f-]{36}$/;
const LOCK = "lock";
const ROOT_UID = 0;
const OTHERS = 0o077;

export interface PlaceParts {
  dataDirectory: string;
  runDirectory: string;
  bridge: string;
  cgroup: string;
}

/** All of it has the name of the data directory's end. Pure. */
export function placeParts(dataDirectory: string): PlaceParts {
  const name = dataDirectory.slice(dataDirectory.lastIndexOf("-") + 1);
  return {
    dataDirectory,
    runDirectory: `${RUN_PARENT}/${PREFIX}${name}`,
    // Who looks for the machine's own address knows the beginning.
    bridge: `denovirt${name}`.slice(0, INTERFACE_CHARACTERS_MAX),
    cgroup: `${PREFIX}${name}`,
  };
}

/** It has its name once it is locked, so that nobody takes it for one that was left. */
export async function makeLockedDirectory(
  parent: string,
): Promise<{ dataDirectory: string; lock: Deno.FsFile }> {
  const made = await Deno.makeTempDir({ dir: parent, prefix: NEW_PREFIX });
  const lock = await Deno.open(`${made}/${LOCK}`, { write: true, createNew: true, mode: 0o600 });
  await lock.lock(true);
  const dataDirectory = made.replace(`/${NEW_PREFIX}`, `/${PREFIX}`);
  await Deno.rename(made, dataDirectory);
  return { dataDirectory, lock };
}

/** What cannot be taken away does not keep the rest from it. Idempotent. */
export async function removePlace(parts: PlaceParts): Promise<void> {
  const done = await Promise.allSettled([
    removeGuests(parts).finally(() => removeNetwork(parts)),
    removeTree(parts.runDirectory),
  ]);
  // Last, for it says that there is something to take away.
  if (done.every(({ status }) => status === "fulfilled")) {
    done.push(...await Promise.allSettled([removeTree(parts.dataDirectory)]));
  }
  const failures = done.filter((each) => each.status === "rejected").map(({ reason }) => reason);
  if (failures.length > 0) {
    throw new AggregateError(failures, `Cannot take everything away: ${failures.join("; ")}`);
  }
}

/**
 * Takes away what runs have left in this directory whose process is gone; `begin` is told of each.
 *
 * @throws AggregateError when something of them stays.
 */
export async function removeDeadPlaces(
  parent: string,
  begin: (dataDirectory: string) => void,
): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(parent));
  for (const { name } of entries.filter((each) => each.isDirectory && PLACE.test(each.name))) {
    const dataDirectory = `${parent}/${name}`;
    using lock = await lockDead(dataDirectory);
    if (lock === undefined) continue;
    begin(dataDirectory);
    await removePlace(placeParts(dataDirectory));
  }
}

/** `undefined`: its run lives, or it is none of ours: others may make directories there, too. */
async function lockDead(dataDirectory: string): Promise<Deno.FsFile | undefined> {
  try {
    const { isDirectory, mode, uid } = await Deno.lstat(dataDirectory);
    if (!isDirectory || uid !== ROOT_UID || ((mode ?? OTHERS) & OTHERS) !== 0) return undefined;
    const lock = await Deno.open(`${dataDirectory}/${LOCK}`, { write: true });
    if (await lock.tryLock(true)) return lock;
    lock.close();
  } catch (error) {
    // It was taken away meanwhile.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return undefined;
}

/** None is left of a run that has ended by itself. */
async function removeGuests({ cgroup, dataDirectory }: PlaceParts): Promise<void> {
  const cgroups = await PodCgroups.open(cgroup, SYSTEM_CLOCK);
  const pods = new Set([
    ...await cgroups.list(),
    ...await namesIn(`${dataDirectory}/kubelet/pods`),
  ]);
  for (const podUid of [...pods].filter((each) => POD_UID.test(each))) {
    await cgroups.remove(podUid);
    await removePodNetwork(podUid);
  }
  await cgroups.close();
}

/** The bridge is the first of it. */
async function removeNetwork({ bridge }: PlaceParts): Promise<void> {
  if (await hasInterface(bridge)) await removeMachineNetwork({ bridge });
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
