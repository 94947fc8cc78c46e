/**
 * {@link KubeClient} on an in-memory store, for tests. It keeps to the semantics that controllers lean on, and the suite
 * in `client_contract.ts` holds it to a real API server.
 *
 * Not there: schemas and defaulting, admission, garbage collection, namespaces' life, server-side apply and strategic
 * merge (both are refused).
 */
import {
  type CallOptions,
  type DeleteOptions,
  type KubeClient,
  type ListOptions,
  type ObjectList,
  type PatchOptions,
  type Resource,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
} from "../client.ts";
import { keyOf, type KubeObject, type ObjectKey } from "../object.ts";
import { deepFreeze } from "../../runtime/deep_freeze.ts";
import { objectPath } from "../resource_path.ts";
import { applyJsonPatch } from "../../standalone/apiserver/patch/json_patch.ts";
import { applyMergePatch } from "../../standalone/apiserver/patch/merge_patch.ts";
import { copy, jsonEqual, type JsonObject } from "../json.ts";
import { ObjectStore, type StoreEvent } from "./object_store.ts";
import { fieldSelector, labelSelector, type Selector } from "./selectors.ts";
import { watchStore } from "./watch_store.ts";
import {
  checkCreation,
  checkUpdate,
  failure,
  finishUpdate,
  newObject,
  type WriteRules,
} from "./write_rules.ts";

/** A call before it is served; {@link FakeClientOptions.onCall} sees each. */
export interface FakeCall {
  verb: "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "raw";
  resource?: Resource;
  key?: Partial<ObjectKey>;
  subresource?: string;
  body?: unknown;
  /** The caller's, for an `onCall` that lets the call hang. */
  signal?: AbortSignal;
}

/** How a {@link FakeClient} is made. */
export interface FakeClientOptions {
  /** Kinds whose status is an ordinary field, besides those of Kubernetes that have none. */
  withoutStatusSubresource?: readonly Resource[];
  /** Counts calls, or throws instead of the server. What it returns, unless `undefined`, is or promises the answer. */
  onCall?: (call: FakeCall) => unknown;
  /** Told of each change as it is stored, before the writer gets its answer. Must change nothing it is given. */
  onChange?: (event: StoreEvent) => void;
  /** @default the wall clock */
  now?: () => Date;
  /**
   * Hands out what is stored, deep-frozen, instead of copies: where a great many objects are read, as in simulations.
   * @default false
   */
  sharesObjects?: boolean;
}

const PAGE_TOKENS_MAX = 100;

interface Page {
  rest: KubeObject[];
  resourceVersion: string;
}

/** See the top of the file. Objects are copied in and, unless they are shared, out. */
export class FakeClient implements KubeClient {
  readonly #store = new ObjectStore();
  readonly #rules: WriteRules;
  readonly #options: FakeClientOptions;
  readonly #pages = new Map<string, Page>();
  readonly #watches = new Set<AbortController>();
  readonly #handOut: <T>(value: T) => T;
  #pageCount = 0;

  constructor(options: FakeClientOptions = {}) {
    this.#options = options;
    this.#handOut = options.sharesObjects ? deepFreeze : copy;
    if (options.onChange !== undefined) this.#store.onChange(options.onChange);
    this.#rules = {
      now: options.now ?? (() => new Date()),
      withoutStatus: new Set((options.withoutStatusSubresource ?? []).map(({ plural }) => plural)),
    };
  }

  /** Forgets history, as etcd's compaction does: watches from older versions throw `GoneError`. */
  compact(): void {
    this.#store.compact();
    this.#pages.clear();
  }

  /** Breaks all open watches, as a dying connection does. */
  breakWatches(): void {
    for (const watch of [...this.#watches]) watch.abort(new Error("connection reset"));
  }

  /** How many watches are open: 0 after everything was stopped. */
  get watchCount(): number {
    return this.#watches.size;
  }

  async get<T extends KubeObject>(
    resource: Resource,
    key: ObjectKey,
    options: CallOptions = {},
  ): Promise<T | undefined> {
    objectPath(resource, key);
    return await this.#serve(
      { verb: "get", resource, key },
      options,
      () => this.#handOut(this.#store.get(resource, key)) as T | undefined,
    );
  }

  async list<T extends KubeObject>(
    resource: Resource,
    options: ListOptions = {},
  ): Promise<ObjectList<T>> {
    const key = options.namespace === undefined ? {} : { namespace: options.namespace };
    return await this.#serve({ verb: "list", resource, key }, options, () => {
      const page = this.#page(resource, options);
      const { resourceVersion } = page;
      const items = page.rest.splice(0, options.limit ?? Infinity);
      const remember = page.rest.length === 0 ? {} : { continue: this.#remember(page) };
      return {
        metadata: { resourceVersion, ...remember },
        items: items.map((item) => this.#handOut(item) as T),
      };
    });
  }

  async *watch<T extends KubeObject>(
    resource: Resource,
    options: WatchOptions = {},
  ): AsyncGenerator<WatchEvent<T>> {
    await this.#serve({ verb: "watch", resource }, options, () => undefined);
    const broken = new AbortController();
    this.#watches.add(broken);
    try {
      const watch = { store: this.#store, resource, broken: broken.signal, ...options };
      for await (const event of watchStore(watch, selectorOf(options))) {
        yield this.#handOut(event) as WatchEvent<T>;
      }
    } finally {
      this.#watches.delete(broken);
    }
  }

  async create<T extends KubeObject>(
    resource: Resource,
    object: unknown,
    options: WriteOptions & { namespace?: string } = {},
  ): Promise<T> {
    const made = newObject(resource, object, { ...this.#rules, namespace: options.namespace });
    const key = keyOf(made);
    const call: FakeCall = { verb: "create", resource, key, body: object, ...sub(options) };
    return await this.#serve(call, options, () => {
      if (options.subresource !== undefined) throw failure(405, "MethodNotAllowed", "no handler");
      checkCreation(resource, made);
      if (this.#store.get(resource, key)) {
        throw failure(409, "AlreadyExists", `${resource.plural} "${key.name}" already exists`);
      }
      return this.#handOut(options.dryRun ? made : this.#put(resource, made)) as T;
    });
  }

  async update<T extends KubeObject>(
    resource: Resource,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const key = keyOf(object);
    objectPath(resource, key);
    const call: FakeCall = { verb: "update", resource, key, body: object, ...sub(options) };
    return await this.#serve(call, options, () =>
      this.#write(resource, key, options, () => {
        const custom = resource.group.includes(".") && !resource.group.endsWith(".k8s.io");
        if (custom && object.metadata.resourceVersion === undefined) {
          throw failure(
            422,
            "Invalid",
            "metadata.resourceVersion: must be specified for an update",
          );
        }
        return copy(object) as unknown as JsonObject;
      })) as T;
  }

  async patch<T extends KubeObject>(
    resource: Resource,
    key: ObjectKey,
    patch: unknown,
    options: PatchOptions = {},
  ): Promise<T> {
    objectPath(resource, key);
    const call: FakeCall = { verb: "patch", resource, key, body: patch, ...sub(options) };
    return await this.#serve(
      call,
      options,
      () => this.#write(resource, key, options, (old) => applyPatch(old, copy(patch), options)),
    ) as T;
  }

  async delete(
    resource: Resource,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<KubeObject | undefined> {
    objectPath(resource, key);
    return await this.#serve({ verb: "delete", resource, key, body: options }, options, () => {
      const old = this.#store.get(resource, key);
      if (old !== undefined) this.#delete(resource, old, options);
      return this.#handOut(this.#store.get(resource, key));
    });
  }

  async raw(
    method: string,
    path: string,
    options: CallOptions & { body?: unknown } = {},
  ): Promise<unknown> {
    const call: FakeCall = { verb: "raw", body: options.body, key: { name: `${method} ${path}` } };
    return await this.#serve<unknown>(call, options, () => {
      if (path === "/version") return { gitVersion: "v0.0.0-fake" };
      throw failure(404, "NotFound", "the server could not find the requested resource");
    });
  }

  async #serve<R>(call: FakeCall, options: CallOptions, serve: () => R): Promise<R> {
    await Promise.resolve(); // No answer comes in the same turn, as on a network.
    options.signal?.throwIfAborted();
    const { signal } = options;
    const answer = this.#options.onCall?.(signal === undefined ? call : { ...call, signal });
    return answer === undefined ? serve() : answer as R;
  }

  #page(resource: Resource, options: ListOptions): Page {
    if (options.continue !== undefined) {
      const page = this.#pages.get(options.continue);
      if (page === undefined) throw failure(410, "Expired", "the continue token is too old");
      return { ...page, rest: [...page.rest] };
    }
    const rest = this.#store.list(resource).filter(selectorOf(options));
    return { rest, resourceVersion: String(this.#store.version) };
  }

  #remember(page: Page): string {
    const token = `page-${++this.#pageCount}`;
    this.#pages.set(token, page);
    const [oldest] = this.#pages.keys();
    if (this.#pages.size > PAGE_TOKENS_MAX && oldest !== undefined) this.#pages.delete(oldest);
    return token;
  }

  /** What update and patch share: precondition, subresource, no-change detection, the last finalizer. */
  #write(
    resource: Resource,
    key: ObjectKey,
    options: WriteOptions,
    change: (old: JsonObject) => JsonObject,
  ): KubeObject {
    const old = this.#store.get(resource, key);
    if (old === undefined) {
      const details = { name: key.name, kind: resource.plural };
      throw failure(404, "NotFound", `${resource.plural} "${key.name}" not found`, details);
    }
    const wanted = change(this.#handOut(old) as unknown as JsonObject);
    checkUpdate(old, wanted);
    const next = finishUpdate(
      resource,
      { old, wanted, subresource: options.subresource },
      this.#rules,
    );
    if (jsonEqual(next, old)) return this.#handOut(old);
    if (options.dryRun) return this.#handOut(next);
    const { deletionTimestamp, finalizers = [] } = next.metadata;
    const graceful = (next.metadata.deletionGracePeriodSeconds ?? 0) > 0;
    const last = deletionTimestamp !== undefined && finalizers.length === 0 && !graceful;
    return this.#handOut(last ? this.#store.remove(resource, next) : this.#put(resource, next));
  }

  /** What may be handed out later must not change any more. */
  #put(resource: Resource, object: KubeObject): KubeObject {
    return this.#store.put(resource, this.#options.sharesObjects ? deepFreeze(object) : object);
  }

  #delete(resource: Resource, old: KubeObject, options: DeleteOptions): void {
    const { uid, resourceVersion } = options.preconditions ?? {};
    if (
      (uid ?? old.metadata.uid) !== old.metadata.uid ||
      (resourceVersion ?? old.metadata.resourceVersion) !== old.metadata.resourceVersion
    ) {
      throw failure(409, "Conflict", "Precondition failed");
    }
    const graceSeconds = graceSecondsOf(resource, old, options);
    if ((old.metadata.finalizers?.length ?? 0) === 0 && graceSeconds === 0) {
      this.#store.remove(resource, old);
      return;
    }
    const { deletionTimestamp, deletionGracePeriodSeconds = Infinity } = old.metadata;
    if (deletionTimestamp !== undefined && deletionGracePeriodSeconds <= graceSeconds) return;
    const at = new Date(this.#rules.now().getTime() + graceSeconds * 1000);
    const metadata = {
      ...old.metadata,
      deletionTimestamp: deletionTimestamp ?? at.toISOString().replace(/\.\d+Z$/, "Z"),
      deletionGracePeriodSeconds: graceSeconds,
      generation: (old.metadata.generation ?? 1) + 1,
    };
    this.#put(resource, { ...old, metadata });
  }
}

/** Only pods on a node end gracefully: somebody there has to stop them. */
function graceSecondsOf(resource: Resource, object: KubeObject, options: DeleteOptions): number {
  const { spec } = object as {
    spec?: { nodeName?: string; terminationGracePeriodSeconds?: number };
  };
  if (resource.plural !== "pods" || !spec?.nodeName) return 0;
  return options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30;
}

function applyPatch(old: JsonObject, patch: unknown, options: PatchOptions): JsonObject {
  const type = options.type ?? "merge";
  if (type !== "merge" && type !== "json") {
    throw failure(415, "UnsupportedMediaType", `the fake does not know ${type} patches`);
  }
  return type === "merge" ? applyMergePatch(old, patch) : applyJsonPatch(old, patch);
}

function selectorOf(options: ListOptions | WatchOptions): Selector {
  const { namespace, labelSelector: labels, fieldSelector: fields } = options;
  try {
    const selectors: Selector[] = [
      ...(namespace !== undefined
        ? [(object: KubeObject) => object.metadata.namespace === namespace]
        : []),
      ...(labels ? [labelSelector(labels)] : []),
      ...(fields ? [fieldSelector(fields)] : []),
    ];
    return (object) => selectors.every((selector) => selector(object));
  } catch (error) {
    throw failure(400, "BadRequest", (error as Error).message);
  }
}

function sub(options: WriteOptions): { subresource?: string } {
  return options.subresource === undefined ? {} : { subresource: options.subresource };
}
