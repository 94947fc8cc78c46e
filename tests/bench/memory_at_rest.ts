/** Resident memory of a program that runs on V8, when it does not become less any more. */
import { waitUntil } from "../cluster/wait_until.ts";
import { residentBytes } from "./process_usage.ts";

/** V8 collects a process that rests within so long, and what is free is given back every 20 s. */
const REST_MS = 30_000;
/** For a look whether it can be measured at all. */
const LEAST_SHARE = 0.1;
const TIMEOUT_MS = 120_000;
const INTERVAL_MS = 1_000;
const FELL_BYTES = 1024 * 1024;

export type Resident = Awaited<ReturnType<typeof residentBytes>>;

/** `scale`: share of the time that it takes to be sure. */
export async function memoryAtRest(pid: number, scale: number): Promise<Resident> {
  const restMs = REST_MS * Math.min(1, Math.max(LEAST_SHARE, scale));
  let [least, sinceMs] = [Infinity, performance.now()];
  return await waitUntil({
    what: "memory to come to rest",
    timeoutMs: TIMEOUT_MS,
    intervalMs: INTERVAL_MS,
    look: () => residentBytes(pid),
    until: ({ rss }) => {
      if (rss < least - FELL_BYTES) [least, sinceMs] = [rss, performance.now()];
      return performance.now() - sinceMs > restMs;
    },
  });
}
