import assert from "node:assert/strict";
import { parseGoDuration } from "./go_duration.ts";

const DURATIONS: readonly (readonly [string, number | undefined])[] = [
  ["5m0s", 300_000],
  ["1h2m3.5s", 3_723_500],
  ["250ms", 250],
  ["0", 0],
  ["0s", 0],
  ["", undefined],
  ["5", undefined],
  ["-5s", undefined],
  ["5m x", undefined],
];
for (const [text, expected] of DURATIONS) {
  Deno.test(`parseGoDuration() reads "${text}" as ${expected} ms`, () => {
    assert.equal(parseGoDuration(text), expected);
  });
}
