/**
 * Tells users what happened to their objects, as core/v1 Events: what `kubectl describe` shows.
 *
 * Recording never waits and never fails. The same event again becomes a higher count of the first one; per object there
 * is a budget; a full queue drops. What is dropped is counted.
 */
import { type KubeClient, KubeError } from "../kube/client.ts";
import { EVENTS } from "../kube/core_resources.ts";
import { Deadline } from "../kube/deadline.ts";
import { isObjectNotFound } from "../kube/kube_error.ts";
import { keyOf, type KubeObject, type ObjectKey } from "../kube/object.ts";
import { backoffMs } from "./backoff.ts";
import { BoundedMap } from "./bounded_map.ts";
import { type Clock, sleep, SYSTEM_CLOCK } from "./clock.ts";
import type { EventSink } from "./controller.ts";
import type { Logger } from "./log.ts";
import { type Counter, MetricsRegistry } from "./metrics.ts";
import type { EventRecord } from "./reconciler.ts";

/** How an {@link EventRecorder} is made. */
export interface EventRecorderOptions {
  client: KubeClient;
  /** Shown as the source: "virtualmachine-controller". */
  component: string;
  /** The process: the pod's or the node's name. */
  instance: string;
  logger: Logger;
  /** @default the system's clock */
  clock?: Clock;
  /** @default Math.random */
  random?: () => number;
  /** @default a registry of its own */
  metrics?: MetricsRegistry;
}

/** Events that wait to be written; more are dropped. */
export const EVENT_QUEUE_MAX = 1_000;
/** Events that are remembered to be counted up, and objects whose budget is remembered. */
export const EVENT_CACHE_MAX = 4_096;
/** Writes that one object may cause at once. */
export const EVENT_BURST = 25;
/** After a burst, one more write per object each of these. */
export const EVENT_REFILL_MS = 30_000;
/** An event that comes again later than this begins a new one. */
export const EVENT_MEMORY_MS = 600_000;
/** A budget that was not drawn on for so long is full. */
const BUDGET_MEMORY_MS = EVENT_BURST * EVENT_REFILL_MS;
/** The API server refuses longer ones. */
export const EVENT_MESSAGE_LENGTH_MAX = 1_024;
const NAME_LENGTH_MAX = 230;
const WRITE_TIMEOUT_MS = 5_000;
/** After the stop, waiting events are written for this long. */
export const FLUSH_MS_MAX = 2_000;
const ATTEMPTS_MAX = 3;
const BACKOFF = { baseMs: 500, maxMs: 5_000 };

interface Pending {
  event: EventRecord;
  key: string;
  /** How often it was recorded since it was last written. */
  times: number;
  lastAt: Date;
}

interface Written {
  at: ObjectKey;
  count: number;
  atMs: number;
}

interface Budget {
  tokens: number;
  atMs: number;
}

/** See the top of the file. `run` does the writing. */
export class EventRecorder implements EventSink {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #dropped: Counter;
  readonly #queue = new Map<string, Pending>();
  readonly #written = new BoundedMap<string, Written>(EVENT_CACHE_MAX);
  readonly #budgets = new BoundedMap<string, Budget>(EVENT_CACHE_MAX);
  #wake: () => void = () => {};

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    const metrics = options.metrics ?? new MetricsRegistry();
    this.#dropped = metrics.counter("denovirt_events_dropped_total", "Events not written", [
      "reason",
    ]);
    for (const reason of ["queue_full", "budget", "failed", "stopped"]) {
      this.#dropped.init({ reason });
    }
  }

  record(event: EventRecord): void {
    this.#forget();
    const key = identityOf(event);
    const waiting = this.#queue.get(key);
    if (waiting !== undefined) {
      waiting.times++;
      waiting.lastAt = this.#clock.now();
      return;
    }
    if (this.#queue.size >= EVENT_QUEUE_MAX) return this.#dropped.inc({ reason: "queue_full" });
    if (!this.#spend(event.regarding.metadata.uid)) return this.#dropped.inc({ reason: "budget" });
    this.#queue.set(key, { event, key, times: 1, lastAt: this.#clock.now() });
    this.#wake();
  }

  /** What is remembered must not depend on how many objects there ever were. */
  #forget(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#written.deleteOldest(({ atMs }) => nowMs - atMs >= EVENT_MEMORY_MS);
    this.#budgets.deleteOldest(({ atMs }) => nowMs - atMs >= BUDGET_MEMORY_MS);
  }

  /** Writes events until the signal aborts, then tries each that waits once, for {@link FLUSH_MS_MAX} in all. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake();
    signal.addEventListener("abort", wake);
    while (!signal.aborted) {
      const [next] = this.#queue.values();
      if (next === undefined) {
        await new Promise<void>((resolve) => this.#wake = resolve);
        continue;
      }
      this.#queue.delete(next.key);
      await this.#writePatiently(next, signal);
    }
    signal.removeEventListener("abort", wake);
    await this.#flush(signal);
  }

  async #flush(stopped: AbortSignal): Promise<void> {
    const endMs = this.#clock.monotonicMs() + FLUSH_MS_MAX;
    for (const pending of this.#queue.values()) {
      const leftMs = endMs - this.#clock.monotonicMs();
      this.#queue.delete(pending.key);
      if (leftMs > 0) await this.#writePatiently(pending, stopped, leftMs);
      else this.#dropped.inc({ reason: "stopped" });
    }
  }

  /** A token bucket per object: one that flaps must not fill etcd. */
  #spend(uid: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const { tokens, atMs } = this.#budgets.get(uid) ?? { tokens: EVENT_BURST, atMs: nowMs };
    const refilled = Math.min(EVENT_BURST, tokens + (nowMs - atMs) / EVENT_REFILL_MS);
    const granted = refilled >= 1;
    this.#budgets.set(uid, { tokens: granted ? refilled - 1 : refilled, atMs: nowMs });
    return granted;
  }

  async #writePatiently(
    pending: Pending,
    signal: AbortSignal,
    timeoutMs: number = WRITE_TIMEOUT_MS,
  ): Promise<void> {
    const { random = Math.random, logger } = this.#options;
    for (let attempt = 0;; attempt++) {
      try {
        return await this.#write(pending, Math.min(timeoutMs, WRITE_TIMEOUT_MS));
      } catch (error) {
        const again = !(error instanceof KubeError) || error.retriable;
        if (!again || attempt + 1 >= ATTEMPTS_MAX || signal.aborted) {
          logger.warn("event not written", { error, reason: pending.event.reason });
          return this.#dropped.inc({ reason: "failed" });
        }
        await sleep(this.#clock, backoffMs(attempt, { ...BACKOFF, random }), signal);
      }
    }
  }

  async #write(pending: Pending, timeoutMs: number): Promise<void> {
    const { key, times, lastAt } = pending;
    const { client } = this.#options;
    using deadline = new Deadline({ what: "event", timeoutMs });
    const written = this.#written.get(key);
    if (written !== undefined) {
      const count = written.count + times;
      try {
        const patch = { count, lastTimestamp: seconds(lastAt) };
        await client.patch(EVENTS, written.at, patch, deadline);
        this.#written.set(key, { at: written.at, count, atMs: this.#clock.monotonicMs() });
        return;
      } catch (error) {
        if (!isObjectNotFound(error)) throw error; // Events live for an hour: begin a new one.
        this.#written.delete(key);
      }
    }
    const made = await client.create(EVENTS, this.#manifest(pending), deadline);
    this.#written.set(key, { at: keyOf(made), count: times, atMs: this.#clock.monotonicMs() });
  }

  #manifest({ event, times, lastAt }: Pending): Record<string, unknown> {
    const { regarding, type, reason, message } = event;
    const { component, instance } = this.#options;
    const { name, namespace } = regarding.metadata;
    const at = seconds(lastAt);
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: {
        name: `${name.slice(0, NAME_LENGTH_MAX)}.${crypto.randomUUID().slice(0, 18)}`,
        namespace: namespace ?? "default",
      },
      involvedObject: referenceTo(regarding),
      type,
      reason,
      message: message.slice(0, EVENT_MESSAGE_LENGTH_MAX),
      count: times,
      firstTimestamp: at,
      lastTimestamp: at,
      source: { component, host: instance },
      reportingComponent: component,
      reportingInstance: instance,
    };
  }
}

function identityOf({ regarding, type, reason, message }: EventRecord): string {
  return [regarding.metadata.uid, type, reason, message].join("\n");
}

function referenceTo({ apiVersion, kind, metadata }: KubeObject): Record<string, unknown> {
  const { name, namespace, uid, resourceVersion } = metadata;
  return { apiVersion, kind, name, namespace, uid, resourceVersion };
}

/** metav1.Time has no fractions. */
function seconds(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}
