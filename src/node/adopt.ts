import { type Clock, sleep } from "../runtime/clock.ts";
import { fence, type FenceOptions } from "./fence.ts";

export interface AdoptOptions extends FenceOptions {
  clock: Clock;
}

/** The API server is not waited for: what it has not said by then, it is asked again when the agent is at work. */
const FENCE_TIMEOUT_MS = 5_000;

/**
 * Looks at every VM directory before any status is written: the adapter takes up its connections to guests that went on
 * while the agent was away. What cannot be looked at stays unknown, and is looked at again with its VMI. Then guests that were
 * given to somebody else meanwhile are ended.
 */
export async function adoptDomains(options: AdoptOptions, signal: AbortSignal): Promise<void> {
  const { hypervisor, log } = options;
  const running: string[] = [];
  for (const uid of await hypervisor.list(signal)) {
    try {
      const domain = await hypervisor.inspect(uid, signal);
      const state = domain.kind === "present" ? { state: domain.state, reason: domain.reason } : {};
      log.info("found domain", { uid, kind: domain.kind, ...state });
      if (domain.kind === "present" && domain.state !== "shutoff") running.push(uid);
    } catch (error) {
      signal.throwIfAborted();
      log.warn("looking at a domain failed", { uid, error });
    }
  }
  await fenceAll(running, options, signal);
}

async function fenceAll(
  uids: readonly string[],
  options: AdoptOptions,
  signal: AbortSignal,
): Promise<void> {
  const enough = new AbortController();
  const asked = new AbortController();
  const asking = AbortSignal.any([signal, enough.signal]);
  const waited = sleep(options.clock, FENCE_TIMEOUT_MS, asked.signal).then(() => enough.abort());
  try {
    await Promise.all(uids.map(async (uid) => {
      try {
        await fence(uid, options, asking);
      } catch (error) {
        signal.throwIfAborted();
        options.log.warn("not known whether a guest may run: it goes on", { uid, error });
      }
    }));
  } finally {
    asked.abort();
    await waited;
  }
}
