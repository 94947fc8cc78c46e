import assert from "node:assert/strict";
import { percentile } from "./percentile.ts";

Deno.test("percentile() answers a value that occurs", () => {
  const values = [30, 10, 20, 40];
  assert.equal(percentile(values, 0.5), 20);
  assert.equal(percentile(values, 0.99), 40);
  assert.equal(percentile([], 0.5), NaN);
});
