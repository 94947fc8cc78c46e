import assert from "node:assert/strict";
import fc from "fast-check";
import { isEqualJson, isRecord, mergePatch } from "./merge_patch.ts";

const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean());
const json = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(scalar, { maxLength: 3 }), tie("object")),
  object: fc.dictionary(fc.constantFrom("a", "b", "c", "d"), tie("value"), { maxKeys: 4 }),
})).object;

/** RFC 7386, section 2, as it is written there. */
function apply(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = apply(result[key], value);
  }
  return result;
}

Deno.test("mergePatch() turns any object into any other", () => {
  fc.assert(fc.property(json, json, (from, to) => {
    const patch = mergePatch(from, to);
    const result = patch === undefined ? from : apply(from, patch);
    assert.ok(isEqualJson(result, to), JSON.stringify({ from, to, patch, result }));
  }));
});

Deno.test("mergePatch() names only what differs and removes what is gone", () => {
  assert.deepEqual(
    mergePatch({ a: 1, b: { c: 2, d: 3 }, e: [1] }, { a: 1, b: { c: 2, d: 4 }, f: true }),
    { b: { d: 4 }, e: null, f: true },
  );
});

Deno.test("mergePatch() is undefined for equal values, null and absent fields being equal", () => {
  assert.equal(mergePatch({ a: [{ b: null }] }, { a: [{}], c: undefined }), undefined);
});
