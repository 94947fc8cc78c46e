import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { Logger } from "../runtime/log.ts";

/**
 * Looks at every VM directory before any status is written: the adapter takes up its connections to guests that went on
 * while the agent was away. What cannot be looked at stays unknown, and is looked at again with its VMI.
 */
export async function adoptDomains(
  hypervisor: Hypervisor,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Promise<void> {
  for (const uid of await hypervisor.list(signal)) {
    try {
      const domain = await hypervisor.inspect(uid, signal);
      const state = domain.kind === "present" ? { state: domain.state, reason: domain.reason } : {};
      log.info("found domain", { uid, kind: domain.kind, ...state });
    } catch (error) {
      signal.throwIfAborted();
      log.warn("looking at a domain failed", { uid, error });
    }
  }
}
