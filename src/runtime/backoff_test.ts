import assert from "node:assert/strict";
import { backoffMs, JITTER_FRACTION } from "./backoff.ts";

Deno.test("backoffMs() doubles from the base to the limit", () => {
  const options = { baseMs: 10, maxMs: 100, random: () => 0 };
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((n) => backoffMs(n, options)), [
    10,
    20,
    40,
    80,
    100,
    100,
  ]);
});

Deno.test("backoffMs() stays finite for any number of attempts", () => {
  assert.equal(backoffMs(1e9, { baseMs: 1, maxMs: 5, random: () => 0 }), 5);
});

Deno.test("backoffMs() takes off at most the jitter's part", () => {
  const options = { baseMs: 100, maxMs: 100, random: () => 0.999999 };
  assert.ok(backoffMs(0, options) >= 100 * (1 - JITTER_FRACTION));
  assert.ok(backoffMs(0, options) < 100);
});
