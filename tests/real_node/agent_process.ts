/** The node agent as the program that it is, with mounts of its own and everything it starts in the node's cgroup. */
import { Printed } from "../runner/printed.ts";
import { type Heap, HeapProbe } from "./heap_probe.ts";
import type { NodeCgroup } from "./node_cgroup.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const START_TIMEOUT_MS = 60_000;

export interface AgentProcessOptions {
  nodeName: string;
  kubeconfigPath: string;
  nativeDirectory: string;
  kubeletRoot: string;
  runDirectory: string;
  /** Made for it, for what is temporary. */
  temporaryDirectory: string;
  cgroup: NodeCgroup;
  heapReportPath: string;
}

export class AgentProcess implements AsyncDisposable {
  readonly pid: number;
  readonly #process: Deno.ChildProcess;
  readonly #heap: HeapProbe;
  readonly #printed: Printed;

  private constructor(process: Deno.ChildProcess, heap: HeapProbe) {
    this.#process = process;
    this.pid = process.pid;
    this.#heap = heap;
    this.#printed = new Printed(process.stderr);
  }

  /** Starts it, and waits until it looks after its node. */
  static async start(options: AgentProcessOptions): Promise<AgentProcess> {
    const heap = new HeapProbe(options.heapReportPath);
    const process = new Deno.Command("sh", {
      args: [
        "-c",
        `${options.cgroup.joinScript} && exec unshare --mount "$@"`,
        "sh",
        ...[Deno.execPath(), "run", "--no-check", "--allow-all", ...heap.denoFlags],
        ...[`${ROOT}src/node.ts`, "agent", `--node-name=${options.nodeName}`],
        ...["--node-ip=192.0.2.1", "--port=0", `--kubeconfig=${options.kubeconfigPath}`],
        ...[`--kubelet-root=${options.kubeletRoot}`, `--run-directory=${options.runDirectory}`],
        `--native-directory=${options.nativeDirectory}`,
      ],
      cwd: ROOT,
      env: { ...heap.env, TMPDIR: options.temporaryDirectory },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const agent = new AgentProcess(process, heap);
    const synced = /"synced".*"virtualmachineinstances"/;
    await agent.#printed.until("the node agent to watch its VMIs", synced, START_TIMEOUT_MS);
    return agent;
  }

  /** Everything it has logged so far. */
  log(): string {
    return this.#printed.text;
  }

  async heap(): Promise<Heap> {
    return await this.#heap.read(this.pid);
  }

  /** SIGTERM: guests go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGTERM");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it ended by itself
    }
    await this.#process.status;
    await this.#printed.ended;
  }
}
