/** The cgroups of pods: limits of each pod, and who is in it. Version 1, version 2 and both at once. */
import { parseBytes, parseMilliCpu, type Quantity } from "../../api/quantity.ts";
import type { Pod } from "../../resources/core_objects.ts";
import type { Clock } from "../../runtime/clock.ts";
import { exists } from "./exists.ts";

const ROOT = "/sys/fs/cgroup";
/** Of version 1: what limits, and where processes are found. */
const HIERARCHIES = ["memory", "cpu", "pids", "unified"];
const CONTROLLERS = "+cpu +memory +pids";
const QUOTA_PERIOD_US = 100_000;
/** Kernels know no less. */
const SHARES_MIN = 2;
const QUOTA_US_MIN = 1_000;
/** A cgroup of version 2 names a process no more whose first thread has ended, and is busy until the last one has. */
const EMPTY_TIMEOUT_MS = 20_000;
const EMPTY_INTERVAL_MS = 20;

export interface PodLimits {
  milliCpu: number;
  /** Absent: no limit. */
  milliCpuMax?: number;
  memoryBytesMax?: number;
}

/** Of all containers together; limited only where each of them is. Pure. */
export function podLimits({ spec }: Pod): PodLimits {
  const sum = (
    kind: "requests" | "limits",
    name: string,
    parse: (quantity: Quantity) => number,
  ): number | undefined => {
    const all = spec.containers.map(({ resources }) => resources?.[kind]?.[name]);
    if (kind === "limits" && all.some((each) => each === undefined)) return undefined;
    return all.reduce((total, each) => total + (each === undefined ? 0 : parse(each)), 0);
  };
  const milliCpuMax = sum("limits", "cpu", parseMilliCpu);
  const memoryBytesMax = sum("limits", "memory", parseBytes);
  return {
    milliCpu: sum("requests", "cpu", parseMilliCpu) ?? 0,
    ...(milliCpuMax === undefined ? {} : { milliCpuMax }),
    ...(memoryBytesMax === undefined ? {} : { memoryBytesMax }),
  };
}

/** Files of a cgroup and what is written to them, as the kubelet computes it. Pure. */
export function limitFiles(
  { milliCpu, milliCpuMax, memoryBytesMax }: PodLimits,
  version: 1 | 2,
): [file: string, value: string][] {
  const shares = Math.max(SHARES_MIN, Math.floor(milliCpu * 1024 / 1000));
  const quota = milliCpuMax === undefined
    ? undefined
    : Math.max(QUOTA_US_MIN, Math.floor(milliCpuMax * QUOTA_PERIOD_US / 1000));
  if (version === 1) {
    return [
      ["cpu.shares", `${shares}`],
      ...(quota === undefined ? [] : [["cpu.cfs_quota_us", `${quota}`] as [string, string]]),
      ...(memoryBytesMax === undefined
        ? []
        : [["memory.limit_in_bytes", `${memoryBytesMax}`] as [string, string]]),
    ];
  }
  const weight = 1 + Math.floor((shares - SHARES_MIN) * 9_999 / 262_142);
  return [
    ["cpu.weight", `${weight}`],
    ...(quota === undefined
      ? []
      : [["cpu.max", `${quota} ${QUOTA_PERIOD_US}`] as [string, string]]),
    ...(memoryBytesMax === undefined
      ? []
      : [["memory.max", `${memoryBytesMax}`] as [string, string]]),
  ];
}

export class PodCgroups {
  /** The parent of all pods, in each hierarchy. */
  readonly #parents: readonly string[];
  readonly #version: 1 | 2;
  readonly #clock: Clock;

  private constructor(parents: readonly string[], version: 1 | 2, clock: Clock) {
    this.#parents = parents;
    this.#version = version;
    this.#clock = clock;
  }

  /** `name`: of the parent, below each hierarchy's root. `top`: where they are mounted. */
  static async open(name: string, clock: Clock, top: string = ROOT): Promise<PodCgroups> {
    const version = await exists(`${top}/cgroup.controllers`) ? 2 : 1;
    const roots: string[] = [];
    for (const root of version === 2 ? [top] : HIERARCHIES.map((each) => `${top}/${each}`)) {
      if (await exists(`${root}/cgroup.procs`)) roots.push(root);
    }
    if (roots.length === 0) throw new Error(`Cannot limit pods: no cgroups are mounted at ${top}`);
    const parents = roots.map((root) => `${root}/${name}`);
    for (const parent of parents) await Deno.mkdir(parent, { recursive: true });
    if (version === 2) {
      for (const path of [top, ...parents]) await enableControllers(path);
    }
    return new PodCgroups(parents, version, clock);
  }

  /** Answers the pod's cgroups, one per hierarchy. Idempotent. */
  async make(podUid: string, limits: PodLimits): Promise<string[]> {
    const paths = this.#paths(podUid);
    for (const path of paths) await Deno.mkdir(path, { recursive: true });
    for (const [file, value] of limitFiles(limits, this.#version)) {
      for (const path of paths) {
        if (await exists(`${path}/${file}`)) await Deno.writeTextFile(`${path}/${file}`, value);
      }
    }
    return paths;
  }

  async has(podUid: string): Promise<boolean> {
    const [first] = this.#paths(podUid);
    return first !== undefined && await exists(first);
  }

  /** UIDs of pods that have one. */
  async list(): Promise<string[]> {
    const uids = new Set<string>();
    for (const parent of this.#parents) {
      for await (const { name, isDirectory } of Deno.readDir(parent)) {
        if (isDirectory && name.startsWith("pod")) uids.add(name.slice("pod".length));
      }
    }
    return [...uids];
  }

  /** Ends all that is in the pod, whatever it is, and the cgroups. Idempotent. */
  async remove(podUid: string): Promise<void> {
    const deadline = this.#clock.monotonicMs() + EMPTY_TIMEOUT_MS;
    const paths = this.#paths(podUid);
    for (;;) {
      const processes = (await Promise.all(paths.map(processesOf))).flat();
      for (const pid of processes) kill(pid);
      if (processes.length === 0 && await areRemoved(paths)) return;
      if (this.#clock.monotonicMs() > deadline) {
        throw new Error(`Cannot end pod ${podUid}: ${processes.length} processes do not end`);
      }
      await new Promise<void>((done) => this.#clock.setTimer(done, EMPTY_INTERVAL_MS));
    }
  }

  #paths(podUid: string): string[] {
    return this.#parents.map((parent) => `${parent}/pod${podUid}`);
  }

  /** The parents too, when no pod is left. */
  async close(): Promise<void> {
    for (const parent of this.#parents) await Deno.remove(parent).catch(() => {});
  }
}

async function enableControllers(path: string): Promise<void> {
  try {
    await Deno.writeTextFile(`${path}/cgroup.subtree_control`, CONTROLLERS);
  } catch {
    // Where somebody else manages them, pods have no limits of their own: the doctor says so.
  }
}

/** In it and below. */
async function processesOf(path: string): Promise<number[]> {
  const found: number[] = [];
  for (const directory of await below(path)) {
    const text = await Deno.readTextFile(`${directory}/cgroup.procs`).catch(() => "");
    found.push(...text.split("\n").filter((line) => line !== "" && line !== "0").map(Number));
  }
  return found;
}

/** `false`: something there has threads left. */
async function areRemoved(paths: readonly string[]): Promise<boolean> {
  for (const path of paths) {
    for (const directory of (await below(path)).reverse()) {
      try {
        await Deno.remove(directory);
      } catch (error) {
        if (isBusy(error)) return false;
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }
  return true;
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EBUSY";
}

/** Parents first. */
async function below(directory: string): Promise<string[]> {
  try {
    const found = [directory];
    for await (const entry of Deno.readDir(directory)) {
      if (entry.isDirectory) found.push(...await below(`${directory}/${entry.name}`));
    }
    return found;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return []; // it went while it was looked at
    throw error;
  }
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
