/** What a schema says of ownership: which values are owned whole, and which by their members or elements. */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import type { Schema } from "../schema/schema.ts";
import { keyElement, type PathElement, valueElement } from "./path_element.ts";

/** The type of a value: a schema, or none, where anything may stand. */
export interface TypeRef {
  schema: Schema | undefined;
  /** Below `x-kubernetes-preserve-unknown-fields`. */
  preserve: boolean;
}

/** How one value is treated. */
export type Atom = ScalarAtom | MapAtom | ListAtom;

/** A value without parts. */
export interface ScalarAtom {
  kind: "scalar";
  type: "string" | "numeric" | "boolean" | "untyped";
}

/** An object. */
export interface MapAtom {
  kind: "map";
  atomic: boolean;
  schema: Schema | undefined;
  preserve: boolean;
}

/** A list: atomic, or with keys, or a set. */
export interface ListAtom {
  kind: "list";
  atomic: boolean;
  keys: readonly string[];
  element: TypeRef;
}

const ANYTHING: TypeRef = { schema: undefined, preserve: true };

/** The type of a whole object. */
export function rootType(schema: Schema): TypeRef {
  return { schema, preserve: false };
}

/** How a value of this type is treated. Null takes the form that its type prefers: a map. */
export function atomOf(type: TypeRef, value: Json | undefined): Atom {
  const { schema } = type;
  const preserve = type.preserve || schema?.["x-kubernetes-preserve-unknown-fields"] === true;
  switch (schema?.type) {
    case "object":
      return mapAtom(schema, preserve);
    case "array":
      return listAtom(schema, preserve);
    case "integer":
    case "number":
      return { kind: "scalar", type: "numeric" };
    case "boolean":
      return { kind: "scalar", type: "boolean" };
    case "string": {
      const plain = schema.format === undefined || schema.format === "byte";
      return { kind: "scalar", type: plain ? "string" : "untyped" };
    }
    default:
      if (Array.isArray(value)) return { kind: "list", atomic: true, keys: [], element: ANYTHING };
      if (isObject(value)) return mapAtom(schema, true);
      return { kind: "scalar", type: "untyped" };
  }
}

function mapAtom(schema: Schema | undefined, preserve: boolean): MapAtom {
  const atomic = schema?.["x-kubernetes-map-type"] === "atomic";
  return { kind: "map", atomic, schema, preserve };
}

function listAtom(schema: Schema, preserve: boolean): ListAtom {
  const element = { schema: schema.items, preserve };
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const listType = schema["x-kubernetes-list-type"];
  if (listType !== undefined) {
    return {
      kind: "list",
      atomic: listType === "atomic",
      keys: listType === "map" ? keys : [],
      element,
    };
  }
  const strategy = schema["x-kubernetes-patch-strategy"];
  const mergeKey = schema["x-kubernetes-patch-merge-key"];
  const merged = strategy === "merge" || strategy === "merge,retainKeys";
  return { kind: "list", atomic: !merged, keys: mergeKey === undefined ? [] : [mergeKey], element };
}

/** Whether the schema names the member, rather than allowing any. */
export function isNamedField(atom: MapAtom, name: string): boolean {
  const { properties } = atom.schema ?? {};
  return properties !== undefined && Object.hasOwn(properties, name);
}

/** The type of a member, or `undefined` when the schema has no place for it. */
export function memberType(atom: MapAtom, name: string): TypeRef | undefined {
  const { schema, preserve } = atom;
  if (isNamedField(atom, name)) return { schema: schema!.properties![name], preserve };
  const others = schema?.additionalProperties;
  if (typeof others === "object") return { schema: others, preserve };
  if (others === true) return ANYTHING;
  if (others === false) return undefined;
  const free = preserve || Object.keys(schema?.properties ?? {}).length === 0;
  return free ? ANYTHING : undefined;
}

/** The step to an element of a list with keys or of a set. Throws an {@link ElementError} when it has none. */
export function elementOf(atom: ListAtom, item: Json): PathElement {
  if (atom.keys.length > 0) return keyedElement(atom, item);
  const problem = isObject(item)
    ? "associative list without keys has an element that's a map type"
    : Array.isArray(item)
    ? "not supported: associative list with lists as elements"
    : item === null
    ? "associative list without keys has an element that's an explicit null"
    : undefined;
  if (problem !== undefined) throw new ElementError(problem);
  return valueElement(item);
}

function keyedElement(atom: ListAtom, item: Json): PathElement {
  if (item === null) {
    throw new ElementError("associative list with keys may not have a null element");
  }
  if (!isObject(item)) {
    throw new ElementError("associative list with keys may not have non-map elements");
  }
  const keys: JsonObject = {};
  for (const name of atom.keys) {
    const value = Object.hasOwn(item, name) ? item[name] : defaultOf(atom, name);
    if (value !== undefined) keys[name] = value;
  }
  if (Object.keys(keys).length > 0) return keyElement(keys);
  const names = atom.keys.map((name) => JSON.stringify(name)).join(" ");
  throw new ElementError(
    `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
  );
}

function defaultOf(atom: ListAtom, name: string): Json | undefined {
  return atom.element.schema?.properties?.[name]?.default as Json | undefined;
}

/** An element that cannot be told from others. */
export class ElementError extends Error {
  override name = "ElementError";
}
