import assert from "node:assert/strict";
import * as z from "zod";
import { assertStructural, structuralSchema } from "./crd.ts";
import { customResourceDefinition, withoutDescriptions } from "./custom_resource_definition.ts";
import { ObjectMeta, TemplateMeta } from "./k8s_meta.ts";
import { Quantity } from "./quantity_schema.ts";
import { VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "./registry.ts";
import {
  atomicList,
  int32,
  int64,
  IntOrString,
  mapList,
  openEnum,
  optional,
  setList,
  stringMap,
  Time,
} from "./structural.ts";

/** Each construct in use, with the schema that the API server gets for it. */
const CONSTRUCTS: readonly (readonly [string, z.ZodType, object])[] = [
  ["an integer", int64(), { type: "integer", format: "int64" }],
  [
    "a bounded integer",
    int32({ minimum: 1, maximum: 9 }),
    { type: "integer", format: "int32", minimum: 1, maximum: 9 },
  ],
  ["a float", z.number(), { type: "number" }],
  ["an open enumeration", openEnum("a", "b"), { type: "string", enum: ["a", "b"] }],
  ["a time", Time, { type: "string", format: "date-time" }],
  ["a nullable time", Time.nullable(), { type: "string", format: "date-time", nullable: true }],
  ["an int-or-string", IntOrString, {
    "anyOf": [{ type: "integer" }, { type: "string" }],
    "x-kubernetes-int-or-string": true,
  }],
  ["an empty object", z.object({}), { type: "object" }],
  ["an object of any fields", z.looseObject({}), { type: "object" }],
  ["a string map", stringMap(), { type: "object", additionalProperties: { type: "string" } }],
  ["object metadata", ObjectMeta, { type: "object" }],
  ["template metadata", TemplateMeta.nullable(), {
    "type": "object",
    "nullable": true,
    "x-kubernetes-preserve-unknown-fields": true,
  }],
  ["an atomic list", atomicList(z.string()).max(3), {
    "type": "array",
    "items": { type: "string" },
    "maxItems": 3,
    "x-kubernetes-list-type": "atomic",
  }],
  ["a set", setList(z.string()), {
    "type": "array",
    "items": { type: "string" },
    "x-kubernetes-list-type": "set",
  }],
  ["a map list", mapList(z.object({ name: z.string() }), "name"), {
    "type": "array",
    "items": { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
  }],
  ["optional and required fields", z.object({ a: optional(z.boolean()), b: z.boolean() }), {
    type: "object",
    properties: { a: { type: "boolean" }, b: { type: "boolean" } },
    required: ["b"],
  }],
];

for (const [name, schema, expected] of CONSTRUCTS) {
  Deno.test(`structuralSchema() of ${name}`, () => {
    assert.deepEqual(structuralSchema(schema), expected);
  });
}

Deno.test("structuralSchema() keeps a field's own description over its type's", () => {
  const inner = z.object({ a: z.string() }).describe("inner");
  const schema = structuralSchema(z.object({ inner: optional(inner).describe("outer") }));
  assert.equal(schema.properties?.["inner"]?.description, "outer");
});

Deno.test("structuralSchema() keeps the grammar of quantities", () => {
  assert.match(structuralSchema(Quantity).pattern ?? "", /KMGTPE/);
});

Deno.test("structuralSchema() leaves apiVersion, kind and metadata to the API server", () => {
  const shape = { apiVersion: z.string(), kind: z.string(), metadata: ObjectMeta };
  assert.equal(structuralSchema(z.object(shape)).required, undefined);
  assert.deepEqual(structuralSchema(z.object({ ...shape, spec: z.object({}) })).required, ["spec"]);
});

Deno.test("structuralSchema() sorts keys, so that generated files are stable", () => {
  const schema = structuralSchema(z.object({ b: z.string(), a: z.string() }));
  assert.deepEqual(Object.keys(schema), ["properties", "required", "type"]);
  assert.deepEqual(Object.keys(schema.properties ?? {}), ["a", "b"]);
});

/** What zod can say and a CustomResourceDefinition cannot. */
const NOT_STRUCTURAL: readonly (readonly [string, z.ZodType])[] = [
  ["a union", z.union([z.string(), z.boolean()])],
  ["a discriminated union", z.discriminatedUnion("t", [z.object({ t: z.literal("a") })])],
  ["a reference", z.string().meta({ id: "Name" })],
  ["a read-only object", z.object({ a: z.string() }).readonly()],
  ["a strict object", z.strictObject({ a: z.string() })],
  ["anything", z.unknown()],
  ["a recursive object", recursive()],
  ["a date", z.date()],
];

function recursive(): z.ZodType {
  const node: z.ZodType = z.object({ children: z.array(z.lazy(() => node)) });
  return node;
}

for (const [name, schema] of NOT_STRUCTURAL) {
  Deno.test(`structuralSchema() refuses ${name}`, () => {
    assert.throws(() => structuralSchema(z.object({ field: schema })));
  });
}

Deno.test("assertStructural() names the path of what it refuses", () => {
  const bad = { type: "object", properties: { a: { type: "array", items: { oneOf: [] } } } };
  assert.throws(() => assertStructural(bad), {
    name: "TypeError",
    message: "Cannot use schema at .a[]: keyword is not allowed: got oneOf",
  });
});

Deno.test("withoutDescriptions() keeps a field that is called description", () => {
  const schema = structuralSchema(z.object({ description: z.string().describe("text") }));
  assert.deepEqual(withoutDescriptions(schema), {
    type: "object",
    properties: { description: { type: "string" } },
    required: ["description"],
  });
});

const SPEC = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  spec: z.object({}).describe("x"),
});
const schemaOfSpec = () => structuralSchema(SPEC);

/** The part of a CustomResourceDefinition that the tests below read. */
const Versions = z.object({
  spec: z.object({
    versions: z.array(z.looseObject({
      name: z.string(),
      storage: z.boolean(),
      deprecated: optional(z.boolean()),
      subresources: optional(z.unknown()),
      schema: z.unknown(),
    })),
  }),
});

Deno.test("customResourceDefinition() stores v1, and serves v1alpha3 as deprecated", () => {
  const { versions } =
    Versions.parse(customResourceDefinition(VIRTUAL_MACHINES, schemaOfSpec)).spec;
  assert.deepEqual(
    versions.map(({ name, storage, deprecated }) => ({ name, storage, deprecated })),
    [
      { name: "v1", storage: true, deprecated: undefined },
      { name: "v1alpha3", storage: false, deprecated: true },
    ],
  );
});

Deno.test("customResourceDefinition() describes fields in the storage version alone", () => {
  const { versions } =
    Versions.parse(customResourceDefinition(VIRTUAL_MACHINES, schemaOfSpec)).spec;
  const [v1, v1alpha3] = versions.map((version) => JSON.stringify(version.schema));
  assert.match(v1 ?? "", /"description":"x"/);
  assert.doesNotMatch(v1alpha3 ?? "", /description/);
});

Deno.test("customResourceDefinition() gives a status subresource to VMs and not to VMIs", () => {
  const subresources = [VIRTUAL_MACHINES, VIRTUAL_MACHINE_INSTANCES].map((resource) =>
    Versions.parse(customResourceDefinition(resource, schemaOfSpec)).spec.versions
      .map((version) => version.subresources)
  );
  const status = { status: {} };
  assert.deepEqual(subresources, [[status, status], [undefined, undefined]]);
});
