/**
 * One cgroup per hierarchy that holds everything of a node: whatever is started in it stays in it, orphans too, so what is
 * left of a node can be counted exactly on a machine where others are busy.
 */
import { waitUntil } from "../cluster/wait_until.ts";

/** Those that pods join; a v1 machine has all of the first three, a v2 machine the last. */
const HIERARCHIES = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified"];
const UNIFIED = "/sys/fs/cgroup";
/** A cgroup is busy until the last of its processes has been reaped. */
const EMPTY_TIMEOUT_MS = 30_000;

export class NodeCgroup implements AsyncDisposable {
  /** One per hierarchy. */
  readonly paths: readonly string[];

  private constructor(paths: readonly string[]) {
    this.paths = paths;
  }

  /** Needs root. */
  static async create(name: string): Promise<NodeCgroup> {
    const hierarchies: string[] = [];
    for (const hierarchy of HIERARCHIES) {
      if (await exists(`${hierarchy}/cgroup.procs`)) hierarchies.push(hierarchy);
    }
    if (hierarchies.length === 0) hierarchies.push(UNIFIED);
    const paths = hierarchies.map((hierarchy) => `${hierarchy}/${name}`);
    for (const path of paths) await Deno.mkdir(path, { recursive: true });
    return new NodeCgroup(paths);
  }

  /** Makes a cgroup below it, in each hierarchy. */
  async child(name: string): Promise<NodeCgroup> {
    const paths = this.paths.map((path) => `${path}/${name}`);
    for (const path of paths) await Deno.mkdir(path, { recursive: true });
    return new NodeCgroup(paths);
  }

  /** For a shell: puts itself and what it becomes into it. */
  get joinScript(): string {
    return this.paths.map((path) => `echo $$ > '${path}/cgroup.procs'`).join(" && ");
  }

  /** Process ids in it and below. */
  async processes(): Promise<number[]> {
    const found: number[] = [];
    for (const directory of await this.directories()) {
      const text = await Deno.readTextFile(`${directory}/cgroup.procs`).catch(() => "");
      found.push(...text.split("\n").filter((line) => line !== "").map(Number));
    }
    return found;
  }

  /** It and those below it, of the first hierarchy. */
  async directories(): Promise<string[]> {
    const [top] = this.paths;
    return top === undefined ? [] : await below(top);
  }

  /** Kills everything in it, and removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await waitUntil({
      what: "the processes of a cgroup to end",
      timeoutMs: EMPTY_TIMEOUT_MS,
      intervalMs: 20,
      look: async () => {
        const processes = await this.processes();
        for (const pid of processes) kill(pid);
        return processes;
      },
      until: (processes) => processes.length === 0,
    });
    for (const path of this.paths) {
      for (const directory of (await below(path)).reverse()) await Deno.remove(directory);
    }
  }
}

/** Parents first. */
async function below(directory: string): Promise<string[]> {
  const found = [directory];
  try {
    for await (const entry of Deno.readDir(directory)) {
      if (entry.isDirectory) found.push(...await below(`${directory}/${entry.name}`));
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return []; // it went while it was looked at
    throw error;
  }
  return found;
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
