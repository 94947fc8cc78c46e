/** `denovirt-node standalone` as the program that it is, on directories of its own. */
import { ApiServer } from "../cluster/api_server.ts";
import { Printed } from "../runner/printed.ts";
import { formatRange } from "../../src/standalone/ipv4_range.ts";
import { removeMachineNetwork } from "../../src/standalone/local/network/apply_machine_network.ts";
import { freeRanges } from "../../src/standalone/run/private_place.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** What `denovirt-node` is for a clone. */
export const NODE_SOURCE = `${ROOT}src/node.ts`;
const READY_TIMEOUT_MS = 120_000;
/** By directory: the next start there finds its own again. */
const networks = new Map<string, ReturnType<typeof freeRanges>>();

export interface StandaloneProcessOptions {
  directory: string;
  nativeDirectory: string;
  images: readonly string[];
  flags?: readonly string[];
  /** @default denovirt-node's sources, run by the Deno that runs the tests */
  program?: readonly string[];
}

/** What processes have one after the other, and leave: taken away at the end, with the network of its name. */
export class StandaloneDirectory implements AsyncDisposable {
  private constructor(readonly path: string) {}

  /** Where QEMU's user may pass through. @param options where it is made, if not among the machine's temporary ones */
  static async make(options: { dir?: string } = {}): Promise<StandaloneDirectory> {
    const path = await Deno.makeTempDir({ ...options, prefix: "ds-" });
    await Deno.chmod(path, 0o755);
    return new StandaloneDirectory(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeMachineNetwork({ bridge: bridgeOf(this.path) });
    await Deno.remove(this.path, { recursive: true });
  }
}

export class StandaloneProcess implements AsyncDisposable {
  readonly kubeconfigPath: string;
  readonly #process: Deno.ChildProcess;
  readonly #printed: Printed;

  private constructor(process: Deno.ChildProcess, kubeconfigPath: string) {
    this.#process = process;
    this.kubeconfigPath = kubeconfigPath;
    this.#printed = new Printed(process.stderr);
  }

  static async start(options: StandaloneProcessOptions): Promise<StandaloneProcess> {
    const { directory, images, nativeDirectory, flags = [], program = denoRun(NODE_SOURCE) } =
      options;
    const process = new Deno.Command(program[0] ?? "", {
      args: [
        ...[...program.slice(1), "standalone"],
        ...[`--data=${directory}/data`, `--run-directory=${directory}/run`],
        ...["--listen=127.0.0.1:0", `--bridge=${bridgeOf(directory)}`],
        ...networkFlags(directory),
        ...[`--native-directory=${nativeDirectory}`],
        ...images.flatMap((path) => ["--images", path]),
        ...flags,
      ],
      cwd: ROOT,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const started = new StandaloneProcess(process, `${directory}/data/kubeconfig`);
    await started.#printed.until("standalone to be ready", /"message":"ready"/, READY_TIMEOUT_MS);
    return started;
  }

  get pid(): number {
    return this.#process.pid;
  }

  log(): string {
    return this.#printed.text;
  }

  async api(): Promise<ApiServer> {
    return await ApiServer.connect(this.kubeconfigPath);
  }

  /** Resolves with its exit code when it ends by itself. */
  async ended(): Promise<number> {
    const { code } = await this.#process.status;
    await this.#printed.ended;
    return code;
  }

  /** SIGTERM; resolves with its exit code. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    try {
      this.#process.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it ended by itself
    }
    return await this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** @param entry denovirt-node's source, or its bundle */
export function denoRun(entry: string): string[] {
  return [Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all", entry];
}

/** Two on one machine must differ. */
export function bridgeOf(directory: string): string {
  return `dv${directory.slice(-6).toLowerCase().replace(/[^a-z0-9]/g, "x")}`;
}

/** None that another process of the machine has. */
function networkFlags(directory: string): string[] {
  const { range, serviceRange } = networks.get(directory) ?? freeRanges();
  networks.set(directory, { range, serviceRange });
  return [
    `--pod-network=${formatRange(range)}`,
    `--service-network=${formatRange(serviceRange)}`,
  ];
}
