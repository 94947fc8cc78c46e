/**
 * One leader among replicas, by a Lease.
 *
 *   run --> waiting --- free, or unchanged for its whole duration as seen from here --> leading
 *              ^  |                                                                      |  |
 *              +--+ held by another: look again                 lead() ended: release <--+  |
 *                                     not renewed in time, or taken: abort lead(), LostLeaseError
 *
 * No clock of another machine is trusted: a lease expires when this process has not seen it change for its duration, on
 * the monotonic clock. The holder gives up earlier, counted from the start of its last successful renewal, so that there
 * is a gap between the last act of one leader and the first of the next. A process that is frozen for longer than the
 * gap and then goes on may act once more before its timer fires: writes still carry resourceVersions.
 */
import { AlreadyExistsError, ConflictError, type KubeClient } from "../kube/client.ts";
import { LEASES } from "../kube/core_resources.ts";
import { Deadline } from "../kube/deadline.ts";
import type { KubeObject, ObjectKey } from "../kube/object.ts";
import { JITTER_FRACTION } from "./backoff.ts";
import { type Clock, sleep, SYSTEM_CLOCK, type Timer } from "./clock.ts";
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

/** Written into the lease: how long others wait after the last change that they saw. */
export const LEASE_DURATION_SECONDS = 15;
/** Without a renewal for this long the leader stops. The rest of the duration is for passes to finish. */
export const RENEW_DEADLINE_MS = 10_000;
/** Between attempts, minus jitter. */
export const RETRY_MS = 2_000;

interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** Somebody else may lead from now on: end the process. */
export class LostLeaseError extends Error {
  override name = "LostLeaseError";
}

/** To be run once. */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #clock: Clock;
  readonly #key: ObjectKey;
  readonly #leading: Gauge;
  readonly #log: Logger;
  /** The version last seen, and when it was first seen. */
  #observed: { version: string | undefined; atMs: number };
  /** Our own last write, from which the next one is made without asking. */
  #held: Lease | undefined;
  #renewedAtMs = -Infinity;

  constructor(options: LeaderElectionOptions) {
    const { namespace, name, identity } = options;
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#key = { namespace, name };
    this.#log = options.logger.with({ lease: `${namespace}/${name}`, identity });
    this.#observed = { version: undefined, atMs: this.#clock.monotonicMs() };
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
    while (!signal.aborted) {
      if (await this.#attempt(signal) === "held") return true;
      await this.#pause(signal);
    }
    return false;
  }

  /** Ends with `undefined` when it is over, with the error when the lease is lost. Never rejects. */
  async #renew(over: AbortSignal): Promise<LostLeaseError | undefined> {
    const late = new AbortController();
    let watchdog = this.#watchdog(late);
    const stop = () => late.abort();
    over.addEventListener("abort", stop);
    let error: LostLeaseError | undefined;
    while (error === undefined && !late.signal.aborted) {
      await this.#pause(late.signal);
      const result = late.signal.aborted ? "unknown" : await this.#attempt(late.signal);
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

  async #pause(signal: AbortSignal): Promise<void> {
    const random = this.#options.random ?? Math.random;
    await sleep(this.#clock, RETRY_MS * (1 - JITTER_FRACTION * random()), signal);
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
      if (lease !== undefined && !this.#isFree(lease)) return "taken";
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
    if (version === this.#observed.version) return;
    this.#observed = { version, atMs: this.#clock.monotonicMs() };
  }

  #isFree({ spec = {} }: Lease): boolean {
    const { holderIdentity = "", leaseDurationSeconds = LEASE_DURATION_SECONDS } = spec;
    if (holderIdentity === "" || holderIdentity === this.#options.identity) return true;
    const unchangedMs = this.#clock.monotonicMs() - this.#observed.atMs;
    return unchangedMs >= leaseDurationSeconds * 1000;
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
