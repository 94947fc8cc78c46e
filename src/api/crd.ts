/** From zod schemas to the structural schemas of CustomResourceDefinitions. Pure. */
import * as z from "zod";
import type { StructuralSchema } from "./custom_resource_definition.ts";
import { OPAQUE } from "./structural.ts";

/** Every keyword that {@link StructuralSchema} may have. Anything else is a mistake in a zod schema. */
const KEYWORDS: ReadonlySet<string> = new Set(
  [
    "type",
    "format",
    "description",
    "nullable",
    "default",
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "required",
    "properties",
    "items",
    "additionalProperties",
    "anyOf",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
  ] satisfies (keyof StructuralSchema)[],
);

/** What the API server checks of every object by itself, and upstream's schemas do not repeat. */
const CHECKED_BY_THE_SERVER: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

/** The structural schema of an object's kind. Throws when a part of it has no structural form. */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  const json = z.toJSONSchema(schema, {
    target: "openapi-3.0",
    io: "input",
    reused: "inline",
    cycles: "throw",
    override: ({ jsonSchema }) => toStructural(jsonSchema as Record<string, unknown>),
  });
  // zod's result carries a hidden property; a round trip through JSON leaves the schema alone.
  const result: unknown = sortKeys(JSON.parse(JSON.stringify(json)));
  assertStructural(result);
  if (result.required !== undefined) {
    result.required = result.required.filter((name) => !CHECKED_BY_THE_SERVER.has(name));
    if (result.required.length === 0) delete result.required;
  }
  return result;
}

function toStructural(node: Record<string, unknown>): void {
  if (node["x-kubernetes-int-or-string"] === true) {
    node["anyOf"] = [{ type: "integer" }, { type: "string" }];
    delete node["type"];
  }
  if (node[OPAQUE] === true) {
    for (const key of [OPAQUE, "properties", "required"]) delete node[key];
  }
  if (isEmptyObject(node["additionalProperties"])) delete node["additionalProperties"];
  if (isEmptyObject(node["properties"])) delete node["properties"];
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** The same value with object keys in alphabetical order, so that generated files change only where schemas do. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => a < b ? -1 : 1)
      .map(([key, child]) => [key, sortKeys(child)]),
  );
}

/** Throws a `TypeError` that names the path of the first node which a CustomResourceDefinition may not hold. */
export function assertStructural(
  node: unknown,
  path = "",
): asserts node is StructuralSchema {
  if (typeof node !== "object" || node === null || Array.isArray(node)) {
    throw notStructural(path, `must be an object: got ${JSON.stringify(node)}`);
  }
  const schema: Record<string, unknown> = { ...node };
  for (const key of Object.keys(schema)) {
    if (!KEYWORDS.has(key)) throw notStructural(path, `keyword is not allowed: got ${key}`);
  }
  if (schema["type"] === undefined && schema["x-kubernetes-int-or-string"] !== true) {
    throw notStructural(path, `must have a type: got ${JSON.stringify(Object.keys(schema))}`);
  }
  if (schema["anyOf"] !== undefined && schema["x-kubernetes-int-or-string"] !== true) {
    throw notStructural(path, "anyOf is allowed for int-or-string alone");
  }
  if (schema["properties"] !== undefined && schema["additionalProperties"] !== undefined) {
    throw notStructural(path, "must not have both properties and additionalProperties");
  }
  const properties = schema["properties"];
  if (typeof properties === "object" && properties !== null) {
    for (const [name, child] of Object.entries(properties)) {
      assertStructural(child, `${path}.${name}`);
    }
  }
  if (schema["items"] !== undefined) assertStructural(schema["items"], `${path}[]`);
  if (schema["additionalProperties"] !== undefined) {
    assertStructural(schema["additionalProperties"], `${path}{}`);
  }
}

function notStructural(path: string, reason: string): TypeError {
  return new TypeError(`Cannot use schema at ${path || "its root"}: ${reason}`);
}
