import { kubernetesDirectory } from "../toolchain/build_kubernetes.ts";
import { say, step } from "../toolchain/progress.ts";
import { type CommandOptions, runCommand } from "../toolchain/run_command.ts";
import { ClusterNode } from "./cluster_node.ts";
import { type MachineSlot, releaseMachineSlot, takeMachineSlot } from "./machine_slot.ts";

const SCRIPTS = new URL("./machine", import.meta.url).pathname;
/** Bound of `up.sh`: about ten seconds on an idle machine; images take the rest. */
const START_TIMEOUT_MS = 300_000;

export interface ClusterOptions {
  /** Real nodes with a kubelet each; none means the control plane alone. */
  nodes: number;
  /** Image archives that every node imports. */
  images?: readonly string[];
  /** More flags of kube-apiserver; none may hold a space. */
  apiServerFlags?: readonly string[];
}

/**
 * A real control plane (etcd, kube-apiserver, kube-controller-manager, kube-scheduler) and real nodes on this machine.
 * Everything of it ends with the object's disposal; what a killed owner left is ended by the next start.
 */
export class Cluster implements AsyncDisposable {
  /** Of a cluster administrator. */
  readonly kubeconfigPath: string;
  readonly nodes: readonly ClusterNode[];
  readonly #slot: MachineSlot;
  readonly #bin: string;
  #stopOnSignal: () => void = () => {};

  /** The cluster that the runner started; it stays the runner's to end. */
  static async attach(directory: string): Promise<Cluster> {
    const index = Number(await Deno.readTextFile(`${directory}/index`));
    const slot = { index, directory };
    const bin = await Deno.readTextFile(`${directory}/bin`);
    return new Cluster({ slot, bin, nodes: await findNodes(slot) });
  }

  private constructor(parts: { slot: MachineSlot; bin: string; nodes: readonly ClusterNode[] }) {
    this.#slot = parts.slot;
    this.#bin = parts.bin;
    this.nodes = parts.nodes;
    this.kubeconfigPath = `${parts.slot.directory}/admin.kubeconfig`;
  }

  /** Starts a cluster; a failure says what the logs said, and leaves nothing. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const bin = await kubernetesDirectory();
    const slot = await takeMachineSlot();
    try {
      const images = await gatherImages(slot, options.images ?? []);
      const what = options.nodes === 0
        ? "starting a control plane"
        : `starting a control plane and ${options.nodes} nodes`;
      const env = {
        STATE: slot.directory,
        BIN: bin,
        INDEX: `${slot.index}`,
        IMAGES: images,
        APISERVER_EXTRA: (options.apiServerFlags ?? []).join(" "),
      };
      await Deno.writeTextFile(`${slot.directory}/bin`, bin);
      await step(what, () =>
        runCommand([`${SCRIPTS}/up.sh`, `${options.nodes}`], {
          env,
          signal: AbortSignal.timeout(START_TIMEOUT_MS),
        }));
      const cluster = new Cluster({ slot, bin, nodes: await findNodes(slot) });
      cluster.#endOnSignal();
      return cluster;
    } catch (cause) {
      const logs = await tailLogs(slot.directory);
      await releaseMachineSlot(slot);
      throw new Error(`Cannot start a cluster:\n${logs}`, { cause });
    }
  }

  /** The end of every log of the control plane and the kubelets. */
  async logs(): Promise<string> {
    return await tailLogs(this.#slot.directory);
  }

  /** Where everything of the cluster is kept; {@link Cluster.attach} takes it. */
  get directory(): string {
    return this.#slot.directory;
  }

  get logDirectory(): string {
    return `${this.#slot.directory}/logs`;
  }

  /** PID of a process of the control plane: "kube-apiserver", "etcd". */
  async processId(program: string): Promise<number> {
    return Number(await Deno.readTextFile(`${this.#slot.directory}/${program}.pid`));
  }

  /** Ends kube-apiserver by the signal and starts it anew on the same etcd. Resolves when it is ready. */
  async restartApiServer(signal: Deno.Signal): Promise<void> {
    const env = { STATE: this.#slot.directory, BIN: this.#bin, INDEX: `${this.#slot.index}` };
    await runCommand([`${SCRIPTS}/restart_api_server.sh`, signal, `${this.nodes.length}`], {
      env,
      signal: AbortSignal.timeout(START_TIMEOUT_MS),
    });
  }

  /** Runs kubectl as the administrator and returns its stdout. */
  async kubectl(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const command = [`${this.#bin}/kubectl`, "--kubeconfig", this.kubeconfigPath, ...args];
    return await runCommand(command, options);
  }

  /** Applies manifests given as YAML or JSON text. */
  async apply(manifests: string): Promise<string> {
    return await this.kubectl(["apply", "-f", "-"], { stdin: manifests });
  }

  node(name: string): ClusterNode {
    const node = this.nodes.find((candidate) => candidate.name === name);
    if (!node) throw new Error(`Cannot find node ${name}: the cluster has ${this.nodes.length}`);
    return node;
  }

  /** Ctrl-C leaves nothing either. */
  #endOnSignal(): void {
    const end = async () => {
      await this[Symbol.asyncDispose]();
      Deno.exit(130);
    };
    Deno.addSignalListener("SIGINT", end);
    Deno.addSignalListener("SIGTERM", end);
    this.#stopOnSignal = () => {
      Deno.removeSignalListener("SIGINT", end);
      Deno.removeSignalListener("SIGTERM", end);
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopOnSignal();
    await releaseMachineSlot(this.#slot);
    say(`stopped the cluster in ${this.#slot.directory}`);
  }
}

/** Nodes see one directory: archives are linked into it, or copied from another file system. */
async function gatherImages(slot: MachineSlot, archives: readonly string[]): Promise<string> {
  const directory = `${slot.directory}/images.d`;
  await Deno.mkdir(directory);
  for (const [index, archive] of archives.entries()) {
    const name = `${directory}/${index}-${archive.split("/").at(-1)}`;
    await Deno.link(archive, name).catch(() => Deno.copyFile(archive, name));
  }
  return archives.length > 0 ? directory : "";
}

async function findNodes(slot: MachineSlot): Promise<ClusterNode[]> {
  const nodes: ClusterNode[] = [];
  for (let number = 1; await exists(`${slot.directory}/node${number}/init.pid`); number++) {
    const pid = await Deno.readTextFile(`${slot.directory}/node${number}/init.pid`);
    nodes.push(
      new ClusterNode({
        name: `node${number}`,
        address: `10.200.${slot.index}.${10 + number}`,
        initPid: Number(pid),
      }),
    );
  }
  return nodes;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

const LOG_TAIL_LINES = 15;

async function tailLogs(directory: string): Promise<string> {
  const parts: string[] = [];
  try {
    for await (const { name } of Deno.readDir(`${directory}/logs`)) {
      const text = await Deno.readTextFile(`${directory}/logs/${name}`);
      const tail = text.trimEnd().split("\n").slice(-LOG_TAIL_LINES).join("\n");
      parts.push(`--- ${name}\n${tail}`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return parts.join("\n");
}
