import assert from "node:assert/strict";
import fc from "fast-check";
import { type Json, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import { ANY_OBJECT } from "../testing/any_json.ts";
import { validateCustomResource } from "./custom_resource.ts";
import { decodeJson, JSON_DEPTH_MAX } from "./decode_json.ts";
import { applyDefaults } from "./default_values.ts";
import { fieldProblems, strictError } from "./field_validation.ts";
import { prune } from "./prune.ts";
import { linkSchemas, type Schema } from "./schema.ts";

const SCHEMA: Schema = {
  type: "object",
  properties: {
    a: { type: "string", default: "x", pattern: "^x", maxLength: 3 },
    b: {
      type: "object",
      properties: { a: { type: "integer", default: 1, minimum: 0 } },
      additionalProperties: { type: "string", nullable: true },
    },
    c: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    list: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      items: { type: "object", properties: { name: { type: "string", default: "n" } } },
      "x-kubernetes-validations": [{ rule: "self.all(item, item.name != 'z')" }],
    },
  },
};

Deno.test("prune() and applyDefaults() are done the second time, and change no argument", () => {
  fc.assert(fc.property(ANY_OBJECT, (object) => {
    const before = structuredClone(object);
    const { object: pruned } = prune(object, SCHEMA);
    assert.deepEqual(prune(pruned, SCHEMA), { object: pruned, unknown: [] });
    const filled = applyDefaults(pruned, SCHEMA);
    assert.deepEqual(applyDefaults(filled, SCHEMA), filled);
    assert.deepEqual(object, before);
  }));
});

Deno.test("validateCustomResource() finds causes in anything, and throws nothing", () => {
  fc.assert(fc.property(ANY_OBJECT, fc.option(ANY_OBJECT, { nil: undefined }), (object, old) => {
    const errors = validateCustomResource({
      object,
      old,
      schema: SCHEMA,
      group: "a.example",
      version: "v1",
      kind: "A",
      namespaced: true,
    });
    assert.ok(errors.length > 0);
    for (const { field, detail } of errors) {
      assert.equal(typeof field + typeof detail, "stringstring");
    }
  }));
});

Deno.test("prune() names what it drops", () => {
  const object = {
    kind: "A",
    a: "x",
    zz: 1,
    b: { a: 1, other: "y" },
    c: { any: { thing: 1 } },
    list: [{ name: "a", odd: 1 }, { odd: { x: 1 } }],
  };
  assert.deepEqual(prune(object, SCHEMA), {
    object: {
      kind: "A",
      a: "x",
      b: { a: 1, other: "y" },
      c: { any: { thing: 1 } },
      list: [{ name: "a" }, {}],
    },
    unknown: ["list[0].odd", "list[1].odd", "zz"],
  });
});

Deno.test("decodeJson() names members that are given twice", () => {
  const text =
    '{"a":1,"b":{"c":[{"d":1,"d":2},3,"\\"}"],"c":[]},"a":{"x":"\\u0061","x":2},"e":true}';
  assert.deepEqual(decodeJson(text), {
    value: { a: { x: 2 }, b: { c: [] }, e: true },
    duplicates: ["b.c[0].d", "b.c", "a", "a.x"],
  });
});

Deno.test("decodeJson() reads what JSON.parse reads, and finds nothing twice in what JSON.stringify writes", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.nat(3), (value, spaces) => {
    const text = JSON.stringify(value, null, spaces);
    const decoded = decodeJson(text);
    assert.ok(jsonEqual(decoded.value, JSON.parse(text)));
    assert.deepEqual(decoded.duplicates, []);
  }));
});

Deno.test("decodeJson() refuses what is no JSON, or nested too deep", () => {
  for (const text of ["", "{", '{"a":}', "[1,]", "nul", '"', "1 2"]) {
    assert.throws(() => decodeJson(text), SyntaxError, text);
  }
  const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.equal(decodeJson(deep(JSON_DEPTH_MAX)).duplicates.length, 0);
  assert.throws(() => decodeJson(deep(JSON_DEPTH_MAX + 2)), SyntaxError);
});

Deno.test("strictError() lists the problems of a body in kube-apiserver's words", () => {
  const problems = fieldProblems({ duplicates: ["spec.a"], unknown: ["spec.b"] });
  const { code, status } = strictError({ kind: "VirtualMachine", version: "v1" }, problems);
  assert.equal(code, 400);
  assert.equal(
    status.message,
    'VirtualMachine in version "v1" cannot be handled as a VirtualMachine: strict decoding error: duplicate field "spec.a", unknown field "spec.b"',
  );
});

Deno.test("linkSchemas() lets what stands beside a reference win, and refuses circles", () => {
  const schemas = linkSchemas({
    A: {
      type: "object",
      properties: {
        b: { allOf: [{ $ref: "#/components/schemas/B" }], default: {}, description: "own" },
        c: { type: "array", items: { $ref: "#/components/schemas/B" } },
      },
    },
    B: { type: "object", description: "B", properties: { x: { type: "string" } } },
  });
  const { b, c } = schemas.A!.properties!;
  assert.equal(b?.description, "own");
  assert.deepEqual(b?.default as Json, {});
  assert.equal(c?.items?.description, "B");
  assert.throws(() => linkSchemas({ A: { items: { $ref: "#/components/schemas/A" } } }), TypeError);
  assert.throws(() => linkSchemas({ A: { items: { $ref: "#/components/schemas/C" } } }), TypeError);
});

Deno.test("applyDefaults() of a core kind makes of an object what its Go type writes", () => {
  const schema: Schema = { ...SCHEMA, typed: true };
  const object: JsonObject = { b: {}, list: [], c: null };
  assert.deepEqual(applyDefaults(object, schema), { a: "x", b: { a: 1 } });
});
