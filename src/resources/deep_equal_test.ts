import assert from "node:assert/strict";
import { deepEqual } from "./deep_equal.ts";

const ROWS: [what: string, left: unknown, right: unknown, expected: boolean][] = [
  ["the same text", "a", "a", true],
  ["a number and its text", 1, "1", false],
  ["fields in another order", { a: 1, b: [{ c: 2 }] }, { b: [{ c: 2 }], a: 1 }, true],
  ["another value deep inside", { a: [{ b: 1 }] }, { a: [{ b: 2 }] }, false],
  ["null and absent", undefined, null, true],
  ["a null field and none", { a: null, b: 1 }, { b: 1 }, true],
  ["a field more", { a: 1 }, { a: 1, b: 0 }, false],
  ["a field called as what every object has", { a: 1 }, { a: 1, constructor: "x" }, false],
  ["an item more", [1], [1, 2], false],
  ["a list and an object", [], {}, false],
  ["nothing and an empty object", null, {}, false],
];

for (const [what, left, right, expected] of ROWS) {
  Deno.test(`deepEqual() tells of ${what}`, () => {
    assert.equal(deepEqual(left, right), expected);
    assert.equal(deepEqual(right, left), expected);
  });
}
