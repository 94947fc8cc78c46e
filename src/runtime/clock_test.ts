import assert from "node:assert/strict";
import { sleep, SYSTEM_CLOCK, TIMER_DELAY_MS_MAX } from "./clock.ts";
import { FakeClock } from "./fake_clock.ts";

Deno.test("sleep() resolves after the delay and leaves no timer", async () => {
  const clock = new FakeClock();
  const sleeping = sleep(clock, 100, new AbortController().signal);
  clock.advance(100);
  await sleeping;
  assert.equal(clock.timerCount, 0);
});

Deno.test("sleep() resolves at once on abort and leaves no timer", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const sleeping = sleep(clock, 1e9, stop.signal);
  stop.abort();
  await sleeping;
  await sleep(clock, 1e9, stop.signal);
  assert.equal(clock.timerCount, 0);
});

Deno.test("SYSTEM_CLOCK.setTimer() does not fire a too long delay at once", async () => {
  let fired = false;
  using _timer = SYSTEM_CLOCK.setTimer(() => fired = true, 10 * TIMER_DELAY_MS_MAX);
  await new Promise<void>((resolve) => SYSTEM_CLOCK.setTimer(resolve, 5));
  assert.equal(fired, false);
});

Deno.test("SYSTEM_CLOCK.setTimer() does not call back after cancel()", async () => {
  let fired = false;
  SYSTEM_CLOCK.setTimer(() => fired = true, 1).cancel();
  await new Promise<void>((resolve) => SYSTEM_CLOCK.setTimer(resolve, 5));
  assert.equal(fired, false);
});

Deno.test("FakeClock.advance() fires timers in the order they are due, also those set on the way", () => {
  const clock = new FakeClock();
  const fired: string[] = [];
  clock.setTimer(() => fired.push("late"), 30);
  clock.setTimer(() => {
    fired.push("early");
    clock.setTimer(() => fired.push(`nested at ${clock.monotonicMs()}`), 10);
  }, 10);
  clock.advance(30);
  assert.deepEqual(fired, ["early", "nested at 20", "late"]);
});
