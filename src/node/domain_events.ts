import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { ObjectKey } from "../kube/object.ts";
import { type Clock, sleep } from "../runtime/clock.ts";
import type { Logger } from "../runtime/log.ts";

export interface DomainEventsOptions {
  hypervisor: Hypervisor;
  /** The VMI of a domain; `undefined`: not known here. */
  keyOf: (uid: string) => ObjectKey | undefined;
  enqueue: (key: ObjectKey) => void;
  clock: Clock;
  log: Logger;
}

const RETRY_MS = 1_000;

/** Has a VMI looked at when something happens to its domain. Until the signal aborts; never rejects. */
export async function followDomainEvents(
  { hypervisor, keyOf, enqueue, clock, log }: DomainEventsOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const { uid, state, reason } of hypervisor.events(signal)) {
        log.info("domain changed", { uid, state, reason });
        const key = keyOf(uid);
        if (key !== undefined) enqueue(key);
      }
    } catch (error) {
      if (!signal.aborted) log.warn("following domain events failed", { error });
    }
    await sleep(clock, RETRY_MS, signal);
  }
}
