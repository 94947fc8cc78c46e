/**
 * denovirt on one machine without a cluster: API server, controllers, webhooks, subresources, node agent and the local kubelet
 * in one process. The API server answers first, and the rest is loaded then. Guests outlive it; the next start adopts them.
 */
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import { VIRTUAL_MACHINE_INSTANCES } from "../api/registry.ts";
import type { NativeLibrary } from "../hypervisor/native/native.ts";
import type { Resource } from "../kube/client.ts";
import type { Connection } from "../kube/connection.ts";
import { PODS } from "../kube/core_resources.ts";
import type { FetchClient } from "../kube/fetch_client.ts";
import { keyOf } from "../kube/object.ts";
import type { Pod } from "../resources/core_objects.ts";
import type { Logger } from "../runtime/log.ts";
import type { TlsTrust } from "../runtime/mutual_tls_server.ts";
import { Authenticator } from "./apiserver/access/identity.ts";
import { ApiServer } from "./apiserver/api_server.ts";
import { identifyingListener } from "./apiserver/http/listener.ts";
import { SqliteStore } from "./apiserver/store/sqlite_store.ts";
import type { Components } from "./components.ts";
import { standaloneCredentials, writeKubeconfig } from "./control_plane/credentials.ts";
import { LateParts } from "./late_parts.ts";
import { machineAddress } from "./local/local_node.ts";
import type { MachineNetwork } from "./local/network/machine_network.ts";

/** Kubernetes' version that the API is served as. */
const API_VERSION = "v1.34.4";

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
  logger: Logger;
}

/** How clients reach it. */
export interface StandaloneEndpoint {
  server: string;
  kubeconfigPath: string;
}

interface StandaloneParts {
  options: StandaloneOptions;
  store: SqliteStore;
  api: ApiServer;
  late: LateParts;
  endpoint: StandaloneEndpoint;
  trust: TlsTrust;
  proven: PromiseWithResolvers<void>;
}

export class Standalone implements AsyncDisposable {
  readonly #options: StandaloneOptions;
  readonly #store: SqliteStore;
  readonly #api: ApiServer;
  readonly #late: LateParts;
  #components: Components | undefined;
  readonly #installed = Promise.withResolvers<void>();
  readonly #proven: PromiseWithResolvers<void>;
  readonly #trust: TlsTrust;
  /** A client in this process, with every right. */
  readonly client: FetchClient;
  readonly endpoint: StandaloneEndpoint;

  private constructor({ options, store, api, late, endpoint, trust, proven }: StandaloneParts) {
    this.#options = options;
    this.#trust = trust;
    this.#proven = proven;
    this.#store = store;
    this.#api = api;
    this.#late = late;
    this.client = api.client();
    this.endpoint = endpoint;
  }

  /**
   * Resolves when the API answers. Writes of our kinds wait for what admits their objects, which {@link run} loads, and nothing
   * is controlled before; whoever shows a certificate waits until {@link run} has proven that it tells callers apart.
   */
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
    const late = new LateParts();
    const { admission, subresources } = late;
    const api = await ApiServer.start({
      store,
      definitions: late.definitions(),
      serviceRange: options.network.serviceRange,
      gitVersion: API_VERSION,
      admission,
      extensions: [subresources.extension],
      loaded: late.loaded,
      onError: (message, error) => logger.error(message, { error }),
    });
    const trust: TlsTrust = {
      credential: credentials.serving,
      clientCas: [credentials.authority.certificate],
      allowedCommonNames: [],
    };
    const proven = Promise.withResolvers<void>();
    proven.promise.catch(() => {}); // whoever runs it hears of it
    const listener = await api.listen({
      authenticator: new Authenticator([]),
      tls: { ...trust.credential, clientCas: trust.clientCas },
      proven: proven.promise,
      ...listen,
      upgrade: async (request, connection) => {
        await late.loaded;
        await subresources.upgrade(request, connection);
      },
    });
    const hostname = listen.hostname === "0.0.0.0" ? "127.0.0.1" : listen.hostname;
    const server = `https://${hostname}:${listener.port}`;
    const kubeconfigPath = `${dataDirectory}/kubeconfig`;
    await writeKubeconfig(kubeconfigPath, { server, credentials, user: "admin" });
    await writeKubeconfig(`${kubeconfigPath}.viewer`, { server, credentials, user: "viewer" });
    const endpoint = { server, kubeconfigPath };
    return new Standalone({ options, store, api, late, endpoint, trust, proven });
  }

  /** As the administrator that the kubeconfig is of. */
  async connection(): Promise<Connection> {
    const { kubeconfigConnection } = await import("../kube/connection.ts");
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
    const ended = Promise.withResolvers<void>();
    ended.promise.catch(() => {}); // it may be told to stop before there is anything that waits for it
    let left = 0;
    const stop = async () => {
      // Nobody starts guests any more. Who ends instances goes on: one that no node has got yet waits for it.
      control.abort();
      if (stopGuests) left = await this.#stopGuests();
      node.abort();
    };
    const onAbort = () => void stop().then(ended.resolve, ended.reject);
    signal.addEventListener("abort", onAbort, { once: true });
    let informing = Promise.resolve();
    try {
      // First, because it is short and callers wait for it; loading lets nobody in between.
      await this.#prove(signal);
      const components = this.#components = await this.#late.load(this.#options, this.client);
      const { controlPlane } = components;
      informing = controlPlane.inform(node.signal);
      await controlPlane.informed(node.signal);
      this.#late.open();
      await components.install(node.signal);
      this.#installed.resolve();
      await Promise.all([
        ended.promise,
        components.run({ owners: control.signal, instances: node.signal }),
      ]);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
      control.abort();
      node.abort();
      await informing;
    }
    return left;
  }

  /** That this Deno tells who calls by their certificates. */
  async #prove(signal: AbortSignal): Promise<void> {
    const [{ proveCallersAreToldApart }, { mintStranger }] = await Promise.all([
      import("../runtime/caller_proof.ts"),
      import("../certificates/stranger.ts"),
    ]);
    const { credential, clientCas } = this.#trust;
    const stranger = mintStranger(this.#trust);
    try {
      await proveCallersAreToldApart({
        listener: (clientCas) => identifyingListener({ ...credential, clientCas }),
        clientCas,
        stranger,
      }, signal);
      this.#proven.resolve();
    } catch (cause) {
      const error = new Error(
        `Cannot tell callers apart with Deno ${Deno.version.deno}: its TLS must say whose certificate a caller shows; ` +
          "2.9.6 does",
        { cause },
      );
      this.#proven.reject(error);
      throw error;
    }
  }

  /** Their VMs stay as they are: those that are to run start with the next start. */
  async #stopGuests(): Promise<number> {
    const { logger } = this.#options;
    const deadline = performance.now() + STOP_GUESTS_TIMEOUT_MS;
    for (;;) {
      const { items } = await this.client.list<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES);
      for (const { metadata } of items.filter((each) => !each.metadata.deletionTimestamp)) {
        await this.client.delete(VIRTUAL_MACHINE_INSTANCES, keyOf({ metadata }));
      }
      const left = items.length + (await this.client.list<Pod>(PODS)).items.length;
      if (left === 0) return 0;
      if (performance.now() > deadline) {
        logger.warn("stopping guests takes too long: they go on", { left });
        return left;
      }
      await new Promise((resolve) => setTimeout(resolve, STOP_GUESTS_INTERVAL_MS));
    }
  }

  /** After {@link run}: every write that was answered is on disk. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#late[Symbol.dispose]();
    await this.#api[Symbol.asyncDispose]();
    this.client[Symbol.dispose]();
    this.#store[Symbol.dispose]();
    await this.#components?.[Symbol.asyncDispose]();
  }
}
