/**
 * Everything of a machine without a cluster but the API server: controllers, webhooks, subresources, node agent and the local
 * kubelet. Most of the program, so it is loaded when the API answers already.
 */
import type { KubeVirt } from "../api/kubevirt.ts";
import { KUBEVIRTS } from "../api/registry.ts";
import { LibvirtHypervisor } from "../hypervisor/libvirt/libvirt_hypervisor.ts";
import { AlreadyExistsError } from "../kube/client.ts";
import { NAMESPACES } from "../kube/core_resources.ts";
import type { FetchClient } from "../kube/fetch_client.ts";
import type { KubeObject } from "../kube/object.ts";
import { Agent } from "../node/agent.ts";
import { whyNoKvm } from "../node/device_plugins/node_device.ts";
import { whyQemuCannotUseKvm } from "../node/qemu_kvm.ts";
import { EventRecorder } from "../runtime/event_recorder.ts";
import { MetricsRegistry } from "../runtime/metrics.ts";
import { ControlPlane, ENVELOPE_IMAGE, INSTALLATION } from "./control_plane/control_plane.ts";
import { InProcessAgents } from "./control_plane/in_process_agents.ts";
import { parseIpv4 } from "./ipv4_range.ts";
import { LocalKubelet } from "./local/local_kubelet.ts";
import type { StandaloneOptions } from "./standalone.ts";

const LOOPBACK = "127.0.0.1";

export class Components implements AsyncDisposable {
  readonly #options: StandaloneOptions;
  readonly #client: FetchClient;
  readonly #metrics = new MetricsRegistry();
  readonly #hypervisor: LibvirtHypervisor;
  readonly #agent: Agent;
  /** For the API server to ask, as long as it serves. */
  readonly controlPlane: ControlPlane;

  constructor(options: StandaloneOptions, client: FetchClient) {
    const { logger, native, nodeName, runDirectory, version } = options;
    this.#options = options;
    this.#client = client;
    this.#hypervisor = new LibvirtHypervisor({ native, runDirectory });
    const agent = this.#agent = createAgent(options, { client, hypervisor: this.#hypervisor });
    this.controlPlane = new ControlPlane({
      client,
      agents: new InProcessAgents(() => agent.server),
      instance: nodeName,
      version,
      logger,
      metrics: this.#metrics,
    });
  }

  /**
   * Until both signals abort: who makes instances ends first, since who ends them goes on for as long as it takes. Rejects when
   * a part that cannot be done without fails.
   */
  async run({ owners, instances }: { owners: AbortSignal; instances: AbortSignal }): Promise<void> {
    const over = new AbortController();
    const events = this.#eventsOf("local-kubelet");
    const recording = events.run(AbortSignal.any([instances, over.signal]));
    try {
      await Promise.all([
        this.controlPlane.run({ owners, instances }),
        this.#runNode(events, instances),
      ]);
    } finally {
      over.abort();
      await recording;
    }
  }

  /** The agent labels the Node that the kubelet registers. */
  async #runNode(events: EventRecorder, signal: AbortSignal): Promise<void> {
    const kubelet = this.#kubelet(events);
    await kubelet.register(signal);
    await Promise.all([kubelet.run(signal), this.#agent.run(signal)]);
  }

  /** What `kubectl apply -k deploy` makes of a cluster, as far as there is something to make. */
  async install(signal: AbortSignal): Promise<void> {
    const { logger, native } = this.#options;
    const why = await whyNoKvm(native) ?? await whyQemuCannotUseKvm(signal);
    if (why !== undefined) logger.warn("guests are emulated", { why });
    await this.#ensure(NAMESPACES, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: INSTALLATION },
    }, signal);
    const kubevirt: Omit<KubeVirt, "metadata"> & { metadata: { name: string } } = {
      apiVersion: "kubevirt.io/v1",
      kind: "KubeVirt",
      metadata: { name: INSTALLATION },
      spec: { configuration: { developerConfiguration: { useEmulation: why !== undefined } } },
    };
    await this.#ensure(KUBEVIRTS, kubevirt, signal, INSTALLATION);
  }

  async #ensure(
    resource: Parameters<FetchClient["create"]>[0],
    object: unknown,
    signal: AbortSignal,
    namespace?: string,
  ): Promise<void> {
    const place = namespace === undefined ? {} : { namespace };
    try {
      await this.#client.create<KubeObject>(resource, object, { ...place, signal });
    } catch (error) {
      if (!(error instanceof AlreadyExistsError)) throw error;
    }
  }

  #kubelet(events: EventRecorder): LocalKubelet {
    const { archiveDirectories, dataDirectory, native, runDirectory } = this.#options;
    const { cgroup, imageBytesMax, logger, network, nodeName, version } = this.#options;
    return new LocalKubelet({
      client: this.#client,
      nodeName,
      dataDirectory,
      kubeletRoot: kubeletRootOf(this.#options),
      runDirectory,
      nativeDirectory: native.directory,
      envelopeImage: ENVELOPE_IMAGE,
      archiveDirectories: [`${dataDirectory}/archives`, ...archiveDirectories],
      imageBytesMax,
      network,
      balancerAddress: balancerAddressOf(this.#options.listen.hostname),
      cgroup,
      version,
      proveKvm: () => whyNoKvm(native),
      events,
      logger,
      metrics: this.#metrics,
    });
  }

  #eventsOf(component: string): EventRecorder {
    const { logger, nodeName } = this.#options;
    return new EventRecorder({
      client: this.#client,
      component,
      instance: nodeName,
      logger,
      metrics: this.#metrics,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hypervisor[Symbol.asyncDispose]();
  }
}

function createAgent(
  options: StandaloneOptions,
  { client, hypervisor }: { client: FetchClient; hypervisor: LibvirtHypervisor },
): Agent {
  const { logger: log, native, nodeName, runDirectory } = options;
  const config = {
    nodeName,
    namespace: INSTALLATION,
    kubeletRoot: kubeletRootOf(options),
    runDirectory,
  };
  return new Agent({ config, log, client, native, hypervisor });
}

function kubeletRootOf({ dataDirectory }: StandaloneOptions): string {
  return `${dataDirectory}/kubelet`;
}

/** Ports of load balancers are where the API is; a name is taken for loopback's. */
function balancerAddressOf(hostname: string): string {
  if (hostname === "0.0.0.0") return "*";
  return parseIpv4(hostname) === undefined ? LOOPBACK : hostname;
}
