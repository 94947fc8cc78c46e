/** One watch: events of one resource in order, late, until the server or the network ends it. */
import type { Resource, WatchEvent, WatchOptions } from "../../src/kube/client.ts";
import { fieldSelector, labelSelector, type Selector } from "../../src/kube/fake/selectors.ts";
import { failure } from "../../src/kube/fake/write_rules.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import type { Timer } from "../../src/runtime/clock.ts";
import { idOf } from "./api_server.ts";
import {
  CONNECTION_RESET,
  type Link,
  type Network,
  TOO_MANY_REQUESTS,
  UNREACHABLE,
} from "./process_client.ts";
import type { SimulatedProcess } from "./simulated_process.ts";

interface Parts extends Network {
  process: SimulatedProcess;
  link: Link;
  resource: Resource;
  options: WatchOptions;
  onEnd(): void;
}

/** As the real server: about each minute. */
const BOOKMARK_MS = 60_000;

export class SimulatedWatch<T extends KubeObject> implements AsyncIterableIterator<WatchEvent<T>> {
  readonly #parts: Parts;
  readonly #selects: Selector;
  readonly #ready: IteratorResult<WatchEvent<T>>[] = [];
  readonly #timers = new Set<Timer>();
  readonly #connections: Disposable[] = [];
  #version: number;
  #delivery: Timer | undefined;
  #waiter: PromiseWithResolvers<IteratorResult<WatchEvent<T>>> | undefined;
  #failure: unknown;
  #hasEnded = false;
  #lagMs: number;
  #isDead: boolean;
  readonly #abort = () => this.#fail(this.#parts.options.signal?.reason);

  constructor(parts: Parts) {
    this.#parts = parts;
    const { options, faults, random, server, clock, process } = parts;
    this.#version = Number(options.resourceVersion ?? 0);
    this.#selects = selectorOf(options);
    this.#isDead = faults.strikes("deadWatch");
    this.#lagMs = faults.strikes("laggingWatch") ? random.skewed(100, 60_000) : 0;
    options.signal?.addEventListener("abort", this.#abort);
    if (options.signal?.aborted) return this.#abort(), this;
    const id = idOf(parts.resource);
    this.#connections.push(
      process.onDeath(() => this.#end()),
      server.onChange((event) => {
        if (event.resource === id) this.#schedule();
      }),
    );
    faults.onCalm(() => {
      if (this.#hasEnded || (!this.#isDead && this.#lagMs === 0)) return;
      if (this.#isDead) return this.cut();
      this.#lagMs = 0;
      this.#delivery?.cancel();
      this.#delivery = undefined;
      this.#schedule();
    });
    this.#after(faults.delayMs(), () => this.#open());
    const lifeMs = (options.timeoutSeconds ?? 300) * 1000;
    this.#after(lifeMs, () => this.#finish());
    if (clock.monotonicMs() >= 0) this.#bookmarkLater();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<WatchEvent<T>> {
    return this;
  }

  next(): Promise<IteratorResult<WatchEvent<T>>> {
    const ready = this.#ready.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#hasEnded) return Promise.resolve({ done: true, value: undefined });
    this.#waiter = Promise.withResolvers();
    return this.#waiter.promise;
  }

  return(): Promise<IteratorResult<WatchEvent<T>>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** The connection breaks, and the client notices. */
  cut(): void {
    if (this.#hasEnded || !this.#parts.process.isAlive) return;
    this.#parts.process.deliver(() => this.#fail(CONNECTION_RESET));
  }

  /** The connection dies without a word. */
  silence(): void {
    this.#isDead = true;
  }

  #open(): void {
    const { faults, link } = this.#parts;
    if (link.isCut || faults.strikes("unreachable")) {
      return this.#fail(UNREACHABLE);
    }
    if (faults.strikes("refused")) {
      return this.#fail(TOO_MANY_REQUESTS);
    }
    const { server, resource } = this.#parts;
    if (server.eventAfter(resource, this.#version) !== undefined) this.#schedule();
  }

  #schedule(): void {
    if (this.#delivery !== undefined || this.#hasEnded || this.#isDead) return;
    const { faults } = this.#parts;
    this.#delivery = this.#after(this.#lagMs + faults.delayMs(), () => {
      this.#delivery = undefined;
      this.#deliver();
    });
  }

  /** What has come together by now; sometimes only a part of it. */
  #deliver(): void {
    const { server, resource, random, link } = this.#parts;
    if (this.#isDead || link.isCut) return;
    for (;;) {
      const event = server.eventAfter(resource, this.#version);
      if (event === "expired") {
        return this.#fail(failure(410, "Expired", `too old resource version: ${this.#version}`));
      }
      if (event === undefined) return;
      this.#version = event.version;
      const was = event.old !== undefined && this.#selects(event.old);
      const is = event.type !== "DELETED" && this.#selects(event.object);
      if (was || is) {
        const type = was && is ? "MODIFIED" : is ? "ADDED" : "DELETED";
        this.#give({ type, object: event.object as T });
      }
      if (random.chance(0.2)) return this.#schedule();
    }
  }

  #bookmarkLater(): void {
    this.#after(BOOKMARK_MS, () => {
      if (!this.#isDead && !this.#parts.link.isCut && this.#delivery === undefined) {
        this.#bookmark();
      }
      this.#bookmarkLater();
    });
  }

  #bookmark(): void {
    const { server, resource } = this.#parts;
    if (server.eventAfter(resource, this.#version) !== undefined) return;
    this.#version = Math.max(this.#version, server.version);
    this.#give({
      type: "BOOKMARK",
      object: { metadata: { resourceVersion: String(this.#version) } },
    });
  }

  /** The server ends the watch, as it does with each after a while. */
  #finish(): void {
    if (this.#isDead) return;
    this.#end();
    this.#waiter?.resolve({ done: true, value: undefined });
  }

  #give(value: WatchEvent<T>): void {
    const { process } = this.#parts;
    process.deliver(() => {
      if (this.#hasEnded) return;
      const waiter = this.#waiter;
      this.#waiter = undefined;
      if (waiter === undefined) this.#ready.push({ done: false, value });
      else waiter.resolve({ done: false, value });
    });
  }

  #fail(error: unknown): void {
    if (this.#hasEnded) return;
    this.#failure = error;
    this.#end();
    this.#waiter?.reject(error);
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    for (const timer of this.#timers) timer.cancel();
    for (const connection of this.#connections) connection[Symbol.dispose]();
    const { options, onEnd } = this.#parts;
    options.signal?.removeEventListener("abort", this.#abort);
    onEnd();
  }

  #after(delayMs: number, callback: () => void): Timer {
    const { process } = this.#parts;
    const timer = this.#parts.clock.setTimer(() => {
      this.#timers.delete(timer);
      process.deliver(() => void (this.#hasEnded || callback()));
    }, delayMs);
    this.#timers.add(timer);
    return timer;
  }
}

function selectorOf(
  { namespace, labelSelector: labels, fieldSelector: fields }: WatchOptions,
): Selector {
  const selectors: Selector[] = [
    ...(namespace === undefined
      ? []
      : [(object: KubeObject) => object.metadata.namespace === namespace]),
    ...(labels ? [labelSelector(labels)] : []),
    ...(fields ? [fieldSelector(fields)] : []),
  ];
  return (object) => selectors.every((selector) => selector(object));
}
