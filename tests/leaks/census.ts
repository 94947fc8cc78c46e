/** What a node holds at one moment, counted exactly: only what belongs to it, whatever else the machine does. */
import { runCommand } from "../toolchain/run_command.ts";
import type { RealNode } from "../real_node/real_node.ts";

/** Ours by name: what a guest's network is made of, should it ever be made outside of its pod. */
const OUR_LINKS = /^(k6t-|tap\d)/;
const OUR_TABLE = "kubevirt";

/** Each entry names one thing, so that what is new can be told by name. */
export interface Census {
  processes: string[];
  /** Of the agent. */
  descriptors: string[];
  /** In the agent's mount namespace. */
  mounts: string[];
  /** Of the node's processes. */
  networkNamespaces: string[];
  /** Outside of pods. */
  links: string[];
  nftTables: string[];
  cgroups: string[];
  /** Below the run directory, the kubelet's, and the agent's temporary one. */
  files: string[];
}

export async function takeCensus(node: RealNode): Promise<Census> {
  const pids = await node.cgroup.processes();
  return {
    processes: await namesOf(pids),
    descriptors: await descriptorsOf(node.agent.pid),
    mounts: await lines(`/proc/${node.agent.pid}/mountinfo`),
    networkNamespaces: await networkNamespacesOf(pids),
    links: await ourLinks(),
    nftTables: (await runCommand(["nft", "list", "tables"])).split("\n")
      .filter((table) => table.split(" ").includes(OUR_TABLE)),
    cgroups: await node.cgroup.directories(),
    files: await filesBelow(node.directory),
  };
}

/** What the second census has that the first has not, by kind; an empty list for each kind that did not grow. */
export function growth(before: Census, after: Census): Record<keyof Census, string[]> {
  const entries = Object.entries(before) as [keyof Census, string[]][];
  return Object.fromEntries(
    entries.map(([kind, old]) => [kind, without(after[kind], old)]),
  ) as Record<keyof Census, string[]>;
}

/** As often as a thing is there more often than before. */
function without(now: readonly string[], before: readonly string[]): string[] {
  const left = [...before];
  return now.filter((thing) => {
    const at = left.indexOf(thing);
    if (at === -1) return true;
    left.splice(at, 1);
    return false;
  });
}

async function namesOf(pids: readonly number[]): Promise<string[]> {
  const names = pids.map((pid) => Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "gone"));
  return (await Promise.all(names)).map((name) => name.trim()).filter((name) => name !== "gone");
}

/** By what they refer to: "socket", "/dev/null", "anon_inode:[eventfd]". */
async function descriptorsOf(pid: number): Promise<string[]> {
  const targets: string[] = [];
  for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
    const target = await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => undefined);
    if (target !== undefined) targets.push(target.replace(/^(socket|pipe):.*/, "$1"));
  }
  return targets;
}

async function networkNamespacesOf(pids: readonly number[]): Promise<string[]> {
  const links = pids.map((pid) => Deno.readLink(`/proc/${pid}/ns/net`).catch(() => undefined));
  return [...new Set((await Promise.all(links)).filter((link) => link !== undefined))];
}

async function ourLinks(): Promise<string[]> {
  const links = JSON.parse(await runCommand(["ip", "-j", "link"])) as { ifname: string }[];
  return links.map(({ ifname }) => ifname).filter((name) => OUR_LINKS.test(name));
}

async function lines(path: string): Promise<string[]> {
  return (await Deno.readTextFile(path)).trimEnd().split("\n");
}

async function filesBelow(directory: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(directory)) {
      found.push(`${directory}/${name}`);
      if (isDirectory) found.push(...await filesBelow(`${directory}/${name}`));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error; // it went while it was looked at
  }
  return found;
}
