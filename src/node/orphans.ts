/**
 * VM directories whose VMI is not this node's any more. One whose VMI is gone (its finalizer was removed by hand, or the cluster
 * was made anew): a guest that nobody names is shut down, and its directory removed. One whose VMI was given to somebody else,
 * or made anew: its guest is ended at once (fence.ts). Either only when the API server said so.
 */
import { VIRTUAL_MACHINE_INSTANCES } from "../api/registry.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import type { DomainObservation } from "../hypervisor/hypervisor.ts";
import type { KubeObject } from "../kube/object.ts";
import { type Clock, sleep } from "../runtime/clock.ts";
import { Unchanged } from "../runtime/unchanged.ts";
import type { Informer } from "../runtime/informer.ts";
import { fence, type FenceOptions, type Standing } from "./fence.ts";

export interface OrphansOptions extends FenceOptions {
  clock: Clock;
  /** UIDs of the VMIs this node knows of: the cheap question before the dear one. */
  known: () => ReadonlySet<string>;
}

const SWEEP_INTERVAL_MS = 60_000;
/** After a sweep that failed: a guest that may not run could be among those that it did not come to. */
const RETRY_MS = 2_000;
/** The spec is gone, and the grace period with it: this is KubeVirt's default. */
const GRACE_MS = 30_000;
/** What is remembered of a domain whose power button was pressed. */
const PRESSED = "pressed";
const PAGE_SIZE = 500;

export class Orphans {
  readonly #options: OrphansOptions;
  #woken = new AbortController();
  /** Since when the power button of a domain is known to have been pressed. */
  readonly #pressed: Unchanged;

  constructor(options: OrphansOptions) {
    this.#options = options;
    this.#pressed = new Unchanged(options.clock);
  }

  /** Sweeps at once when a VMI leaves this node whose guest has not ended. */
  follow(vmis: Pick<Informer<VirtualMachineInstance>, "addHandler">, signal: AbortSignal): void {
    vmis.addHandler((change) => {
      if (change.new !== undefined || change.old === undefined || signal.aborted) return;
      void this.#left(change.old.metadata.uid, signal);
    });
  }

  /** Sweeps until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      this.#woken = new AbortController();
      const sleeping = AbortSignal.any([signal, this.#woken.signal]);
      let delayMs = SWEEP_INTERVAL_MS;
      try {
        await this.sweep(signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn("looking for orphaned domains failed", { error });
        delayMs = RETRY_MS;
      }
      await sleep(clock, delayMs, sleeping);
    }
  }

  /** One look at all directories. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { hypervisor, known } = this.#options;
    // In this order: a directory that is listed belongs to a VMI that existed before the API server is asked.
    const directories = await hypervisor.list(signal);
    const suspects = directories.filter((uid) => !known().has(uid));
    const standings = new Map<string, Standing>();
    for (const uid of suspects) standings.set(uid, await fence(uid, this.#options, signal));
    const isUnrecorded = standings.values().some((standing) => standing === "unrecorded");
    const living = isUnrecorded ? await this.#livingUids(signal) : new Set<string>();
    for (const [uid, standing] of standings) {
      if (standing === "owned" || standing === "stale" || living.has(uid)) continue;
      await this.#end(uid, await hypervisor.inspect(uid, signal), signal);
    }
  }

  async #left(uid: string, signal: AbortSignal): Promise<void> {
    try {
      const domain = await this.#options.hypervisor.inspect(uid, signal);
      const isOver = domain.kind === "absent" || domain.kind === "gone" ||
        domain.kind === "present" && domain.state === "shutoff";
      if (!isOver) this.#woken.abort();
    } catch (error) {
      if (!signal.aborted) this.#options.log.warn("looking at a domain failed", { uid, error });
    }
  }

  async #livingUids(signal: AbortSignal): Promise<Set<string>> {
    const uids = new Set<string>();
    let token: string | undefined;
    do {
      const page = await this.#options.client.list<KubeObject>(VIRTUAL_MACHINE_INSTANCES, {
        limit: PAGE_SIZE,
        signal,
        ...(token === undefined ? {} : { continue: token }),
      });
      for (const { metadata } of page.items) uids.add(metadata.uid);
      token = page.metadata.continue || undefined;
    } while (token !== undefined);
    return uids;
  }

  async #end(uid: string, domain: DomainObservation, signal: AbortSignal): Promise<void> {
    const { hypervisor, log } = this.#options;
    if (domain.kind === "unknown") {
      return log.warn("orphaned domain cannot be looked at", { uid, why: domain.why });
    }
    if (domain.kind !== "present" || domain.state === "shutoff") {
      log.info("forgetting orphaned domain", { uid });
      this.#pressed.forget(uid);
      return await hypervisor.forget(uid, signal);
    }
    const { shutdownSentAt } = domain;
    if (shutdownSentAt === undefined) {
      log.warn("shutting down orphaned domain", { uid });
      this.#pressed.ageMs(uid, PRESSED);
      return await hypervisor.shutdown(uid, signal);
    }
    if (this.#pressed.ageMs(uid, PRESSED) < GRACE_MS) return;
    log.warn("destroying orphaned domain", { uid });
    await hypervisor.destroy(uid, signal);
  }
}
