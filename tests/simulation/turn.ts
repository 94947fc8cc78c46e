/**
 * Lets promises go on until nothing is left to do but what the virtual clock holds. It is synchronous, so that a whole
 * schedule is one turn of the real event loop: nothing outside can come in between, and it costs a microsecond.
 */

interface Core {
  runMicrotasks(): void;
}

/** Runs all microtasks now. Does nothing within a microtask: callers start from {@link inTurnOfItsOwn}. */
export const runMicrotasks: () => void = microtaskRunner();

/** Calls back from a timer of the event loop, outside of any microtask. */
export function inTurnOfItsOwn<T>(run: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    setTimeout(() => {
      try {
        resolve(run());
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** An internal of the pinned Deno, which `node:process` is built on; asking a timer for it costs thirty times as much. */
function microtaskRunner(): () => void {
  const { internal } = Deno as unknown as { internal: symbol };
  const core = (Deno as unknown as Record<symbol, { core?: Partial<Core> }>)[internal]?.core;
  const run = core?.runMicrotasks;
  if (run === undefined) throw new Error("Cannot simulate: this Deno has no runMicrotasks");
  return () => run();
}
