/**
 * One leader among replicas, by a Lease.
 *
 *   run --> waiting --- free, or unchanged for its whole duration as seen from here --> leading
 *              ^  |                                                                      |  |
 *              +--+ held by another: watch it                   lead() ended: release <--+  |
 *                                     not renewed in time, or taken: abort lead(), LostLeaseError
 *
 * No clock of another machine is trusted: a lease expires when this process has not seen it change for its duration, on
 * the monotonic clock. The holder gives up earlier, counted from the start of its last successful renewal, so that there
 * is a gap between the last act of one leader and the first of the next. A process that is frozen for longer than the
 * gap and then goes on may act once more before its timer fires: writes still carry resourceVersions.
 *
 * Who waits sees renewals by a watch and asks only when the lease should be free: a killed leader is replaced after the
 * lease's duration, one that released it at once. Should the watch be behind, the answer to that question tells, and the
 * duration is waited for anew.
 */
import { AlreadyExistsError, ConflictError, type KubeClient } from "../kube/client.ts";
import { LEASES } from "../kube/core_resources.ts";
import { Deadline } from "../kube/deadline.ts";
import type { KubeObject, ObjectKey } from "../kube/object.ts";
import { JITTER_FRACTION } from "./backoff.ts";
import { type Clock, sleep, SYSTEM_CLOCK, type Timer } from "./clock.ts";
import { Informer } from "./informer.ts";
import type { Logger } from "./log.ts";
import { type Gauge, MetricsRegistry } from "./metrics.ts";

/** How a {@link LeaderElection} is made. */
export interface LeaderElectionOptions {
  client: KubeClient;
  namespace: string;
  /** The Lease's name. */
  name: string;
  /** Differs for each process: two that share one both lead. */
  identity: string;
  logger: Logger;
  /** @default the system's clock */
  clock?: Clock;
  /** @default Math.random */
  random?: () => number;
  /** @default a registry of its own */
  metrics?: MetricsRegistry;
}

/**
 * Written into the lease: how long others wait after the last change that they saw. Short, because nothing is controlled
 * for so long when a leader dies; a leader that cannot reach the server cannot write anyway, and loses little by a term.
 */
export const LEASE_DURATION_SECONDS = 4;
/** Without a renewal for this long the leader stops. The rest of the duration is for passes to finish. */
export const RENEW_DEADLINE_MS = 3_000;
/** Passes may finish for this long after the term; then they are aborted. */
export const TERM_DRAIN_MS = 500;
/** Between attempts, minus jitter. */
export const RETRY_MS = 1_000;
/** After an attempt of the leader that failed, minus jitter: its time is short. */
const RENEW_RETRY_MS = 250;

interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** Somebody else may lead from now on. What was led has ended: `run` may be called again. */
export class LostLeaseError extends Error {
  override name = "LostLeaseError";
}

/** To be run by one caller at a time. */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #clock: Clock;
  readonly #key: ObjectKey;
  readonly #leading: Gauge;
  readonly #log: Logger;
  /** As last seen, and when it was first seen so. */
  #observed: { lease: Lease | undefined; atMs: number };
  /** Our own last write, from which the next one is made without asking. */
  #held: Lease | undefined;
  #renewedAtMs = -Infinity;
  #wake: () => void = () => {};

  constructor(options: LeaderElectionOptions) {
    const { namespace, name, identity } = options;
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#key = { namespace, name };
    this.#log = options.logger.with({ lease: `${namespace}/${name}`, identity });
    this.#observed = { lease: undefined, atMs: this.#clock.monotonicMs() };
    const metrics = options.metrics ?? new MetricsRegistry();
    this.#leading = metrics.gauge("denovirt_leader", "Whether this process leads", ["lease"]);
    this.#leading.init({ lease: name });
  }

  /**
   * Waits for the lease, calls `lead` once and keeps the lease until that has ended. Its signal aborts with the given
   * one or with {@link LostLeaseError}, which is then thrown here. Resolves when `lead` has ended otherwise.
   */
  async run(lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    if (!await this.#acquire(signal)) return;
    this.#log.info("leading");
    this.#leading.set(1, { lease: this.#options.name });
    const leading = new AbortController();
    const follow = () => leading.abort(signal.reason);
    if (signal.aborted) follow();
    signal.addEventListener("abort", follow);
    const over = new AbortController();
    const renewing = this.#renew(over.signal);
    const lost = renewing.then((error) => error && leading.abort(error));
    try {
      await lead(leading.signal);
    } finally {
      over.abort();
      signal.removeEventListener("abort", follow);
      await lost;
      this.#leading.set(0, { lease: this.#options.name });
      if (await renewing === undefined) await this.#release();
    }
    const error = await renewing;
    if (error !== undefined) throw error;
  }

  async #acquire(signal: AbortSignal): Promise<boolean> {
    const over = new AbortController();
    const watching = this.#watch().run(over.signal);
    try {
      while (!signal.aborted) {
        const result = await this.#attempt(signal);
        if (result === "held") return true;
        if (result === "taken") await this.#untilFree(signal);
        else await this.#pause(RETRY_MS, signal);
      }
      return false;
    } finally {
      over.abort();
      await watching;
    }
  }

  #watch(): Informer<Lease> {
    const { client, logger, namespace, name, random } = this.#options;
    const informer = new Informer<Lease>({
      client,
      logger,
      clock: this.#clock,
      resource: LEASES,
      namespace,
      fieldSelector: `metadata.name=${name}`,
      ...(random !== undefined ? { random } : {}),
    });
    informer.addHandler((change) => {
      this.#observe(change.new);
      this.#wake();
    });
    return informer;
  }

  /** Resolves when the lease, as far as is seen from here, may be taken. */
  async #untilFree(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const leftMs = this.#leftMs(this.#observed.lease);
      if (leftMs <= 0) return;
      await new Promise<void>((resolve) => {
        const finish = () => {
          timer.cancel();
          signal.removeEventListener("abort", finish);
          this.#wake = () => {};
          resolve();
        };
        const timer = this.#clock.setTimer(finish, leftMs);
        signal.addEventListener("abort", finish);
        this.#wake = finish;
      });
    }
  }

  /** Ends with `undefined` when it is over, with the error when the lease is lost. Never rejects. */
  async #renew(over: AbortSignal): Promise<LostLeaseError | undefined> {
    const late = new AbortController();
    let watchdog = this.#watchdog(late);
    const stop = () => late.abort();
    over.addEventListener("abort", stop);
    let error: LostLeaseError | undefined;
    let pauseMs = RETRY_MS;
    while (error === undefined && !late.signal.aborted) {
      await this.#pause(pauseMs, late.signal);
      const result = late.signal.aborted ? "unknown" : await this.#attempt(late.signal);
      pauseMs = result === "held" ? RETRY_MS : RENEW_RETRY_MS;
      if (result === "taken") error = new LostLeaseError("Cannot go on leading: another took over");
      if (result !== "held") continue;
      watchdog.cancel();
      watchdog = this.#watchdog(late);
    }
    watchdog.cancel();
    over.removeEventListener("abort", stop);
    if (error !== undefined || over.aborted) return error;
    return new LostLeaseError(`Cannot go on leading: not renewed for ${RENEW_DEADLINE_MS} ms`);
  }

  #watchdog(late: AbortController): Timer {
    const leftMs = this.#renewedAtMs + RENEW_DEADLINE_MS - this.#clock.monotonicMs();
    return this.#clock.setTimer(() => late.abort(), leftMs);
  }

  async #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    const random = this.#options.random ?? Math.random;
    await sleep(this.#clock, delayMs * (1 - JITTER_FRACTION * random()), signal);
  }

  /** One try to have or keep the lease. Never throws: `unknown` is tried again. */
  async #attempt(signal: AbortSignal): Promise<"held" | "taken" | "unknown"> {
    const { client } = this.#options;
    const startMs = this.#clock.monotonicMs();
    using deadline = new Deadline({ what: "lease", parent: signal, timeoutMs: RENEW_DEADLINE_MS });
    const call = { signal: deadline.signal };
    try {
      const lease = this.#held ?? await client.get<Lease>(LEASES, this.#key, call);
      this.#observe(lease);
      if (this.#leftMs(lease) > 0) return "taken";
      const spec = this.#specAfter(lease);
      this.#held = lease === undefined
        ? await client.create<Lease>(LEASES, { ...LEASE_TYPE, metadata: this.#key, spec }, call)
        : await client.update<Lease>(LEASES, { ...lease, spec }, call);
      this.#observe(this.#held);
      this.#renewedAtMs = startMs;
      return "held";
    } catch (error) {
      this.#held = undefined;
      const race = error instanceof ConflictError || error instanceof AlreadyExistsError;
      if (!race && !signal.aborted) this.#log.warn("lease not written", { error });
      return "unknown";
    }
  }

  #observe(lease: Lease | undefined): void {
    const version = lease?.metadata.resourceVersion;
    if (version === this.#observed.lease?.metadata.resourceVersion) return;
    this.#observed = { lease, atMs: this.#clock.monotonicMs() };
  }

  /** How much longer the observed lease is another's; 0 or less: it may be taken. */
  #leftMs(lease: Lease | undefined): number {
    const { holderIdentity = "", leaseDurationSeconds = LEASE_DURATION_SECONDS } = lease?.spec ??
      {};
    if (holderIdentity === "" || holderIdentity === this.#options.identity) return 0;
    return this.#observed.atMs + leaseDurationSeconds * 1000 - this.#clock.monotonicMs();
  }

  #specAfter(lease: Lease | undefined): NonNullable<Lease["spec"]> {
    const holderIdentity = this.#options.identity;
    const renewTime = microTime(this.#clock.now());
    const { acquireTime = renewTime, leaseTransitions = 0 } = lease?.spec ?? {};
    const own = { holderIdentity, leaseDurationSeconds: LEASE_DURATION_SECONDS, renewTime };
    if (lease?.spec?.holderIdentity === holderIdentity) {
      return { ...own, acquireTime, leaseTransitions };
    }
    const transitions = lease === undefined ? 0 : leaseTransitions + 1;
    return { ...own, acquireTime: renewTime, leaseTransitions: transitions };
  }

  /** Lets the next one lead at once instead of after the duration. Best effort. */
  async #release(): Promise<void> {
    const { client, identity } = this.#options;
    using deadline = new Deadline({ what: "release of the lease", timeoutMs: RETRY_MS });
    try {
      // An interrupted renewal may or may not have been written: then the server is asked.
      const lease = this.#held ?? await client.get<Lease>(LEASES, this.#key, deadline);
      if (lease?.spec?.holderIdentity !== identity) return;
      const renewTime = microTime(this.#clock.now());
      const spec = { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime };
      await client.update(LEASES, { ...lease, spec }, deadline);
      this.#log.info("released the lease");
    } catch (error) {
      this.#log.warn("lease not released", { error });
    }
  }
}

const LEASE_TYPE = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" };

/** metav1.MicroTime wants exactly six digits. */
function microTime(date: Date): string {
  return date.toISOString().replace("Z", "000Z");
}
