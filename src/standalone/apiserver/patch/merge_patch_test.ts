import assert from "node:assert/strict";
import fc from "fast-check";
import { KubeError } from "../../../kube/client.ts";
import { ANY_JSON, ANY_OBJECT } from "../testing/any_json.ts";
import { applyMergePatch } from "./merge_patch.ts";

Deno.test("applyMergePatch() does the examples of RFC 7386, appendix A, whose target and patch are objects", () => {
  const examples = [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ] as const;
  for (const [target, patch, want] of examples) {
    assert.deepEqual(applyMergePatch(structuredClone(target) as never, patch), want);
  }
});

Deno.test("applyMergePatch() refuses a patch that is no object with 400", () => {
  for (const patch of [[], null, 1, "a"]) {
    assert.throws(
      () => applyMergePatch({}, patch),
      (error) => error instanceof KubeError && error.code === 400,
    );
  }
});

Deno.test("applyMergePatch() is idempotent, and changes no argument", () => {
  fc.assert(fc.property(ANY_OBJECT, ANY_OBJECT, (object, patch) => {
    const before = structuredClone({ object, patch });
    const once = applyMergePatch(object, patch);
    assert.deepEqual(applyMergePatch(once, patch), once);
    assert.deepEqual({ object, patch }, before);
  }));
});

Deno.test("applyMergePatch() answers any patch with an object or a KubeError", () => {
  fc.assert(fc.property(ANY_OBJECT, ANY_JSON, (object, patch) => {
    try {
      assert.equal(typeof applyMergePatch(object, patch), "object");
    } catch (error) {
      assert.ok(error instanceof KubeError, String(error));
    }
  }));
});
