/** The form of `metadata`; what is in it is judged in `core/object_meta.ts`. Pure. */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import { badRequest } from "../status_error.ts";

/** Everything that metav1.ObjectMeta has, in its order, and the JSON type of each. */
const FIELDS: Readonly<Record<string, "string" | "integer" | "strings" | "map" | "objects">> = {
  name: "string",
  generateName: "string",
  namespace: "string",
  selfLink: "string",
  uid: "string",
  resourceVersion: "string",
  generation: "integer",
  creationTimestamp: "string",
  deletionTimestamp: "string",
  deletionGracePeriodSeconds: "integer",
  labels: "map",
  annotations: "map",
  ownerReferences: "objects",
  finalizers: "strings",
  managedFields: "objects",
};
const GO_TYPES: Readonly<Record<string, string>> = {
  string: "string",
  integer: "int64",
  strings: "[]string",
  map: "map[string]string",
  objects: "[]v1.OwnerReference",
};

/**
 * The metadata as it is kept: known fields alone, nothing empty, nothing null. `unknown` gets the paths of the others.
 * Throws a 400 for a field of another type.
 */
export function normalMeta(
  object: JsonObject,
  what: { kind: string; version: string; unknown: string[] },
): JsonObject {
  const given = object.metadata ?? {};
  if (!isObject(given)) throw wrongType(what, "metadata", given, "v1.ObjectMeta");
  const metadata: JsonObject = {};
  for (const [name, type] of Object.entries(FIELDS)) {
    const value = given[name];
    if (value === undefined || value === null) continue;
    if (!hasType(value, type)) throw wrongType(what, `metadata.${name}`, value, GO_TYPES[type]!);
    if (!isEmpty(value)) metadata[name] = value;
  }
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(FIELDS, name)) what.unknown.push(`metadata.${name}`);
  }
  return metadata;
}

function hasType(value: Json, type: string): boolean {
  if (type === "string") return typeof value === "string";
  if (type === "integer") return Number.isInteger(value);
  if (type === "map") {
    return isObject(value) && Object.values(value).every((each) => typeof each === "string");
  }
  const each = type === "strings" ? (item: Json) => typeof item === "string" : isObject;
  return Array.isArray(value) && value.every(each);
}

function isEmpty(value: Json): boolean {
  if (value === "") return true;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function wrongType(
  { kind, version }: { kind: string; version: string },
  path: string,
  value: Json,
  goType: string,
): Error {
  const got = Array.isArray(value)
    ? "array"
    : isObject(value)
    ? "object"
    : typeof value === "boolean"
    ? "bool"
    : typeof value;
  return badRequest(
    `${kind} in version ${
      JSON.stringify(version)
    } cannot be handled as a ${kind}: json: cannot unmarshal ${got} into Go struct field ObjectMeta.${path} of type ${goType}`,
  );
}
