/**
 * The local kubelet and the product's agent as the one node of a real control plane: pods, networks, images and guests are
 * real. The control plane's own scheduler and controllers are there too, and whoever comes first has done it.
 */
import type { KubeVirt } from "../../src/api/kubevirt.ts";
import { KUBEVIRTS } from "../../src/api/registry.ts";
import { NODES } from "../../src/kube/core_resources.ts";
import type { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { SILENT_LOGGER } from "../../src/runtime/log.ts";
import { EventRecorder } from "../../src/runtime/event_recorder.ts";
import { LocalKubelet } from "../../src/standalone/local/local_kubelet.ts";
import { removeMachineNetwork } from "../../src/standalone/local/network/apply_machine_network.ts";
import type { MachineNetwork } from "../../src/standalone/local/network/machine_network.ts";
import { freeRanges } from "../../src/standalone/run/private_place.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import type { ControllerProcess } from "../integration/controller_process.ts";
import { AgentProcess } from "../real_node/agent_process.ts";
import { NodeCgroup } from "../real_node/node_cgroup.ts";

const KUBEVIRT = { namespace: "kubevirt", name: "kubevirt" };
const EMULATED = { configuration: { developerConfiguration: { useEmulation: true } } };
const IMAGE_BYTES_MAX = 2 ** 30;
/** What the controller process of the tests names. */
const ENVELOPE_IMAGE = "denovirt.local/envelope:dev";

export interface LocalNodeBedOptions {
  controller: ControllerProcess;
  nativeDirectory: string;
}

export class LocalNodeBed implements AsyncDisposable {
  readonly nodeName = "standalone";
  readonly network: MachineNetwork = { bridge: `dvt${Deno.pid}`, ...freeRanges() };
  readonly #parts = new AsyncDisposableStack();
  #kubelet: { stop: AbortController; running: Promise<unknown> } | undefined;

  private constructor(
    readonly directory: string,
    readonly cgroup: NodeCgroup,
    readonly options: LocalNodeBedOptions,
  ) {}

  get admin(): FetchClient {
    return this.options.controller.admin;
  }

  /** Archives of images are found here. */
  get archives(): string {
    return `${this.directory}/archives`;
  }

  get kubeletRoot(): string {
    return `${this.directory}/kubelet`;
  }

  get runDirectory(): string {
    return `${this.directory}/run`;
  }

  static async start(options: LocalNodeBedOptions): Promise<LocalNodeBed> {
    const directory = await Deno.makeTempDir({ prefix: "dl-" });
    await Deno.chmod(directory, 0o755);
    const cgroup = await NodeCgroup.create(directory.split("/").at(-1) ?? "node");
    const bed = new LocalNodeBed(directory, cgroup, options);
    bed.#parts.defer(async () => {
      await bed.stopKubelet();
      await cgroup[Symbol.asyncDispose]();
      await removeMachineNetwork(bed.network);
      await Deno.remove(directory, { recursive: true });
    });
    try {
      for (const path of [bed.archives, bed.kubeletRoot, bed.runDirectory, `${directory}/tmp`]) {
        await Deno.mkdir(path);
      }
      await bed.#emulate();
      bed.startKubelet();
      bed.#parts.use(await bed.#startAgent());
      return bed;
    } catch (error) {
      await bed[Symbol.asyncDispose]();
      throw error;
    }
  }

  startKubelet(): void {
    const stop = new AbortController();
    const { admin, directory, runDirectory } = this;
    const events = new EventRecorder({
      client: admin,
      component: "local-kubelet",
      instance: this.nodeName,
      logger: SILENT_LOGGER,
    });
    const kubelet = new LocalKubelet({
      client: admin,
      nodeName: this.nodeName,
      dataDirectory: directory,
      kubeletRoot: this.kubeletRoot,
      runDirectory,
      nativeDirectory: this.options.nativeDirectory,
      envelopeImage: ENVELOPE_IMAGE,
      archiveDirectories: [this.archives],
      imageBytesMax: IMAGE_BYTES_MAX,
      network: this.network,
      balancerAddress: "127.0.0.1",
      cgroup: `${directory.split("/").at(-1)}/pods`,
      version: "test",
      proveKvm: () => Promise.resolve("not in tests"),
      events,
      logger: SILENT_LOGGER,
    });
    const running = Promise.all([kubelet.run(stop.signal), events.run(stop.signal)]);
    running.catch(() => {}); // thrown where it is awaited
    this.#kubelet = { stop, running };
  }

  async stopKubelet(): Promise<void> {
    this.#kubelet?.stop.abort();
    await this.#kubelet?.running;
    this.#kubelet = undefined;
  }

  async #startAgent(): Promise<AgentProcess> {
    const node = await waitUntil({
      what: "the node to be registered",
      timeoutMs: 30_000,
      look: () => this.admin.get<KubeObject>(NODES, { name: this.nodeName }),
      until: (seen) => seen !== undefined,
    });
    this.#parts.defer(async () => void await this.admin.delete(NODES, { name: this.nodeName }));
    const bound = { name: this.nodeName, uid: node?.metadata.uid ?? "" };
    const kubeconfigPath = `${this.directory}/kubeconfig`;
    const text = await this.options.controller.kubeconfigOf("denovirt-node", bound);
    await Deno.writeTextFile(kubeconfigPath, text);
    return await AgentProcess.start({
      nodeName: this.nodeName,
      kubeconfigPath,
      nativeDirectory: this.options.nativeDirectory,
      kubeletRoot: this.kubeletRoot,
      runDirectory: this.runDirectory,
      temporaryDirectory: `${this.directory}/tmp`,
      cgroup: this.cgroup,
      heapReportPath: `${this.directory}/heap`,
    });
  }

  async #emulate(): Promise<void> {
    await this.admin.create<KubeVirt & KubeObject>(KUBEVIRTS, {
      apiVersion: "kubevirt.io/v1",
      kind: "KubeVirt",
      metadata: KUBEVIRT,
      spec: EMULATED,
    }, { namespace: KUBEVIRT.namespace });
    this.#parts.defer(async () => void await this.admin.delete(KUBEVIRTS, KUBEVIRT));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync();
  }
}
