/**
 * The queue between watches and workers. It holds keys, not events: a key is handed out once however often it was added,
 * never to two workers at once, and again if it was added while it was being worked on.
 *
 *          add(afterMs)            due or add()            get()
 *   (out) -------------> delayed ----------------> ready ----------> processing --- done() ---> (out)
 *                                                    ^                    |
 *                                                    +--- done(), if added meanwhile
 */
import { backoffMs, type BackoffOptions } from "./backoff.ts";
import { type Clock, SYSTEM_CLOCK, type Timer } from "./clock.ts";
import { type Counter, type Gauge, type Histogram, MetricsRegistry } from "./metrics.ts";

/** How a {@link WorkQueue} is made. */
export interface WorkQueueOptions {
  /** The label of its metrics. */
  name: string;
  /** @default the system's clock */
  clock?: Clock;
  /** @default 50 ms doubling to 5 minutes */
  backoff?: BackoffOptions;
  /** @default a registry of its own */
  metrics?: MetricsRegistry;
}

/** Distinct keys waiting; informers bound their number, so more than this is a bug. */
export const QUEUE_KEYS_MAX = 1_000_000;
const DEFAULT_BACKOFF: BackoffOptions = { baseMs: 50, maxMs: 300_000 };

interface Delayed {
  dueMs: number;
  timer: Timer;
}

/** See the top of the file. Single-threaded: no method but `get` and `drained` waits. */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #backoff: BackoffOptions;
  readonly #metrics: QueueMetrics;
  /** In the order of handing out, with the time each came in. */
  readonly #ready = new Map<string, number>();
  readonly #processing = new Set<string>();
  readonly #addedMeanwhile = new Set<string>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #failures = new Map<string, number>();
  readonly #getters = new Set<() => void>();
  readonly #drainers = new Set<() => void>();
  #shutDown = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#backoff = options.backoff ?? DEFAULT_BACKOFF;
    this.#metrics = new QueueMetrics(options.name, options.metrics ?? new MetricsRegistry());
  }

  /** Keys that wait to be handed out now. */
  get size(): number {
    return this.#ready.size;
  }

  /** Asks for the key to be worked on, after `afterMs` if given. The earliest of several requests wins. */
  add(key: string, options: { afterMs?: number } = {}): void {
    if (this.#shutDown) return;
    const afterMs = options.afterMs ?? 0;
    if (afterMs > 0) this.#delay(key, afterMs);
    else this.#makeReady(key);
  }

  /** Adds the key after its own back-off, kept within `atLeastMs` and `atMostMs`. Returns the delay. */
  retry(key: string, options: { atLeastMs?: number; atMostMs?: number } = {}): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#metrics.retried();
    const { atLeastMs = 0, atMostMs = Infinity } = options;
    const afterMs = Math.max(Math.min(backoffMs(failures, this.#backoff), atMostMs), atLeastMs);
    this.add(key, { afterMs });
    return afterMs;
  }

  /** Forgets past failures: the next `retry` starts from the shortest delay. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** How often the key was retried since it was last forgotten. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next key, which the caller must give back with `done`. `undefined`: shut down or aborted. */
  async get(signal?: AbortSignal): Promise<string | undefined> {
    while (!signal?.aborted) {
      const key = this.#take();
      if (key !== undefined || this.#shutDown) return key;
      await this.#wakeUp(signal);
    }
    this.#wakeGetter(); // What woke this one may have been meant for another.
    return undefined;
  }

  /** Ends the work on a key; it is handed out again if it was added meanwhile. */
  done(key: string): void {
    this.#processing.delete(key);
    if (this.#addedMeanwhile.delete(key)) this.#makeReady(key);
    this.#wakeDrainers();
  }

  /** Takes no more keys and drops the delayed ones. Ready keys are still handed out unless they are discarded. */
  shutDown(options: { discard?: boolean } = {}): void {
    this.#shutDown = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    if (options.discard) {
      this.#ready.clear();
      this.#addedMeanwhile.clear();
    }
    this.#metrics.depth(this.#ready.size);
    for (const wake of [...this.#getters]) wake();
    this.#wakeDrainers();
  }

  /** Resolves when it is shut down, all keys were handed out and all were given back. */
  async drained(): Promise<void> {
    while (!this.#isDrained()) {
      await new Promise<void>((resolve) => this.#drainers.add(resolve));
    }
  }

  #makeReady(key: string): void {
    this.#delayed.get(key)?.timer.cancel();
    this.#delayed.delete(key);
    if (this.#processing.has(key)) {
      this.#addedMeanwhile.add(key);
      return;
    }
    if (this.#ready.has(key)) return;
    this.#checkRoom(key, this.#ready);
    this.#ready.set(key, this.#clock.monotonicMs());
    this.#metrics.added(this.#ready.size);
    this.#wakeGetter();
  }

  #wakeGetter(): void {
    const [wake] = this.#getters;
    if (this.#ready.size > 0) wake?.();
  }

  #delay(key: string, afterMs: number): void {
    if (this.#ready.has(key) || this.#addedMeanwhile.has(key)) return;
    const dueMs = this.#clock.monotonicMs() + afterMs;
    const existing = this.#delayed.get(key);
    if (existing !== undefined && existing.dueMs <= dueMs) return;
    existing?.timer.cancel();
    if (existing === undefined) this.#checkRoom(key, this.#delayed);
    const timer = this.#clock.setTimer(() => this.#makeReady(key), afterMs);
    this.#delayed.set(key, { dueMs, timer });
  }

  #take(): string | undefined {
    const [next] = this.#ready;
    if (next === undefined) return undefined;
    const [key, sinceMs] = next;
    this.#ready.delete(key);
    this.#processing.add(key);
    this.#metrics.taken(this.#ready.size, this.#clock.monotonicMs() - sinceMs);
    return key;
  }

  #wakeUp(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#getters.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#getters.add(wake);
      signal?.addEventListener("abort", wake);
    });
  }

  #isDrained(): boolean {
    return this.#shutDown && this.#ready.size === 0 && this.#processing.size === 0;
  }

  #wakeDrainers(): void {
    if (!this.#isDrained()) return;
    for (const wake of this.#drainers) wake();
    this.#drainers.clear();
  }

  #checkRoom(key: string, among: ReadonlyMap<string, unknown>): void {
    if (among.size < QUEUE_KEYS_MAX) return;
    throw new RangeError(
      `Cannot queue "${key}": at most ${QUEUE_KEYS_MAX} keys: got ${among.size}`,
    );
  }
}

class QueueMetrics {
  readonly #labels: { queue: string };
  readonly #depth: Gauge;
  readonly #adds: Counter;
  readonly #retries: Counter;
  readonly #wait: Histogram;

  constructor(name: string, metrics: MetricsRegistry) {
    const labels = ["queue"];
    this.#labels = { queue: name };
    this.#depth = metrics.gauge("denovirt_workqueue_depth", "Keys ready to be worked on", labels);
    this.#adds = metrics.counter("denovirt_workqueue_adds_total", "Keys made ready", labels);
    this.#retries = metrics.counter("denovirt_workqueue_retries_total", "Keys backed off", labels);
    this.#wait = metrics.histogram(
      "denovirt_workqueue_wait_seconds",
      "Time from being ready to being worked on",
      labels,
    );
    for (const metric of [this.#depth, this.#adds, this.#retries, this.#wait]) {
      metric.init(this.#labels);
    }
  }

  depth(size: number): void {
    this.#depth.set(size, this.#labels);
  }
  added(size: number): void {
    this.#adds.inc(this.#labels);
    this.depth(size);
  }
  taken(size: number, waitedMs: number): void {
    this.#wait.observe(waitedMs / 1000, this.#labels);
    this.depth(size);
  }
  retried(): void {
    this.#retries.inc(this.#labels);
  }
}
