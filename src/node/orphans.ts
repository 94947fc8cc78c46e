/**
 * VM directories whose VMI is gone: its finalizer was removed by hand, or the cluster was made anew. A guest that nobody
 * names is shut down, and its directory removed; but only when the API server said that there is no such VMI.
 */
import { VIRTUAL_MACHINE_INSTANCES } from "../api/registry.ts";
import type { DomainObservation, Hypervisor } from "../hypervisor/hypervisor.ts";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject } from "../kube/object.ts";
import { type Clock, sleep } from "../runtime/clock.ts";
import type { Logger } from "../runtime/log.ts";

export interface OrphansOptions {
  client: KubeClient;
  hypervisor: Hypervisor;
  clock: Clock;
  log: Logger;
  /** UIDs of the VMIs this node knows of: the cheap question before the dear one. */
  known: () => ReadonlySet<string>;
}

const SWEEP_INTERVAL_MS = 60_000;
/** The spec is gone, and the grace period with it: this is KubeVirt's default. */
const GRACE_MS = 30_000;
const PAGE_SIZE = 500;

export class Orphans {
  readonly #options: OrphansOptions;
  /** When each orphan's power button was first pressed, by UID. */
  readonly #shutdownSentAtMs = new Map<string, number>();

  constructor(options: OrphansOptions) {
    this.#options = options;
  }

  /** Sweeps until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      try {
        await this.sweep(signal);
      } catch (error) {
        if (!signal.aborted) log.warn("looking for orphaned domains failed", { error });
      }
      await sleep(clock, SWEEP_INTERVAL_MS, signal);
    }
  }

  /** One look at all directories. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { hypervisor, known } = this.#options;
    // In this order: a directory that is listed belongs to a VMI that existed before the API server is asked.
    const directories = await hypervisor.list(signal);
    const suspects = directories.filter((uid) => !known().has(uid));
    for (const uid of this.#shutdownSentAtMs.keys()) {
      if (!suspects.includes(uid)) this.#shutdownSentAtMs.delete(uid);
    }
    if (suspects.length === 0) return;
    const living = await this.#livingUids(signal);
    for (const uid of suspects) {
      if (living.has(uid)) continue;
      await this.#end(uid, await hypervisor.inspect(uid, signal), signal);
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
    const { clock, hypervisor, log } = this.#options;
    if (domain.kind === "unknown") {
      return log.warn("orphaned domain cannot be looked at", { uid, why: domain.why });
    }
    const runs = domain.kind === "present" && domain.state !== "shutoff";
    if (!runs) {
      log.info("forgetting orphaned domain", { uid });
      return await hypervisor.forget(uid, signal);
    }
    const sentAtMs = this.#shutdownSentAtMs.get(uid);
    if (sentAtMs === undefined) {
      log.warn("shutting down orphaned domain", { uid });
      this.#shutdownSentAtMs.set(uid, clock.monotonicMs());
      return await hypervisor.shutdown(uid, signal);
    }
    if (clock.monotonicMs() - sentAtMs < GRACE_MS) return;
    log.warn("destroying orphaned domain", { uid });
    await hypervisor.destroy(uid, signal);
  }
}
