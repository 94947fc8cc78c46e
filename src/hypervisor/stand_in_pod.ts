/**
 * For tests: what the kubelet would make of a pod, as far as a hypervisor sees it. Namespaces of its own, a cgroup that
 * names the pod, and the envelope as PID 1, listening in a directory that the node can reach.
 */

/** The hierarchies that are joined; a v1 node has all of the first, a v2 node the last. */
const HIERARCHIES = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified"];
const UNIFIED = "/sys/fs/cgroup";
const DEADLINE_MS = 30_000;

export interface StandInPodOptions {
  /** Holds the envelope binary. */
  nativeDirectory: string;
  /** Short: socket addresses end at 107 bytes. */
  directory: string;
}

export class StandInPod implements AsyncDisposable {
  readonly uid: string = crypto.randomUUID();
  readonly socketPath: string;
  readonly #directory: string;
  readonly #process: Deno.ChildProcess;
  readonly #cgroups: string[];

  private constructor(
    options: StandInPodOptions,
    uid: string,
    process: Deno.ChildProcess,
    cgroups: string[],
  ) {
    this.uid = uid;
    this.#directory = options.directory;
    this.socketPath = `${options.directory}/compute.sock`;
    this.#process = process;
    this.#cgroups = cgroups;
  }

  /** Starts it and waits until it listens. Needs root. */
  static async start(options: StandInPodOptions): Promise<StandInPod> {
    const uid: string = crypto.randomUUID();
    const cgroups = await makeCgroups(uid);
    const joins = cgroups.map((path) => `echo $$ > ${path}/cgroup.procs`).join(" && ");
    const namespaces = "--pid --net --mount --uts --ipc --fork --kill-child=KILL --mount-proc";
    const socket = `${options.directory}/compute.sock`;
    const envelope = `${options.nativeDirectory}/envelope run --socket ${socket}`;
    const process = new Deno.Command("sh", {
      args: ["-c", `${joins} && exec unshare ${namespaces} ${envelope}`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const pod = new StandInPod(options, uid, process, cgroups);
    await pod.#untilListening();
    return pod;
  }

  /** Resolves with the exit code of the envelope. */
  async exitCode(): Promise<number> {
    return (await this.#process.status).code;
  }

  /** Kills everything in it. */
  kill(): void {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#process.status;
    for (const cgroup of this.#cgroups) await removeCgroup(cgroup);
    await Deno.remove(this.socketPath).catch(() => {});
  }

  async #untilListening(): Promise<void> {
    const end = performance.now() + DEADLINE_MS;
    while (true) {
      try {
        (await Deno.connect({ transport: "unix", path: this.socketPath })).close();
        return;
      } catch (cause) {
        if (performance.now() > end) {
          throw new Error(`Cannot start a stand-in pod in ${this.#directory}`, { cause });
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }
}

async function makeCgroups(uid: string): Promise<string[]> {
  const made: string[] = [];
  for (const hierarchy of HIERARCHIES) {
    if (await exists(`${hierarchy}/cgroup.procs`)) made.push(`${hierarchy}/pod${uid}`);
  }
  if (made.length === 0) made.push(`${UNIFIED}/pod${uid}`);
  for (const path of made) await Deno.mkdir(path, { recursive: true });
  return made;
}

/** A cgroup is busy until the last of its processes has been reaped. */
async function removeCgroup(path: string): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (true) {
    try {
      await Deno.remove(path);
      return;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || performance.now() > end) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
