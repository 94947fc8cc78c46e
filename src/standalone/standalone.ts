/**
 * denovirt on one machine without a cluster: API server, controllers, webhooks, subresources, node agent and the local kubelet
 * in one process. It constructs everything and starts it. Guests outlive it; the next start adopts them.
 */
import { Admission } from "../admission/admission.ts";
import { sizeLookup } from "../admission/size_lookup.ts";
import { createLookups } from "../admission/lookups.ts";
import { customResourceDefinition } from "../api/crd.ts";
import type { KubeVirt, KubeVirtStatus } from "../api/kubevirt.ts";
import { KUBEVIRTS, SERVED_RESOURCES, VIRTUAL_MACHINE_INSTANCES } from "../api/registry.ts";
import { SCHEMAS } from "../api/schemas.ts";
import type { LibvirtHypervisor } from "../hypervisor/libvirt/libvirt_hypervisor.ts";
import type { NativeLibrary } from "../hypervisor/native/native.ts";
import { AlreadyExistsError, type Resource } from "../kube/client.ts";
import { type Connection, kubeconfigConnection } from "../kube/connection.ts";
import { NAMESPACES, PODS } from "../kube/core_resources.ts";
import type { FetchClient } from "../kube/fetch_client.ts";
import { keyOf, type KubeObject } from "../kube/object.ts";
import type { Pod } from "../resources/core_objects.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import { Agent } from "../node/agent.ts";
import { whyNoKvm } from "../node/device_plugins/node_device.ts";
import { whyQemuCannotUseKvm } from "../node/qemu_kvm.ts";
import { clusterDefaults } from "../resources/cluster_defaults.ts";
import type { ControllerDependencies } from "../resources/controller.ts";
import {
  type ControllerInformers,
  createControllerInformers,
  runInformers,
} from "../resources/informers.ts";
import { primaryKubeVirt } from "../resources/kubevirt/configuration.ts";
import { toWholeSeconds } from "../resources/timestamp.ts";
import { createVirtualMachineController } from "../resources/virtual_machine/controller.ts";
import { createVirtualMachineInstanceController } from "../resources/virtual_machine_instance/controller.ts";
import { createMigrationController } from "../resources/virtual_machine_instance_migration/controller.ts";
import { createReplicaSetController } from "../resources/virtual_machine_instance_replica_set/controller.ts";
import { createPoolController } from "../resources/virtual_machine_pool/controller.ts";
import { EventRecorder } from "../runtime/event_recorder.ts";
import type { Logger } from "../runtime/log.ts";
import { MetricsRegistry } from "../runtime/metrics.ts";
import { SubresourceServer } from "../subresources/server.ts";
import { Authenticator } from "./apiserver/access/identity.ts";
import { ApiServer } from "./apiserver/api_server.ts";
import type { CustomResourceDefinition } from "./apiserver/kinds/custom_kind.ts";
import { SqliteStore } from "./apiserver/store/sqlite_store.ts";
import { standaloneCredentials, writeKubeconfig } from "./control_plane/credentials.ts";
import { InProcessAdmission } from "./control_plane/in_process_admission.ts";
import { InProcessAgents } from "./control_plane/in_process_agents.ts";
import {
  IN_PROCESS_FRONT_PROXY,
  InProcessSubresources,
} from "./control_plane/in_process_subresources.ts";
import { LocalKubelet } from "./local/local_kubelet.ts";
import { machineAddress } from "./local/local_node.ts";
import { parseIpv4 } from "./ipv4_range.ts";
import type { MachineNetwork } from "./local/network/machine_network.ts";

const INSTALLATION = "kubevirt";
/** What pods name; the local kubelet has it without pulling. */
const ENVELOPE_IMAGE = "denovirt.local/envelope:standalone";
/** Kubernetes' version that the API is served as. */
const API_VERSION = "v1.34.4";
/** virtctl compares major and minor with its own. */
const COMPATIBLE_VERSION = "v1.9.0";
/** Whom the in-process client speaks as: the installation itself. */
const SYSTEM_USER = "system:apiserver";

const LOOPBACK = "127.0.0.1";

/** Grace periods are rarely longer. */
const STOP_GUESTS_TIMEOUT_MS = 180_000;
const STOP_GUESTS_INTERVAL_MS = 200;

export interface StandaloneOptions {
  /** Objects, images, claims, disks, credentials: everything that is kept. */
  dataDirectory: string;
  runDirectory: string;
  listen: { hostname: string; port: number };
  nodeName: string;
  /** More directories with images in archives, beside `<data>/archives`. */
  archiveDirectories: readonly string[];
  imageBytesMax: number;
  network: MachineNetwork;
  cgroup: string;
  version: string;
  native: NativeLibrary;
  hypervisor: LibvirtHypervisor;
  logger: Logger;
}

/** How clients reach it. */
export interface StandaloneEndpoint {
  server: string;
  kubeconfigPath: string;
}

export class Standalone implements AsyncDisposable {
  readonly #options: StandaloneOptions;
  readonly #metrics = new MetricsRegistry();
  readonly #store: SqliteStore;
  readonly #api: ApiServer;
  readonly #client: FetchClient;
  readonly #informers: ControllerInformers;
  readonly #agent: Agent;
  readonly #installed = Promise.withResolvers<void>();
  readonly endpoint: StandaloneEndpoint;

  private constructor(
    parts: {
      options: StandaloneOptions;
      store: SqliteStore;
      api: ApiServer;
      client: FetchClient;
      informers: ControllerInformers;
      agent: Agent;
      endpoint: StandaloneEndpoint;
    },
  ) {
    this.#options = parts.options;
    this.#store = parts.store;
    this.#api = parts.api;
    this.#client = parts.client;
    this.#informers = parts.informers;
    this.#agent = parts.agent;
    this.endpoint = parts.endpoint;
  }

  /** Resolves when the API answers. Nothing is controlled before {@link run}. */
  static async start(options: StandaloneOptions): Promise<Standalone> {
    const { dataDirectory, listen, logger } = options;
    await Deno.mkdir(dataDirectory, { recursive: true, mode: 0o700 });
    const addresses = ["127.0.0.1", "localhost", listen.hostname, machineAddress()];
    const credentials = await standaloneCredentials({
      directory: `${dataDirectory}/pki`,
      addresses: [...new Set(addresses)].filter((address) => address !== "0.0.0.0"),
      nowMs: Date.now(),
    });
    const store = new SqliteStore({ path: `${dataDirectory}/objects.db` });
    const admission = new InProcessAdmission();
    const subresources = new InProcessSubresources();
    const api = await ApiServer.start({
      store,
      definitions: definitions(),
      serviceRange: options.network.serviceRange,
      gitVersion: API_VERSION,
      admission,
      extensions: [subresources.extension],
      onError: (message, error) => logger.error(message, { error }),
    });
    const client = api.client();
    const informers = createControllerInformers({ client, logger });
    const agent = createAgent(options, client);
    const shared = {
      cluster: () => clusterDefaults(primaryKubeVirt(informers.kubevirts.list())),
      sizes: sizeLookup({ client, informers }),
      logger,
    };
    admission.use(
      new Admission({
        ...shared,
        installationUsers: [SYSTEM_USER],
        lookups: createLookups({ client, informers }),
      }),
    );
    subresources.use(
      new SubresourceServer({
        ...shared,
        client,
        agents: new InProcessAgents(() => agent.server),
        frontProxy: () => IN_PROCESS_FRONT_PROXY,
        version: {
          gitVersion: versionOf(options),
          gitCommit: "unknown",
          buildDate: "1970-01-01T00:00:00Z",
          platform: "linux/amd64",
        },
      }),
    );
    const listener = await api.listen({
      authenticator: new Authenticator([]),
      tls: { ...credentials.serving, clientCas: [credentials.authority.certificate] },
      ...listen,
      upgrade: (request, connection) => subresources.upgrade(request, connection),
    });
    const hostname = listen.hostname === "0.0.0.0" ? "127.0.0.1" : listen.hostname;
    const server = `https://${hostname}:${listener.port}`;
    const kubeconfigPath = `${dataDirectory}/kubeconfig`;
    await writeKubeconfig(kubeconfigPath, { server, credentials, user: "admin" });
    await writeKubeconfig(`${kubeconfigPath}.viewer`, { server, credentials, user: "viewer" });
    const endpoint = { server, kubeconfigPath };
    return new Standalone({ options, store, api, client, informers, agent, endpoint });
  }

  /** A client in this process, with every right. */
  get client(): FetchClient {
    return this.#client;
  }

  /** As the administrator that the kubeconfig is of. */
  async connection(): Promise<Connection> {
    return await kubeconfigConnection(this.endpoint.kubeconfigPath);
  }

  /** Resolves while it runs, once the installation's own objects are there. */
  get installed(): Promise<void> {
    return this.#installed.promise;
  }

  /** `undefined`: no such kind is served. */
  resourceOf(apiVersion: string, kind: string): Resource | undefined {
    const served = this.#api.kinds.kind(apiVersion, kind);
    if (served === undefined) return undefined;
    const { form: { group, version }, kind: { plural, namespaced } } = served;
    return { group, version, plural, kind, namespaced };
  }

  /**
   * Until the signal aborts; guests go on, unless they are to be stopped, which takes as long as their grace periods. Resolves
   * with how many go on although they were to stop. Rejects when a part that cannot be done without fails.
   */
  async run(signal: AbortSignal, { stopGuests = false } = {}): Promise<number> {
    const control = new AbortController();
    const node = new AbortController();
    const events = this.#eventsOf("local-kubelet");
    const recording = events.run(node.signal);
    const ended = Promise.withResolvers<void>();
    let left = 0;
    const stop = async () => {
      // Nobody starts guests any more. Who ends instances goes on: one that no node has got yet waits for it.
      control.abort();
      if (stopGuests) left = await this.#stopGuests();
      node.abort();
    };
    const onAbort = () => void stop().then(ended.resolve, ended.reject);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await this.#install(signal);
      this.#installed.resolve();
      await Promise.all([
        ended.promise,
        runInformers(this.#informers, node.signal),
        this.#runControllers({ owners: control.signal, instances: node.signal }),
        this.#runNode(events, node.signal),
      ]);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
      control.abort();
      node.abort();
      await recording;
    }
    return left;
  }

  /** Their VMs stay as they are: those that are to run start with the next start. */
  async #stopGuests(): Promise<number> {
    const { logger } = this.#options;
    const deadline = performance.now() + STOP_GUESTS_TIMEOUT_MS;
    for (;;) {
      const { items } = await this.#client.list<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES);
      for (const { metadata } of items.filter((each) => !each.metadata.deletionTimestamp)) {
        await this.#client.delete(VIRTUAL_MACHINE_INSTANCES, keyOf({ metadata }));
      }
      const left = items.length + (await this.#client.list<Pod>(PODS)).items.length;
      if (left === 0) return 0;
      if (performance.now() > deadline) {
        logger.warn("stopping guests takes too long: they go on", { left });
        return left;
      }
      await new Promise((resolve) => setTimeout(resolve, STOP_GUESTS_INTERVAL_MS));
    }
  }

  /** The agent labels the Node that the kubelet registers. */
  async #runNode(events: EventRecorder, signal: AbortSignal): Promise<void> {
    const kubelet = this.#kubelet(events);
    await kubelet.register(signal);
    await Promise.all([kubelet.run(signal), this.#agent.run(signal)]);
  }

  /** What `kubectl apply -k deploy` makes of a cluster, as far as there is something to make. */
  async #install(signal: AbortSignal): Promise<void> {
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
    const key = { namespace: INSTALLATION, name: INSTALLATION };
    const status = deployedStatus(versionOf(this.#options), new Date().toISOString());
    await this.#client.patch(KUBEVIRTS, key, { status }, { subresource: "status", signal });
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

  async #runControllers(
    { owners, instances }: { owners: AbortSignal; instances: AbortSignal },
  ): Promise<void> {
    const { logger } = this.#options;
    const events = this.#eventsOf("virtualmachine-controller");
    const dependencies: ControllerDependencies = {
      client: this.#client,
      logger,
      metrics: this.#metrics,
      informers: this.#informers,
      events,
    };
    const controller = createVirtualMachineInstanceController({
      ...dependencies,
      envelopeImage: ENVELOPE_IMAGE,
    });
    const ownersOfInstances = [
      createVirtualMachineController(dependencies),
      createReplicaSetController(dependencies),
      createPoolController(dependencies),
      createMigrationController(dependencies),
    ];
    await Promise.all([
      events.run(instances),
      controller.run(instances),
      ...ownersOfInstances.map((each) => each.run(owners)),
    ]);
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

  /** After {@link run}: every write that was answered is on disk. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#api[Symbol.asyncDispose]();
    this.#client[Symbol.dispose]();
    this.#store[Symbol.dispose]();
  }
}

function createAgent(options: StandaloneOptions, client: FetchClient): Agent {
  const { hypervisor, logger: log, native, nodeName, runDirectory } = options;
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

function versionOf({ version }: StandaloneOptions): string {
  return `${COMPATIBLE_VERSION}-denovirt.${version}`;
}

/** There is no rollout to wait for: who answers is there. */
function deployedStatus(version: string, now: string): KubeVirtStatus {
  const condition = (type: string, status: string, reason: string) => ({
    type,
    status,
    reason,
    message: "All components are in this process.",
    lastProbeTime: toWholeSeconds(now),
    lastTransitionTime: toWholeSeconds(now),
  });
  return {
    phase: "Deployed",
    operatorVersion: version,
    targetKubeVirtVersion: version,
    observedKubeVirtVersion: version,
    conditions: [
      condition("Created", "True", "AllResourcesCreated"),
      condition("Available", "True", "AllComponentsReady"),
      condition("Progressing", "False", "AllComponentsReady"),
      condition("Degraded", "False", "AllComponentsReady"),
    ],
  };
}

/** Of the kinds that something acts on. */
function definitions(): CustomResourceDefinition[] {
  return SCHEMAS.filter(([resource]) => SERVED_RESOURCES.includes(resource))
    .map(([resource, schema]) =>
      customResourceDefinition(resource, schema) as unknown as CustomResourceDefinition
    );
}
