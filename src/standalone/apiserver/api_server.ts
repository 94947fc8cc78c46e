/**
 * The embedded API server: a store, the kinds, their rules, and the tasks that a cluster's controller manager has. It serves
 * clients in the process at once, and others when {@link ApiServer.listen} is called.
 */
import { OpenApi } from "./http/open_api.ts";
import { FetchClient } from "../../kube/fetch_client.ts";
import { type BackgroundParts, GarbageCollector } from "./background/garbage_collector.ts";
import { NamespaceEmptier } from "./background/namespace_emptier.ts";
import { runUpkeep } from "./background/upkeep.ts";
import { ApiHandler, type Extension } from "./http/api_handler.ts";
import { ApiListener, type ListenerOptions } from "./http/listener.ts";
import { ObjectHandler } from "./http/object_handler.ts";
import { type Fetch, IN_PROCESS_SERVER, inProcessFetch } from "./in_process_fetch.ts";
import { coreKinds } from "./kinds/core_kinds.ts";
import { customKind, type CustomResourceDefinition } from "./kinds/custom_kind.ts";
import { storeKey } from "./kinds/kind.ts";
import { KindRegistry } from "./kinds/kind_registry.ts";
import type { Ipv4Range } from "../ipv4_range.ts";
import { ObjectDeleter } from "./objects/object_deleter.ts";
import { ObjectReader } from "./objects/object_reader.ts";
import { ObjectWriter } from "./objects/object_writer.ts";
import type { AdmissionPlugin, UserInfo, WriteParameters } from "./objects/write_request.ts";
import type { Store } from "./store/store.ts";
import { WatchHub } from "./watch/watch_hub.ts";

export interface ApiServerOptions {
  /** Stays the caller's to close, after the server. */
  store: Store;
  /** Kinds besides Kubernetes' own. */
  definitions: readonly CustomResourceDefinition[];
  /** What `/version` says: "v1.34.4". */
  gitVersion: string;
  /** @default everything that the kinds' own rules allow is admitted */
  admission?: AdmissionPlugin;
  extensions?: readonly Extension[];
  /** What addresses of Services are taken from. */
  serviceRange: Ipv4Range;
  /**
   * When the definitions' schemas, what admits their objects, and the extensions are there. Until then their kinds are served
   * for reading, what else is asked of them waits, and nothing is tidied up. @default at once
   */
  loaded?: Promise<void>;
  onError?: (message: string, error: unknown) => void;
  /** @default the system's clock */
  now?: () => Date;
}

/** Namespaces that every cluster has. */
const NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];
/** The server itself. */
const SYSTEM: UserInfo = { username: "system:apiserver", groups: ["system:masters"] };
const OWN_WRITES: WriteParameters = {
  user: SYSTEM,
  manager: "denovirt-standalone",
  dryRun: false,
  fieldValidation: "Strict",
  warn: () => {},
};

export class ApiServer implements AsyncDisposable {
  readonly kinds: KindRegistry;
  readonly #options: ApiServerOptions;
  readonly #hub: WatchHub;
  readonly #handler: ApiHandler;
  readonly #stop = new AbortController();
  readonly #tasks: Promise<void> = Promise.resolve();
  readonly #writer: ObjectWriter;
  #listener: ApiListener | undefined;

  private constructor(options: ApiServerOptions) {
    const { store, now = () => new Date(), onError = () => {} } = options;
    this.#options = options;
    this.kinds = new KindRegistry([
      ...coreKinds(options),
      ...options.definitions.map(customKind),
    ]);
    this.#hub = new WatchHub(store);
    const reader = new ObjectReader(store);
    const writer = this.#writer = new ObjectWriter({
      store,
      kinds: this.kinds,
      now,
      ...(options.admission === undefined ? {} : { admission: options.admission }),
    });
    const deleter = new ObjectDeleter({ writer, reader });
    this.#handler = new ApiHandler({
      kinds: this.kinds,
      objects: new ObjectHandler({ reader, writer, deleter, hub: this.#hub, now }),
      version: versionInfo(options.gitVersion),
      address: () => this.#listener === undefined ? "" : `127.0.0.1:${this.#listener.port}`,
      notReadyBecause: () => store.readOnlyBecause,
      extensions: options.extensions ?? [],
      ...(options.loaded === undefined ? {} : { loaded: options.loaded }),
      openApi: new OpenApi(this.kinds).document,
      onError,
    });
    if (store.readOnlyBecause === undefined) {
      const parts = { store, kinds: this.kinds, writer, deleter, onError };
      this.#tasks = this.#runTasks(parts, now);
    }
  }

  async #runTasks(
    parts: BackgroundParts,
    now: () => Date,
  ): Promise<void> {
    const { signal } = this.#stop;
    try {
      await this.#options.loaded;
    } catch {
      return; // whoever loads says why it cannot
    }
    if (signal.aborted) return;
    await Promise.all([
      new GarbageCollector(parts).run(signal),
      new NamespaceEmptier(parts).run(signal),
      runUpkeep({ ...parts, now }, signal),
    ]);
  }

  /** Resolves when it can be asked. A store that cannot be written is served for reading. */
  static async start(options: ApiServerOptions): Promise<ApiServer> {
    const server = new ApiServer(options);
    const { store } = options;
    if (store.readOnlyBecause === undefined) await server.#createNamespaces();
    // A new store has no history that anybody could have seen: versions of another one are too old.
    if (store.compacted === 0) store.compact(store.revision);
    return server;
  }

  /** Sends requests in this process as a user. */
  fetchAs(user: UserInfo): Fetch {
    return inProcessFetch((request) => this.#handler.handle(request), user);
  }

  /** A client in this process. */
  client(user: UserInfo = SYSTEM): FetchClient {
    return new FetchClient({
      connection: { server: IN_PROCESS_SERVER, caCerts: [] },
      userAgent: "denovirt-standalone/0",
      fetch: this.fetchAs(user),
    });
  }

  /** Serves others. Resolves when connections are accepted. */
  async listen(options: Omit<ListenerOptions, "handle">): Promise<ApiListener> {
    const handle = this.#handler.handle.bind(this.#handler);
    const { onError = () => {} } = this.#options;
    return this.#listener = await ApiListener.listen({ onError, ...options, handle });
  }

  /** Ends watches and tasks, answers what was asked; the store stays open. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#listener?.[Symbol.asyncDispose]();
    await this.#tasks;
    this.#hub[Symbol.dispose]();
    await this.#options.store.settled();
  }

  /** All at once, so that they share a commit; a request for each would take longer than the rest of a first start. */
  async #createNamespaces(): Promise<void> {
    const { store } = this.#options;
    const served = this.kinds.kind("v1", "Namespace")!;
    const missing = NAMESPACES.filter((name) => !store.get(storeKey(served.kind, { name })));
    await Promise.all(missing.map((name) => {
      const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
      return this.#writer.create({ served, name }, namespace, OWN_WRITES);
    }));
  }
}

function versionInfo(gitVersion: string): Record<string, string> {
  const [, major = "", minor = ""] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  return {
    major,
    minor,
    gitVersion,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "none",
    compiler: "deno",
    platform: `${Deno.build.os}/${Deno.build.arch === "x86_64" ? "amd64" : "arm64"}`,
  };
}
