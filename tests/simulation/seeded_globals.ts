/**
 * While it is held, everything that product code could draw chance or time from belongs to the simulation: `Math.random`,
 * `crypto`, `setTimeout`, `Date`. To be held within one turn of the event loop only.
 */
import type { Timer } from "../../src/runtime/clock.ts";
import type { Random } from "./random.ts";
import type { VirtualClock } from "./virtual_clock.ts";

interface Source {
  random: Random;
  clock: VirtualClock;
  /** Timers that are set, by their number. */
  timers: Map<number, Timer>;
}

/** Absent while nobody simulates: then everything is the machine's. */
let source: Source | undefined;
/** Below 0, so that a simulated timer is never taken for one of the machine. */
let lastTimer = 0;

/** The globals are replaced once: what the engine has optimised for them would be thrown away with each replacement. */
const machine = {
  random: Math.random,
  randomUUID: crypto.randomUUID.bind(crypto),
  getRandomValues: crypto.getRandomValues.bind(crypto),
  now: Date.now,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
};

function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

replace(Math, "random", () => source === undefined ? machine.random() : source.random.next());
replace(
  crypto,
  "randomUUID",
  () => source === undefined ? machine.randomUUID() : source.random.uuid(),
);
replace(crypto, "getRandomValues", (array: Uint8Array<ArrayBuffer>) => {
  if (source === undefined) return machine.getRandomValues(array);
  const { random } = source;
  return array.map(() => random.integer(0, 255));
});
replace(Date, "now", () => source === undefined ? machine.now() : source.clock.now().getTime());
replace(
  globalThis,
  "setTimeout",
  (callback: () => void, ...rest: [delayMs?: number]): unknown => {
    if (source === undefined) return machine.setTimeout(callback, ...rest);
    const { clock, timers } = source;
    const id = --lastTimer;
    timers.set(id, clock.setTimer(callback, rest[0] ?? 0));
    return id;
  },
);
replace(globalThis, "clearTimeout", (id: unknown): void => {
  if (typeof id !== "number" || id >= 0) return machine.clearTimeout(id as number | undefined);
  source?.timers.get(id)?.cancel();
  source?.timers.delete(id);
});

export function seededGlobals(random: Random, clock: VirtualClock): Disposable {
  if (source !== undefined) throw new Error("Cannot simulate: another schedule is under way");
  const { stackTraceLimit } = Error;
  // Nobody reads the stacks of injected failures, and each costs as much as a whole request.
  Error.stackTraceLimit = 0;
  source = { random, clock, timers: new Map() };
  return {
    [Symbol.dispose]: () => {
      source = undefined;
      Error.stackTraceLimit = stackTraceLimit;
    },
  };
}
