import assert from "node:assert/strict";
import { FakeClock } from "./fake_clock.ts";
import { Unchanged } from "./unchanged.ts";

Deno.test("Unchanged.ageMs() counts from the first look, and anew after a change", () => {
  const clock = new FakeClock();
  const unchanged = new Unchanged(clock);
  assert.equal(unchanged.ageMs("node-1", "10:00"), 0);
  clock.advance(40_000);
  assert.equal(unchanged.ageMs("node-1", "10:00"), 40_000);
  assert.equal(unchanged.ageMs("node-2", "10:00"), 0, "another thing");
  assert.equal(unchanged.ageMs("node-1", "09:00"), 0, "a change, though to an earlier time");
  clock.advance(5_000);
  assert.equal(unchanged.ageMs("node-1", "09:00"), 5_000);
  unchanged.forget("node-1");
  assert.equal(unchanged.ageMs("node-1", "09:00"), 0);
});

Deno.test("Unchanged.ageMs() does not care for the wall clock", () => {
  const clock = new FakeClock();
  const unchanged = new Unchanged(clock);
  unchanged.ageMs("node-1", "10:00");
  clock.jumpWallClock(3_600_000);
  assert.equal(unchanged.ageMs("node-1", "10:00"), 0);
});
