import assert from "node:assert/strict";
import fc from "fast-check";
import { KubeError } from "../../../kube/client.ts";
import { isObject, type Json, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import type { Schema } from "../schema/schema.ts";
import { ANY_OBJECT } from "../testing/any_json.ts";
import { type Applied, type Apply, serverSideApply } from "./apply.ts";
import { FieldSet } from "./field_set.ts";
import { trackUpdate } from "./update.ts";

const LEAF: Schema = { type: "string" };
const SCHEMA: Schema = {
  type: "object",
  properties: {
    apiVersion: LEAF,
    kind: LEAF,
    metadata: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    spec: {
      type: "object",
      properties: {
        a: LEAF,
        b: { type: "object", additionalProperties: LEAF },
        c: { type: "object", "x-kubernetes-map-type": "atomic", additionalProperties: LEAF },
        name: { type: "array", "x-kubernetes-list-type": "set", items: LEAF },
        list: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
          items: {
            type: "object",
            properties: { name: LEAF, a: LEAF, b: { type: "array", items: LEAF } },
          },
        },
      },
    },
  },
};

const TEXT = fc.constantFrom("x", "y", "z");
const TEXTS = fc.uniqueArray(TEXT, { maxLength: 3 });
const MAP = fc.dictionary(TEXT, TEXT, { maxKeys: 3, noNullPrototype: true });
const SPEC = fc.record({
  a: TEXT,
  b: MAP,
  c: MAP,
  name: TEXTS,
  list: fc.uniqueArray(
    fc.record({ name: TEXT, a: TEXT, b: TEXTS }, { requiredKeys: ["name"], noNullPrototype: true }),
    { maxLength: 3, selector: (item) => item.name },
  ),
}, { requiredKeys: [], noNullPrototype: true });

function gadget(spec: unknown): JsonObject {
  return { apiVersion: "v1", kind: "Gadget", metadata: { name: "one" }, spec: spec as Json };
}

function apply(wanted: Partial<Apply> & { live: JsonObject | undefined; applied: JsonObject }) {
  const now = "2026-01-01T00:00:00Z";
  const context = { schema: SCHEMA, apiVersion: "v1", manager: "alice", force: true, now };
  return serverSideApply({ ...context, ...wanted });
}

function objectOf(applied: Applied): JsonObject {
  assert.ok("object" in applied, "conflicts with nobody");
  return applied.object;
}

Deno.test("serverSideApply() of the same again changes nothing", () => {
  fc.assert(fc.property(SPEC, SPEC, (first, second) => {
    const created = objectOf(apply({ live: undefined, applied: gadget(first), manager: "bob" }));
    const once = objectOf(apply({ live: created, applied: gadget(second) }));
    const later = { now: "2027-01-01T00:00:00Z", force: false };
    const twice = objectOf(apply({ live: once, applied: gadget(second), ...later }));
    assert.deepEqual(twice, once);
  }));
});

Deno.test("serverSideApply() gives every field that is applied, whoever forces it", () => {
  fc.assert(fc.property(SPEC, SPEC, (first, second) => {
    const created = objectOf(apply({ live: undefined, applied: gadget(first), manager: "bob" }));
    const spec = objectOf(apply({ live: created, applied: gadget(second) })).spec as JsonObject;
    const { a, c } = second;
    if (a !== undefined) assert.equal(spec.a, a);
    if (c !== undefined) assert.deepEqual(spec.c, c);
    const names = (items: unknown) => (items as { name: string }[] ?? []).map(({ name }) => name);
    const live = new Set(names(spec.list));
    assert.ok(names(second.list).every((name) => live.has(name)));
  }));
});

Deno.test("serverSideApply() by one applier alone leaves what it applied last", () => {
  fc.assert(fc.property(SPEC, SPEC, (first, second) => {
    const created = objectOf(apply({ live: undefined, applied: gadget(first) }));
    const changed = objectOf(apply({ live: created, applied: gadget(second) }));
    const fresh = objectOf(apply({ live: undefined, applied: gadget(second) }));
    const specs = [changed, fresh].map(({ spec = {} }) => hollowed(spec));
    assert.ok(jsonEqual(specs[0], specs[1]), JSON.stringify(changed));
  }));
});

/** Without empty parts: one that was emptied is gone, one that was applied empty is there. */
function hollowed(value: Json | undefined): Json {
  if (Array.isArray(value)) return value.map(hollowed);
  if (!isObject(value)) return value ?? null;
  const members = Object.entries(value).map(([name, each]) => [name, hollowed(each)] as const);
  return Object.fromEntries(members.filter(([, each]) => {
    return each !== null && (typeof each !== "object" || Object.keys(each).length > 0);
  }));
}

Deno.test("serverSideApply() answers any two objects with an object, conflicts or a KubeError", () => {
  const any = fc.oneof(ANY_OBJECT, ANY_OBJECT.map(gadget));
  fc.assert(fc.property(any, any, fc.boolean(), (live, applied, force) => {
    const before = structuredClone({ live, applied });
    try {
      const result = apply({
        live,
        applied: { ...applied, apiVersion: "v1", kind: "Gadget" },
        force,
      });
      if ("object" in result) JSON.stringify(result.object);
    } catch (error) {
      assert.ok(error instanceof KubeError, String(error));
    }
    assert.deepEqual({ live, applied }, before);
  }));
});

Deno.test("trackUpdate() answers any two objects with the second one and its managers", () => {
  const any = fc.oneof(ANY_OBJECT, ANY_OBJECT.map(gadget));
  fc.assert(fc.property(any, any, (before, after) => {
    const context = { schema: SCHEMA, apiVersion: "v1", manager: "m", now: "2026-01-01T00:00:00Z" };
    const { metadata: _, ...tracked } = trackUpdate({ before, after, ...context });
    const { metadata: __, ...wanted } = after;
    assert.deepEqual(tracked, wanted);
  }));
});

Deno.test("trackUpdate() keeps ten who update apart and puts the oldest together", () => {
  let object: JsonObject | undefined;
  for (let i = 0; i < 13; i++) {
    const spec = { b: Object.fromEntries(Array.from({ length: i + 1 }, (_, n) => [`k${n}`, "v"])) };
    const after = { ...gadget(spec), metadata: { ...object?.metadata as JsonObject, name: "one" } };
    object = trackUpdate({
      before: object,
      after,
      manager: `m${i}`,
      schema: SCHEMA,
      apiVersion: "v1",
      now: `2026-01-01T00:00:${String(i).padStart(2, "0")}Z`,
    });
  }
  const entries = (object?.metadata as { managedFields: JsonObject[] }).managedFields;
  assert.deepEqual(
    entries.map(({ manager }) => manager),
    ["ancient-changes", "m4", "m5", "m6", "m7", "m8", "m9", "m10", "m11", "m12"],
  );
  assert.deepEqual(entries[0]?.fieldsV1, {
    "f:spec": { ".": {}, "f:b": { ".": {}, "f:k0": {}, "f:k1": {}, "f:k2": {}, "f:k3": {} } },
  });
});

Deno.test("FieldSet reads what it writes", () => {
  const element = fc.oneof(
    TEXT.map((name) => `f:${name}`),
    TEXT.map((name) => `k:{"name":"${name}"}`),
    TEXT.map((value) => `v:"${value}"`),
    fc.nat(3).map((index) => `i:${index}`),
  );
  const paths = fc.array(fc.array(element, { minLength: 1, maxLength: 3 }), { maxLength: 6 });
  fc.assert(fc.property(paths, paths, (some, others) => {
    const [a, b] = [FieldSet.of(...some), FieldSet.of(...others)];
    assert.deepEqual(FieldSet.parse(a.toFields()).toFields(), a.toFields());
    const both = a.intersection(b);
    assert.deepEqual(a.difference(b).union(both).toFields(), a.toFields());
    assert.ok(
      some.every((path) => a.union(b).has(path) && a.difference(b).has(path) !== b.has(path)),
    );
  }));
});
