/**
 * A local copy of one resource, kept current by one watch that all controllers share.
 *
 *            +--------- 410 Gone, after a back-off ----------+
 *            v                                               |
 *   run --> list (pages) --> synced --> watch from resourceVersion --+ ends, breaks, falls silent: again from the
 *            ^    |                          ^                       | last resourceVersion seen, bookmarks included
 *            +----+ failure: back-off        +-----------------------+
 *
 * It stops only when its signal aborts. Objects are raw JSON, deep-frozen, the same shape from list and watch.
 */
import {
  GoneError,
  type KubeClient,
  KubeError,
  type Resource,
  UNREACHABLE_RETRY_MS_MAX,
  UnreachableError,
  type WatchEvent,
} from "../kube/client.ts";
import { Deadline } from "../kube/deadline.ts";
import { formatKey, keyOf, type KubeObject, type ObjectKey } from "../kube/object.ts";
import { backoffMs, type BackoffOptions } from "./backoff.ts";
import { type Clock, sleep, SYSTEM_CLOCK } from "./clock.ts";
import { deepFreeze } from "./deep_freeze.ts";
import type { Logger } from "./log.ts";
import { type Counter, type Gauge, MetricsRegistry } from "./metrics.ts";
import { type IndexFunction, ObjectIndex } from "./object_index.ts";
import { SilenceGuard } from "./silence_guard.ts";

/** One object's step from one state to the next. Both are there for a modification; map both to keys. */
export interface Change<T> {
  old?: T;
  new?: T;
}

/** Called for each change in order; must not wait. An exception is logged and hurts nobody else. */
export type ChangeHandler<T> = (change: Change<T>) => void;

/** How an {@link Informer} is made. */
export interface InformerOptions<T extends KubeObject> {
  client: KubeClient;
  resource: Resource;
  logger: Logger;
  /** Absent: all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** What is cached of an object, with its name, UID and version at least. @default all of it */
  keep?: (object: T) => T;
  /** @default the system's clock */
  clock?: Clock;
  /** Also spreads the watches' ends. @default Math.random */
  random?: () => number;
  /** @default 200 ms doubling to 30 s */
  backoff?: Omit<BackoffOptions, "random">;
  /** @default {@link LIST_PAGE_SIZE} */
  pageSize?: number;
  /** @default {@link WATCH_SILENCE_MS_MAX} */
  watchSilenceMsMax?: number;
  /** @default a registry of its own */
  metrics?: MetricsRegistry;
}

/** Objects per page of a list. */
export const LIST_PAGE_SIZE = 500;
/** The server ends a watch after this long, or up to twice as long, so that clients spread over its replicas. */
export const WATCH_TIMEOUT_SECONDS = 300;
/** Bookmarks come each minute; a watch that says nothing for longer is taken for dead and opened again. */
export const WATCH_SILENCE_MS_MAX = 150_000;
/** More objects than this are refused: the process would run out of memory without a word. */
export const INFORMER_OBJECTS_MAX = 500_000;
/** A watch that lived shorter than this counts as a failure, or a server that hangs up at once would be hammered. */
const WATCH_LIFE_MS_MIN = 1_000;
const DEFAULT_BACKOFF = { baseMs: 200, maxMs: 30_000 };

/** See the top of the file. */
export class Informer<T extends KubeObject> {
  readonly resource: Resource;
  readonly #options: InformerOptions<T>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #metrics: InformerMetrics;
  readonly #objects = new Map<string, T>();
  readonly #indexes: ObjectIndex<T>[];
  readonly #handlers = new Set<ChangeHandler<T>>();
  readonly #waiters = new Set<() => void>();
  /** A list that was asked for before a write may know nothing of it. */
  readonly #absorbedWhileListing = new Map<string, T>();
  /** UIDs by key of what this process has removed, while the watch still tells of its life. */
  readonly #ended = new Map<string, string>();
  #synced = false;
  #resourceVersion: string | undefined;
  #failures = 0;
  /** Apart from the failures: a server that says 410 is there, and to be asked again soon. */
  #gones = 0;
  #unreachables = 0;

  constructor(options: InformerOptions<T>) {
    this.resource = options.resource;
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    const { plural } = options.resource;
    this.#log = options.logger.with({ informer: plural });
    this.#metrics = new InformerMetrics(plural, options.metrics ?? new MetricsRegistry());
    const onError = (error: unknown) => this.#log.error("index function failed", { error });
    this.#indexes = Object.entries(options.indexes ?? {}).map(([name, valuesOf]) =>
      new ObjectIndex({ name, valuesOf, onError })
    );
  }

  /** Whether the first list is in. Stays true: from then on the copy is at worst old. */
  get hasSynced(): boolean {
    return this.#synced;
  }

  /** Whether it holds the objects of one namespace alone, or those that a selector matches. */
  get isSelective(): boolean {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return [namespace, labelSelector, fieldSelector].some((each) => each !== undefined);
  }

  /** How many objects are cached. */
  get size(): number {
    return this.#objects.size;
  }

  /** The cached object, frozen. Its `metadata.resourceVersion` tells how old the copy is. */
  get(key: ObjectKey): T | undefined {
    return this.#objects.get(formatKey(key));
  }

  /** All cached objects, or those of one namespace. */
  list(options: { namespace?: string } = {}): T[] {
    const all = [...this.#objects.values()];
    const { namespace } = options;
    return namespace === undefined ? all : all.filter((o) => o.metadata.namespace === namespace);
  }

  /** The objects for which the named index function gave this value. */
  byIndex(name: string, value: string): T[] {
    const index = this.#indexes.find((each) => each.name === name);
    if (index === undefined) {
      throw new TypeError(`Cannot look up ${this.resource.plural}: no such index: got "${name}"`);
    }
    return index.get(value).flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** Registers a handler until disposal; it is called at once for each object that is already there. */
  addHandler(handler: ChangeHandler<T>): Disposable {
    this.#handlers.add(handler);
    for (const object of this.#objects.values()) this.#notify(handler, { new: object });
    return { [Symbol.dispose]: () => void this.#handlers.delete(handler) };
  }

  /**
   * Takes in what a write of this process answered, ahead of the watch. Nothing of what the watch has told already: an object
   * that has come and gone since would stay for ever.
   */
  absorb(object: T): void {
    const key = formatKey(keyOf(object));
    const isListing = this.#resourceVersion === undefined;
    if (!this.#synced || !isListing && !isNewer(object, this.#resourceVersion)) return;
    // The answer to a write before the removal may come after that of the removal.
    if (this.#ended.get(key) === object.metadata.uid) return;
    if (!isNewer(object, this.#objects.get(key)?.metadata.resourceVersion ?? "0")) return;
    if (isListing) this.#absorbedWhileListing.set(key, object);
    this.#apply(key, object);
    this.#wake();
  }

  /** The object was removed by this process; the watch will tell of its life until then, which is over. */
  absorbEnd(objectKey: ObjectKey, uid: string): void {
    const key = formatKey(objectKey);
    if (this.#resourceVersion === undefined || this.#objects.get(key)?.metadata.uid !== uid) return;
    this.#ended.set(key, uid);
    this.#apply(key, undefined);
    this.#wake();
  }

  /** Resolves after the first list. Rejects with the signal's reason. */
  async waitForSync(signal: AbortSignal): Promise<void> {
    await this.waitUntil(() => this.#synced, { signal });
  }

  /** Resolves when the condition holds; it is asked again after each change. Rejects on the deadline or the abort. */
  async waitUntil(
    condition: () => boolean,
    options: { timeoutMs?: number; signal?: AbortSignal } = {},
  ): Promise<void> {
    const what = `waiting for ${this.resource.plural}`;
    using deadline = new Deadline({ what, parent: options.signal, timeoutMs: options.timeoutMs });
    while (!condition()) {
      deadline.signal.throwIfAborted();
      await this.#nextChange(deadline.signal);
    }
  }

  /** Lists and watches until the signal aborts; then resolves. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startMs = this.#clock.monotonicMs();
      try {
        if (this.#resourceVersion === undefined) await this.#relist(signal);
        else await this.#watch(this.#resourceVersion, signal);
        if (this.#clock.monotonicMs() - startMs >= WATCH_LIFE_MS_MIN) this.#works();
      } catch (error) {
        if (signal.aborted) break;
        await this.#recover(error, signal);
      }
    }
    this.#wake();
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    if (error instanceof GoneError) this.#resourceVersion = undefined;
    const askedMs = error instanceof KubeError ? error.retryAfterMs ?? 0 : 0;
    const delayMs = Math.max(this.#backoffMs(error), askedMs);
    this.#metrics.failed();
    this.#log.warn("list or watch failed, trying again", { error, delayMs });
    await sleep(this.#clock, delayMs, signal);
  }

  #backoffMs(error: unknown): number {
    const backoff = { ...DEFAULT_BACKOFF, ...this.#options.backoff, random: this.#random };
    if (error instanceof GoneError) return backoffMs(this.#gones++, backoff);
    if (!(error instanceof UnreachableError)) return backoffMs(this.#failures++, backoff);
    const maxMs = Math.min(backoff.maxMs, UNREACHABLE_RETRY_MS_MAX);
    return backoffMs(this.#unreachables++, { ...backoff, maxMs });
  }

  #works(): void {
    this.#failures = 0;
    this.#gones = 0;
    this.#unreachables = 0;
  }

  get #random(): () => number {
    return this.#options.random ?? Math.random;
  }

  get #selection() {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return {
      ...(namespace !== undefined ? { namespace } : {}),
      ...(labelSelector !== undefined ? { labelSelector } : {}),
      ...(fieldSelector !== undefined ? { fieldSelector } : {}),
    };
  }

  /** Replaces the copy only when all pages are in. */
  async #relist(signal: AbortSignal): Promise<void> {
    const { client, resource, pageSize: limit = LIST_PAGE_SIZE } = this.#options;
    const found = new Map<string, T>();
    let token: string | undefined;
    do {
      const from = token === undefined ? {} : { continue: token };
      const page = await client.list<T>(resource, { ...this.#selection, ...from, limit, signal });
      for (const item of page.items) found.set(formatKey(keyOf(item)), this.#typed(item));
      if (found.size > INFORMER_OBJECTS_MAX) {
        throw new RangeError(`Cannot cache ${resource.plural}: over ${INFORMER_OBJECTS_MAX}`);
      }
      token = page.metadata.continue || undefined;
      this.#resourceVersion = token === undefined ? page.metadata.resourceVersion : undefined;
    } while (token !== undefined);
    this.#replaceAll(found);
    this.#metrics.listed();
  }

  /** Items of a list carry no kind of their own; those of a watch do. */
  #typed(item: T): T {
    const { group, version, kind } = this.resource;
    const apiVersion = group === "" ? version : `${group}/${version}`;
    return { ...item, apiVersion, kind };
  }

  #replaceAll(found: Map<string, T>): void {
    this.#ended.clear();
    for (const [key, object] of this.#absorbedWhileListing) {
      if (isNewer(object, this.#resourceVersion)) found.set(key, object);
    }
    this.#absorbedWhileListing.clear();
    for (const key of [...this.#objects.keys()]) {
      if (!found.has(key)) this.#apply(key, undefined);
    }
    for (const [key, object] of found) {
      const old = this.#objects.get(key);
      if (old?.metadata.resourceVersion !== object.metadata.resourceVersion) {
        this.#apply(key, object);
      }
    }
    if (!this.#synced) this.#log.info("synced", { objects: found.size });
    this.#synced = true;
    this.#wake();
  }

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { client, resource, watchSilenceMsMax = WATCH_SILENCE_MS_MAX } = this.#options;
    const timeoutSeconds = Math.round(WATCH_TIMEOUT_SECONDS * (1 + this.#random()));
    const startMs = this.#clock.monotonicMs();
    using silence = new SilenceGuard({
      clock: this.#clock,
      silenceMsMax: watchSilenceMsMax,
      parent: signal,
    });
    const options = { ...this.#selection, resourceVersion, timeoutSeconds, signal: silence.signal };
    for await (const event of client.watch<T>(resource, options)) {
      silence.heard();
      this.#works();
      this.#accept(event);
    }
    if (signal.aborted || this.#clock.monotonicMs() - startMs >= WATCH_LIFE_MS_MIN) return;
    throw new Error("Cannot watch: the server ended the watch at once");
  }

  #accept(event: WatchEvent<T>): void {
    this.#metrics.heard(event.type);
    if (event.type !== "BOOKMARK" && !this.#isKnown(event)) {
      const key = formatKey(keyOf(event.object));
      this.#apply(key, event.type === "DELETED" ? undefined : event.object);
      this.#wake();
    }
    this.#resourceVersion = event.object.metadata.resourceVersion ?? this.#resourceVersion;
  }

  /** Whether this process knew it before the watch, because it was its own doing. */
  #isKnown({ type, object }: Exclude<WatchEvent<T>, { type: "BOOKMARK" }>): boolean {
    const key = formatKey(keyOf(object));
    const cached = this.#objects.get(key);
    if (this.#ended.get(key) === object.metadata.uid) {
      if (type === "DELETED") this.#ended.delete(key);
      return true;
    }
    if (type === "DELETED" && cached?.metadata.uid === object.metadata.uid) return false;
    const version = Number(cached?.metadata.resourceVersion);
    return Number(object.metadata.resourceVersion) <= version;
  }

  #apply(key: string, given: T | undefined): void {
    const { keep = (all: T) => all } = this.#options;
    const object = given === undefined ? undefined : keep(given);
    const old = this.#objects.get(key);
    if (object === undefined) this.#objects.delete(key);
    else this.#objects.set(key, deepFreeze(object));
    for (const index of this.#indexes) index.change(key, old, object);
    this.#metrics.size(this.#objects.size);
    if (old === undefined && object === undefined) return;
    const change: Change<T> = {
      ...(old !== undefined ? { old } : {}),
      ...(object !== undefined ? { new: object } : {}),
    };
    for (const handler of this.#handlers) this.#notify(handler, change);
  }

  #notify(handler: ChangeHandler<T>, change: Change<T>): void {
    try {
      handler(change);
    } catch (error) {
      const object = change.new ?? change.old;
      this.#log.error("handler failed", { error, object: object && formatKey(keyOf(object)) });
    }
  }

  #nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiters.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiters.add(wake);
      signal.addEventListener("abort", wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }
}

/** Versions of one resource can be compared as numbers; of what cannot, nothing is newer. */
function isNewer({ metadata }: KubeObject, version: string | undefined): boolean {
  return Number(metadata.resourceVersion) > Number(version);
}

class InformerMetrics {
  readonly #resource: string;
  readonly #objects: Gauge;
  readonly #events: Counter;
  readonly #lists: Counter;
  readonly #failures: Counter;

  constructor(resource: string, metrics: MetricsRegistry) {
    const labels = ["resource"];
    this.#resource = resource;
    this.#objects = metrics.gauge("denovirt_informer_objects", "Objects cached", labels);
    this.#events = metrics.counter("denovirt_informer_events_total", "Watch events", [
      ...labels,
      "type",
    ]);
    this.#lists = metrics.counter("denovirt_informer_lists_total", "Full lists", labels);
    this.#failures = metrics.counter(
      "denovirt_informer_failures_total",
      "Lists and watches that failed",
      labels,
    );
    for (const metric of [this.#objects, this.#lists, this.#failures]) metric.init({ resource });
    for (const type of ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]) {
      this.#events.init({ resource, type });
    }
  }

  size(objects: number): void {
    this.#objects.set(objects, { resource: this.#resource });
  }
  heard(type: string): void {
    this.#events.inc({ resource: this.#resource, type });
  }
  listed(): void {
    this.#lists.inc({ resource: this.#resource });
  }
  failed(): void {
    this.#failures.inc({ resource: this.#resource });
  }
}
