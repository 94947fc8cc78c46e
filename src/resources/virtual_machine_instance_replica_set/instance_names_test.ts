import assert from "node:assert/strict";
import { freeNames } from "./instance_names.ts";

const SET = { name: "web", uid: "33333333-3333-4333-8333-333333333333" };
const NONE: ReadonlySet<string> = new Set();

Deno.test("freeNames() gives the same names again, each once", () => {
  const names = freeNames(SET, { count: 1_000, taken: NONE });
  assert.equal(new Set(names).size, 1_000);
  assert.deepEqual(freeNames(SET, { count: 1_000, taken: NONE }), names);
});

Deno.test("freeNames() passes over what is taken", () => {
  const [first, second, third] = freeNames(SET, { count: 3, taken: NONE });
  assert.deepEqual(freeNames(SET, { count: 2, taken: new Set([second ?? ""]) }), [first, third]);
});

Deno.test("freeNames() are valid as a label's value, however long the set's name", () => {
  const [name] = freeNames({ ...SET, name: "x".repeat(253) }, { count: 1, taken: NONE });
  assert.equal(name?.length, 63);
});
