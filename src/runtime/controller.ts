/**
 * The one loop that every controller runs in:
 *
 *   key -> observe -> decide -> act ... act -> writeStatus -> act ... -> events -> forget, or requeue after requeueAfterMs
 *             |          |         |              |           (held back where the decision lets it: again when it is due)
 *             +----------+---------+--------------+--> conflict: retry quietly; TerminalError: report, do not retry;
 *                                                     anything else: log, retry with back-off
 *
 * A pass works on a key, never on an event: what changed is of no interest, only what is.
 */
import {
  ConflictError,
  KubeError,
  UNREACHABLE_RETRY_MS_MAX,
  UnreachableError,
} from "../kube/client.ts";
import { Deadline } from "../kube/deadline.ts";
import { isObjectNotFound } from "../kube/kube_error.ts";
import { formatKey, type KubeObject, type ObjectKey, parseKey } from "../kube/object.ts";
import { type Clock, SYSTEM_CLOCK, type Timer } from "./clock.ts";
import { DecisionRecord } from "./decision_record.ts";
import type { Change, Informer } from "./informer.ts";
import type { Logger } from "./log.ts";
import { type Counter, type Gauge, type Histogram, MetricsRegistry } from "./metrics.ts";
import { type Decision, type EventRecord, type Reconciler, TerminalError } from "./reconciler.ts";
import { WorkQueue, type WorkQueueOptions } from "./work_queue.ts";

/** Where events for users go. Must not wait and must not throw. */
export interface EventSink {
  record(event: EventRecord): void;
}

/** How a {@link Controller} is made. */
export interface ControllerOptions<World, Action extends { type: string }, Status> {
  reconciler: Reconciler<World, Action, Status>;
  logger: Logger;
  events: EventSink;
  /** Passes at the same time, each for another key. @default {@link WORKERS} */
  workers?: number;
  /** A pass that takes longer is aborted and retried. @default {@link PASS_TIMEOUT_MS} */
  passTimeoutMs?: number;
  /** After the stop, passes may finish for this long before they are aborted. @default {@link DRAIN_MS} */
  drainMs?: number;
  /** @default the system's clock */
  clock?: Clock;
  /** @default a registry of its own */
  metrics?: MetricsRegistry;
  /** @default that of the work queue */
  backoff?: WorkQueueOptions["backoff"];
}

/** Passes wait for the API server most of the time, and never run in parallel on the CPU. */
export const WORKERS = 10;
/** Longer than any single request may take. */
export const PASS_TIMEOUT_MS = 120_000;
/** Longer than most passes take. Under a lease less is left: see `TERM_DRAIN_MS`. */
export const DRAIN_MS = 2_000;

/** A decision that asks for less waits this long, so that it cannot keep a core busy. */
const REQUEUE_MS_MIN = 10;
/** Conflicts in a row that are normal; more of them deserve a look. */
const QUIET_CONFLICTS_MAX = 5;

const OUTCOMES = [
  "success",
  "requeue_after",
  "gone",
  "conflict",
  "error",
  "terminal_error",
  "bug",
] as const;
/** How a pass ended; the label of the metrics. */
export type Outcome = typeof OUTCOMES[number];

interface PassResult {
  outcome: Outcome;
  error?: unknown;
  requeueAfterMs?: number;
}

/** An informer whose changes ask for passes. */
interface Source {
  waitForSync(signal: AbortSignal): Promise<void>;
  follow(): Disposable;
}

interface Pass {
  key: ObjectKey;
  /** When its time is over, or the controller's. */
  signal: AbortSignal;
  /** The controller's. */
  stopped: AbortSignal;
  log: Logger;
}

/** Runs one reconciler. Constructing starts nothing. */
export class Controller<World, Action extends { type: string }, Status> {
  readonly #options: ControllerOptions<World, Action, Status>;
  readonly #reconciler: Reconciler<World, Action, Status>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #queue: WorkQueue;
  readonly #metrics: ControllerMetrics;
  readonly #sources: Source[] = [];
  /** Since when the status of a key is held back, on the monotonic clock. */
  readonly #heldBackSinceMs = new Map<string, number>();

  constructor(options: ControllerOptions<World, Action, Status>) {
    this.#options = options;
    this.#reconciler = options.reconciler;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    const { name } = options.reconciler;
    this.#log = options.logger.with({ controller: name });
    const metrics = options.metrics ?? new MetricsRegistry();
    this.#metrics = new ControllerMetrics(name, metrics);
    const { backoff } = options;
    this.#queue = new WorkQueue({
      name,
      clock: this.#clock,
      metrics,
      ...(backoff !== undefined ? { backoff } : {}),
    });
  }

  /** Has the keys of an object's old and new state worked on whenever it changes, while `run` goes on. `run` waits for the informer. */
  watch<T extends KubeObject>(
    informer: Informer<T>,
    keysOf: (object: T) => readonly ObjectKey[],
  ): void {
    const handle = (change: Change<T>) => {
      for (const object of [change.old, change.new]) {
        for (const key of object === undefined ? [] : keysOf(object)) this.enqueue(key);
      }
    };
    this.#sources.push({
      waitForSync: (signal) => informer.waitForSync(signal),
      follow: () => informer.addHandler(handle),
    });
  }

  /** Asks for a pass, now or after `afterMs`. */
  enqueue(key: ObjectKey, options: { afterMs?: number } = {}): void {
    this.#queue.add(formatKey(key), options);
  }

  /**
   * Works until the signal aborts, then lets passes finish for `drainMs` and aborts the rest. Never rejects on a failing
   * pass. To be called once: each term of a leader has controllers of its own.
   */
  async run(signal: AbortSignal): Promise<void> {
    const passes = new AbortController();
    let grace: Timer | undefined;
    const stop = () => {
      this.#queue.shutDown({ discard: true });
      const drainMs = this.#options.drainMs ?? DRAIN_MS;
      grace = this.#clock.setTimer(() => passes.abort(signal.reason), drainMs);
    };
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    const followed = this.#sources.map((source) => source.follow());
    try {
      await this.#waitForInformers(signal);
      const workers = this.#options.workers ?? WORKERS;
      await Promise.all(Array.from({ length: workers }, () => this.#work(passes.signal)));
    } finally {
      signal.removeEventListener("abort", stop);
      for (const each of followed) each[Symbol.dispose]();
      grace?.cancel();
    }
  }

  async #waitForInformers(signal: AbortSignal): Promise<void> {
    try {
      await Promise.all(this.#sources.map((source) => source.waitForSync(signal)));
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (let key = await this.#queue.get(); key !== undefined; key = await this.#queue.get()) {
      await this.#process(key, signal);
      this.#queue.done(key);
    }
  }

  async #process(key: string, signal: AbortSignal): Promise<void> {
    const log = this.#log.with({ key, reconcileId: crypto.randomUUID() });
    const startMs = this.#clock.monotonicMs();
    this.#metrics.began();
    const timeoutMs = this.#options.passTimeoutMs ?? PASS_TIMEOUT_MS;
    using deadline = new Deadline({ what: `pass of ${key}`, parent: signal, timeoutMs });
    const pass = { key: parseKey(key), signal: deadline.signal, stopped: signal, log };
    const result = await this.#pass(pass);
    this.#metrics.ended(result.outcome, this.#clock.monotonicMs() - startMs);
    if (!signal.aborted) this.#settle(key, result, log);
    else if (result.error !== undefined) log.debug("pass cut short", { error: result.error });
  }

  async #pass(pass: Pass): Promise<PassResult> {
    try {
      const world = await this.#reconciler.observe(pass.key, pass.signal, pass.log);
      if (world === undefined) {
        this.#heldBackSinceMs.delete(formatKey(pass.key));
        return { outcome: "gone" };
      }
      const decision = this.#decide(world);
      const requeueAfterMs = await this.#perform(decision, world, pass);
      return requeueAfterMs === undefined
        ? { outcome: "success" }
        : { outcome: "requeue_after", requeueAfterMs };
    } catch (error) {
      return { outcome: outcomeOf(error), error };
    }
  }

  #decide(world: World): Decision<Action, Status> {
    try {
      return this.#reconciler.decide(world);
    } catch (cause) {
      throw new DecideError("Cannot decide", { cause });
    }
  }

  /** Answers when to look again. */
  async #perform(
    decision: Decision<Action, Status>,
    world: World,
    pass: Pass,
  ): Promise<number | undefined> {
    await this.#act(decision.actions, world, pass);
    const key = formatKey(pass.key);
    const heldBackMs = this.#holdBackMs(key, decision.statusMayWaitMs ?? 0);
    if (heldBackMs === 0) {
      await this.#reconciler.writeStatus(decision.status, world, pass.signal, pass.log);
      this.#heldBackSinceMs.delete(key);
      await this.#act(decision.actionsAfterStatus ?? [], world, pass);
    }
    for (const event of decision.events ?? []) this.#options.events.record(event);
    return heldBackMs === 0
      ? decision.requeueAfterMs
      : Math.min(heldBackMs, decision.requeueAfterMs ?? heldBackMs);
  }

  /** How much longer a status that may wait for so long is held back; 0 when it is to be written now. */
  #holdBackMs(key: string, mayWaitMs: number): number {
    if (mayWaitMs <= 0) return 0;
    const nowMs = this.#clock.monotonicMs();
    const sinceMs = this.#heldBackSinceMs.get(key) ?? nowMs;
    this.#heldBackSinceMs.set(key, sinceMs);
    return Math.max(0, sinceMs + mayWaitMs - nowMs);
  }

  async #act(actions: readonly Action[], world: World, pass: Pass): Promise<void> {
    if (actions.length > 0) {
      pass.log.debug("decided", { decision: new DecisionRecord(actions, world) });
    }
    for (const action of actions) {
      pass.signal.throwIfAborted();
      pass.log.info("acting", { action: action.type });
      try {
        await this.#reconciler.act(action, world, pass.signal, pass.log);
      } catch (error) {
        if (!isRace(error)) await this.#report(error, { action, world }, pass);
        throw error;
      }
    }
  }

  /** Never throws: the action's own error is the one to be handled. That this controller ends is nobody's failure. */
  async #report(
    error: unknown,
    failed: { action: Action; world: World },
    pass: Pass,
  ): Promise<void> {
    const { action, world } = failed;
    if (pass.stopped.aborted) return;
    try {
      const report = this.#reconciler.report?.(error, action, world) ?? {};
      for (const event of report.events ?? []) this.#options.events.record(event);
      if (report.status === undefined) return;
      await this.#reconciler.writeStatus(report.status, world, pass.signal, pass.log);
    } catch (reportError) {
      pass.log.warn("reporting a failed action failed", { error: reportError });
    }
  }

  /** The whole table of what follows from an outcome. */
  #settle(key: string, result: PassResult, log: Logger): void {
    const { outcome, error, requeueAfterMs = 0 } = result;
    switch (outcome) {
      case "success":
      case "gone":
        return this.#queue.forget(key);
      case "requeue_after":
        this.#queue.forget(key);
        return this.#queue.add(key, { afterMs: Math.max(requeueAfterMs, REQUEUE_MS_MIN) });
      case "terminal_error":
        this.#queue.forget(key);
        return log.error("pass failed, not retried", { error });
      case "conflict": {
        const delayMs = this.#queue.retry(key);
        const quiet = this.#queue.failures(key) <= QUIET_CONFLICTS_MAX;
        return log[quiet ? "debug" : "warn"]("world changed under the pass", { error, delayMs });
      }
      case "error": {
        const atLeastMs = (error instanceof KubeError && error.retryAfterMs) || 0;
        const isAway = error instanceof UnreachableError;
        const atMostMs = isAway ? UNREACHABLE_RETRY_MS_MAX : Infinity;
        const delayMs = this.#queue.retry(key, { atLeastMs, atMostMs });
        return log.error("pass failed, trying again", { error, delayMs });
      }
      case "bug":
        return log.error("decide failed: this is a bug", {
          error,
          delayMs: this.#queue.retry(key),
        });
    }
  }
}

/** `decide` is total: whatever it throws is a bug. */
class DecideError extends Error {
  override name = "DecideError";
}

/** The object was changed or removed after it was observed: the next pass sees it as it is. */
function isRace(error: unknown): boolean {
  return error instanceof ConflictError || isObjectNotFound(error);
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof DecideError) return "bug";
  if (error instanceof TerminalError) return "terminal_error";
  return isRace(error) ? "conflict" : "error";
}

class ControllerMetrics {
  readonly #name: string;
  readonly #passes: Counter;
  readonly #durations: Histogram;
  readonly #active: Gauge;

  constructor(name: string, metrics: MetricsRegistry) {
    const labels = ["controller"];
    this.#name = name;
    this.#passes = metrics.counter("denovirt_reconcile_total", "Passes by their outcome", [
      ...labels,
      "outcome",
    ]);
    this.#durations = metrics.histogram(
      "denovirt_reconcile_duration_seconds",
      "Time of a pass",
      labels,
    );
    this.#active = metrics.gauge("denovirt_reconcile_active", "Passes going on", labels);
    for (const outcome of OUTCOMES) this.#passes.init({ controller: name, outcome });
    for (const metric of [this.#durations, this.#active]) metric.init({ controller: name });
  }

  began(): void {
    this.#active.add(1, { controller: this.#name });
  }
  ended(outcome: Outcome, durationMs: number): void {
    this.#active.add(-1, { controller: this.#name });
    this.#passes.inc({ controller: this.#name, outcome });
    this.#durations.observe(durationMs / 1000, { controller: this.#name });
  }
}
