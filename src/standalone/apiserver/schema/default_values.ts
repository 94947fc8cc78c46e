/** Defaults that a structural schema gives, as the API server fills them in for custom resources. */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import type { Schema } from "./schema.ts";

/**
 * The object with its schema's defaults. A null where the schema allows none counts as missing: it becomes the default, or
 * goes. Of Kubernetes' own kinds empty lists and maps go too, as they do on their way through a Go type. Changes nothing.
 */
export function applyDefaults(object: JsonObject, schema: Schema): JsonObject {
  return defaultObject(object, schema, schema.typed === true);
}

function defaultNode(value: Json, schema: Schema | undefined, typed: boolean): Json {
  if (schema === undefined) return value;
  if (Array.isArray(value)) return value.map((item) => defaultItem(item, schema.items, typed));
  return isObject(value) ? defaultObject(value, schema, typed) : value;
}

function defaultItem(item: Json, schema: Schema | undefined, typed: boolean): Json {
  if (item !== null || schema === undefined || schema.nullable) {
    return defaultNode(item, schema, typed);
  }
  return schema.default === undefined ? null : defaultNode(defaultOf(schema), schema, typed);
}

function defaultObject(value: JsonObject, schema: Schema, typed: boolean): JsonObject {
  const properties = schema.properties ?? {};
  const others = typeof schema.additionalProperties === "object"
    ? schema.additionalProperties
    : undefined;
  const filled = new Map<string, Json>();
  for (const [name, member] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : others;
    if (member !== null || known === undefined || known.nullable) {
      const kept = defaultNode(member, known, typed);
      // An empty list of managers is a wish: to forget them.
      const optional = typed && known !== undefined && !schema.required?.includes(name) &&
        name !== "managedFields";
      if (!optional || !isHollow(kept, known)) filled.set(name, kept);
    } else if (known.default !== undefined) {
      filled.set(name, defaultNode(defaultOf(known), known, typed));
    }
  }
  for (const name of defaultedMembers(schema)) {
    if (filled.has(name)) continue;
    const known = properties[name]!;
    filled.set(name, defaultNode(defaultOf(known), known, typed));
  }
  return Object.fromEntries(filled);
}

const defaulted = new WeakMap<Schema, string[]>();

function defaultedMembers(schema: Schema): string[] {
  let names = defaulted.get(schema);
  if (names === undefined) {
    const members = Object.entries(schema.properties ?? {});
    names = members.filter(([, member]) => member.default !== undefined).map(([name]) => name);
    defaulted.set(schema, names);
  }
  return names;
}

function isHollow(value: Json, { type, properties }: Schema): boolean {
  if (Array.isArray(value)) return value.length === 0;
  const isMap = type === "object" && properties === undefined;
  return isMap && isObject(value) && Object.keys(value).length === 0;
}

function defaultOf(schema: Schema): Json {
  return structuredClone(schema.default) as Json;
}
