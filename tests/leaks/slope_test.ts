import assert from "node:assert/strict";
import { slopeOf } from "./slope.ts";

/** The same noise in each run: a linear congruential generator. */
function noise(amplitude: number): () => number {
  let state = 42;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return (state / 2 ** 31 - 0.5) * amplitude;
  };
}

Deno.test("slopeOf() finds the line through exact measurements", () => {
  const { perStep, atLeast, atMost } = slopeOf([5, 7, 9, 11]);
  assert.deepEqual([perStep, atLeast, atMost], [2, 2, 2]);
});

Deno.test("slopeOf() is sure of growth that noise does not hide, and not of noise", () => {
  const random = noise(100);
  const flat = slopeOf(Array.from({ length: 150 }, () => 1_000 + random()));
  const growing = slopeOf(Array.from({ length: 150 }, (_, step) => 1_000 + step + random()));
  assert.ok(flat.atLeast < 0 && flat.atMost > 0, JSON.stringify(flat));
  assert.ok(growing.atLeast > 0.5 && growing.atMost < 1.5, JSON.stringify(growing));
});

Deno.test("slopeOf() refuses what no line can be drawn through", () => {
  assert.throws(() => slopeOf([1, 2]), /Cannot fit a line/);
});
