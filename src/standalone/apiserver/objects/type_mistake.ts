/** Whether an object of a core kind has the types of its schema: what Go's JSON reader refuses. Pure. */
import { isObject, type Json } from "../../../kube/json.ts";
import type { Schema } from "../schema/schema.ts";

/** The first value of another type, in the reader's words; `undefined`: there is none. */
export function typeMistake(
  value: Json,
  schema: Schema | undefined,
  path: string,
): string | undefined {
  if (
    schema === undefined || schema["x-kubernetes-int-or-string"] ||
    schema["x-kubernetes-preserve-unknown-fields"]
  ) {
    return undefined;
  }
  if (schema.type !== undefined && !hasType(value, schema)) return mistake(value, schema, path);
  if (schema.format === "byte" && typeof value === "string") return base64Mistake(value);
  if (Array.isArray(value)) {
    return firstOf(value.map((each) => [path, each, schema.items] as const));
  }
  if (!isObject(value)) return undefined;
  const { properties, additionalProperties } = schema;
  const other = typeof additionalProperties === "object" ? additionalProperties : undefined;
  return firstOf(
    Object.entries(value).map(([name, each]) =>
      [other === undefined ? `${path}.${name}` : path, each, properties?.[name] ?? other] as const
    ),
  );
}

function firstOf(
  parts: readonly (readonly [string, Json, Schema | undefined])[],
): string | undefined {
  for (const [path, value, schema] of parts) {
    const found = typeMistake(value, schema, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

function hasType(value: Json, { type }: Schema): boolean {
  switch (type) {
    case "object":
      return isObject(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string";
    default:
      return true;
  }
}

function mistake(value: Json, { type, format }: Schema, path: string): string {
  const got = Array.isArray(value)
    ? "array"
    : typeof value === "boolean"
    ? "bool"
    : typeof value === "number" && type === "integer"
    ? `number ${value}`
    : typeof value;
  const wanted = type === "integer"
    ? format ?? "int"
    : type === "boolean"
    ? "bool"
    : type === "array"
    ? "[]"
    : type;
  return `json: cannot unmarshal ${got} into Go struct field ${path} of type ${wanted}`;
}

function base64Mistake(text: string): string | undefined {
  try {
    Uint8Array.fromBase64(text);
    return undefined;
  } catch {
    const at = /[^A-Za-z0-9+/=\r\n]/.exec(text)?.index ?? text.length - (text.length % 4);
    return `illegal base64 data at input byte ${at}`;
  }
}
