/** What is left of a burst, such as the start or many guests at once, goes back to the machine soon. */
import { type Clock, sleep } from "../runtime/clock.ts";

/** Each time takes a millisecond or two, and what code is used then is mapped anew. */
const INTERVAL_MS = 20_000;

/** Until the signal aborts. */
export async function giveBackMemory(
  { native, clock }: { native: { giveBackMemory(): Promise<void> }; clock: Clock },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await native.giveBackMemory();
    await sleep(clock, INTERVAL_MS, signal);
  }
}
