/** A watch on an {@link ObjectStore}, as a stream of events. */
import type { Resource, WatchEvent, WatchOptions } from "../client.ts";
import type { KubeObject } from "../object.ts";
import type { ObjectStore, StoreEvent } from "./object_store.ts";
import type { Selector } from "./selectors.ts";
import { failure } from "./write_rules.ts";

/** What a watch needs besides its selector. */
export interface StoreWatch extends WatchOptions {
  store: ObjectStore;
  resource: Resource;
  /** Aborts when the connection is to break. */
  broken: AbortSignal;
}

/**
 * Without a version it begins with what exists, else with what came after the version. Ends after `timeoutSeconds`, with
 * a bookmark before; throws when aborted or broken, and 410 when history is missing.
 */
export async function* watchStore(
  watch: StoreWatch,
  selector: Selector,
): AsyncGenerator<WatchEvent<KubeObject>> {
  const { store, resource, broken, signal = broken, timeoutSeconds } = watch;
  using wakeUp = new WakeUp([broken, signal], timeoutSeconds);
  using _listening = store.onChange(() => wakeUp.wake());
  let version = Number(watch.resourceVersion ?? 0);
  if (version === 0) {
    version = store.version;
    for (const object of store.list(resource).filter(selector)) yield { type: "ADDED", object };
  }
  while (true) {
    for (const each of [broken, signal]) each.throwIfAborted();
    const events = store.since(resource, version);
    if (events === undefined) throw failure(410, "Expired", `too old resource version: ${version}`);
    for (const event of events) {
      version = event.version;
      const seen = seenThrough(event, selector);
      if (seen !== undefined) yield seen;
    }
    version = Math.max(version, events.length === 0 ? store.version : version);
    if (wakeUp.expired) break;
    if (events.length === 0) await wakeUp.wait();
  }
  yield { type: "BOOKMARK", object: { metadata: { resourceVersion: String(version) } } };
}

/** An object that enters the selection is added for this watch, one that leaves it is deleted. */
function seenThrough(event: StoreEvent, selector: Selector): WatchEvent<KubeObject> | undefined {
  const { object, old } = event;
  const was = old !== undefined && selector(old);
  const is = event.type !== "DELETED" && selector(object);
  if (was && is) return { type: "MODIFIED", object };
  if (is) return { type: "ADDED", object };
  return was ? { type: "DELETED", object } : undefined;
}

/** Waits for a change, an abort or the end of the watch. */
class WakeUp implements Disposable {
  readonly #signals: AbortSignal[];
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  #resolve: () => void = () => {};
  #woken = false;
  expired = false;
  readonly wake = () => {
    this.#woken = true;
    this.#resolve();
  };

  constructor(signals: AbortSignal[], timeoutSeconds: number | undefined) {
    this.#signals = signals;
    for (const signal of signals) signal.addEventListener("abort", this.wake);
    if (timeoutSeconds !== undefined) {
      this.#timer = setTimeout(() => {
        this.expired = true;
        this.wake();
      }, timeoutSeconds * 1000);
    }
  }

  async wait(): Promise<void> {
    if (!this.#woken) await new Promise<void>((resolve) => this.#resolve = resolve);
    this.#woken = false;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const signal of this.#signals) signal.removeEventListener("abort", this.wake);
  }
}
