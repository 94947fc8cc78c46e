import assert from "node:assert/strict";
import fc from "fast-check";
import { KubeError } from "../../../kube/client.ts";
import { type Json, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import { ANY_JSON, ANY_OBJECT } from "../testing/any_json.ts";
import { applyJsonPatch } from "./json_patch.ts";

interface Case {
  name: string;
  object: JsonObject;
  patch: Json;
  want: JsonObject;
}

const DONE: Case[] = [
  {
    name: "add to a list, at its end and to an object",
    object: { list: [1, 2] },
    patch: [
      { op: "add", path: "/list/1", value: 9 },
      { op: "add", path: "/list/-", value: 3 },
      { op: "add", path: "/a~1b~0", value: null },
    ],
    want: { list: [1, 9, 2, 3], "a/b~": null },
  },
  {
    name: "remove, also counted from the end",
    object: { list: [1, 2, 3], a: 1 },
    patch: [{ op: "remove", path: "/a" }, { op: "remove", path: "/list/-1" }],
    want: { list: [1, 2] },
  },
  {
    name: "replace, also what is not there",
    object: { list: [1], a: { b: 1 } },
    patch: [
      { op: "replace", path: "/list/0", value: 2 },
      { op: "replace", path: "/a/new", value: 3 },
    ],
    want: { list: [2], a: { b: 1, new: 3 } },
  },
  {
    name: "move within a list",
    object: { list: ["a", "b", "c"] },
    patch: [{ op: "move", from: "/list/0", path: "/list/2" }],
    want: { list: ["b", "c", "a"] },
  },
  {
    name: "copy a value, not a reference",
    object: { a: { b: 1 } },
    patch: [{ op: "copy", from: "/a", path: "/c" }, { op: "replace", path: "/c/b", value: 2 }],
    want: { a: { b: 1 }, c: { b: 2 } },
  },
  {
    name: "test takes what is missing for null",
    object: { a: 1 },
    patch: [{ op: "test", path: "/missing", value: null }, { op: "test", path: "/a", value: 1 }],
    want: { a: 1 },
  },
];

for (const { name, object, patch, want } of DONE) {
  Deno.test(`applyJsonPatch() does: ${name}`, () => {
    assert.deepEqual(applyJsonPatch(object, patch), want);
  });
}

const REFUSED: [string, Json, number][] = [
  ["a failed test", [{ op: "test", path: "/a", value: 2 }], 422],
  ["removal of what is not there", [{ op: "remove", path: "/missing" }], 422],
  ["a path below what is not there", [{ op: "add", path: "/x/y", value: 1 }], 422],
  ["an index past the end", [{ op: "add", path: "/list/2", value: 1 }], 422],
  ["an operation that is none", [{ op: "merge", path: "/a" }], 422],
  ["a list in place of the object", [{ op: "replace", path: "", value: [] }], 422],
  ["an operation without path", [{ op: "remove" }], 422],
  ["what is no list", { op: "add" }, 400],
  ["what is no list of operations", ["add"], 400],
  ["too many operations", Array(10_001).fill({ op: "test", path: "/a", value: 1 }), 413],
];

for (const [name, patch, code] of REFUSED) {
  Deno.test(`applyJsonPatch() refuses ${name} with ${code}`, () => {
    assert.throws(
      () => applyJsonPatch({ a: 1, list: [0] }, patch),
      (error) => error instanceof KubeError && error.code === code,
    );
  });
}

const POINTER = fc.array(fc.constantFrom("a", "b", "0", "-1", "-", "__proto__", "~0", "~1"), {
  maxLength: 4,
}).map((names) => names.map((name) => `/${name}`).join(""));
const OPERATION = fc.record(
  {
    op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test"),
    path: POINTER,
    from: POINTER,
    value: ANY_JSON,
  },
  { requiredKeys: ["op"], noNullPrototype: true },
);

Deno.test("applyJsonPatch() answers any patch with JSON or a KubeError, and changes no argument", () => {
  const patches = fc.oneof(fc.array(OPERATION, { maxLength: 6 }), ANY_JSON);
  fc.assert(fc.property(ANY_OBJECT, patches, (object, patch) => {
    const before = structuredClone({ object, patch });
    try {
      const result = applyJsonPatch(object, patch);
      assert.ok(jsonEqual(JSON.parse(JSON.stringify(result)), result));
    } catch (error) {
      assert.ok(error instanceof KubeError, String(error));
    }
    assert.deepEqual({ object, patch }, before);
  }));
});
