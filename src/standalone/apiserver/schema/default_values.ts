/** Defaults that a structural schema gives, as the API server fills them in for custom resources. */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import type { Schema } from "./schema.ts";

/**
 * The object with its schema's defaults. A null where the schema allows none counts as missing: it becomes the default, or
 * goes. Changes nothing.
 */
export function applyDefaults(object: JsonObject, schema: Schema): JsonObject {
  return defaultObject(object, schema);
}

function defaultNode(value: Json, schema: Schema | undefined): Json {
  if (schema === undefined) return value;
  if (Array.isArray(value)) return value.map((item) => defaultItem(item, schema.items));
  return isObject(value) ? defaultObject(value, schema) : value;
}

function defaultItem(item: Json, schema: Schema | undefined): Json {
  if (item !== null || schema === undefined || schema.nullable) return defaultNode(item, schema);
  return schema.default === undefined ? null : defaultNode(defaultOf(schema), schema);
}

function defaultObject(value: JsonObject, schema: Schema): JsonObject {
  const properties = schema.properties ?? {};
  const others = typeof schema.additionalProperties === "object"
    ? schema.additionalProperties
    : undefined;
  const filled = new Map<string, Json>();
  for (const [name, member] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : others;
    if (member !== null || known === undefined || known.nullable) {
      filled.set(name, defaultNode(member, known));
    } else if (known.default !== undefined) {
      filled.set(name, defaultNode(defaultOf(known), known));
    }
  }
  for (const [name, known] of Object.entries(properties)) {
    if (known.default === undefined || filled.has(name)) continue;
    filled.set(name, defaultNode(defaultOf(known), known));
  }
  return Object.fromEntries(filled);
}

function defaultOf(schema: Schema): Json {
  return structuredClone(schema.default) as Json;
}
