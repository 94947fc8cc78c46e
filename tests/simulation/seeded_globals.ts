/**
 * While it is held, everything that product code could draw chance or time from belongs to the simulation: `Math.random`,
 * `crypto`, `setTimeout`, `Date`. To be held within one turn of the event loop only.
 */
import type { Timer } from "../../src/runtime/clock.ts";
import type { Random } from "./random.ts";
import type { VirtualClock } from "./virtual_clock.ts";

export function seededGlobals(random: Random, clock: VirtualClock): Disposable {
  using undo = new DisposableStack();
  const replace = (target: object, name: string, value: unknown) => {
    const before = Object.getOwnPropertyDescriptor(target, name);
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
    undo.defer(() => {
      if (before === undefined) Reflect.deleteProperty(target, name);
      else Object.defineProperty(target, name, before);
    });
  };
  replace(Math, "random", () => random.next());
  replace(crypto, "randomUUID", () => random.uuid());
  replace(
    crypto,
    "getRandomValues",
    (array: Uint8Array) => array.map(() => random.integer(0, 255)),
  );
  // Nobody reads the stacks of injected failures, and each costs as much as a whole request.
  replace(Error, "stackTraceLimit", 0);
  replace(Date, "now", () => clock.now().getTime());
  const timers = new Map<number, Timer>();
  let lastId = 0;
  replace(globalThis, "setTimeout", (callback: () => void, delayMs = 0) => {
    const id = ++lastId;
    timers.set(id, clock.setTimer(callback, delayMs));
    return id;
  });
  replace(globalThis, "clearTimeout", (id: number | undefined) => {
    if (id !== undefined) timers.get(id)?.cancel();
  });
  const held = undo.move();
  return { [Symbol.dispose]: () => held.dispose() };
}
