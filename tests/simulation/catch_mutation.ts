import type { ListedMutation } from "./mutations.ts";
import { type Outcome, simulateAll } from "./simulation.ts";

/** Schedules in one turn of the event loop. */
const GROUP = 10;

/** The first of so many schedules in which the invariant notices the fault; `undefined`: it is noticed in none. */
export async function catchMutation(
  { caughtBy, ...mutation }: ListedMutation,
  { from, count }: { from: number; count: number },
): Promise<Outcome | undefined> {
  // The seed that is known to do is tried alone.
  const sizes = [1, ...Array.from({ length: Math.ceil((count - 1) / GROUP) }, () => GROUP)];
  let seed = from;
  for (const size of sizes) {
    const seeds = Array.from({ length: size }, () => seed++);
    const outcomes = await simulateAll(seeds, { mutation });
    const found = outcomes.find(({ broken }) => broken.includes(caughtBy));
    if (found !== undefined) return found;
  }
  return undefined;
}
