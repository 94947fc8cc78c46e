/** Reading parts of objects that may be missing or of another form. */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";

/** A member that is an object, or an empty one. */
export function part(object: JsonObject, name: string): JsonObject {
  const member = object[name];
  return isObject(member) ? member : {};
}

/** The objects of a list, or none. */
export function items(object: JsonObject, name: string): JsonObject[] {
  const member = object[name];
  return Array.isArray(member) ? member.filter(isObject) : [];
}

/** The members in the order of their names. */
export function entries(value: Json | undefined): [string, Json][] {
  return isObject(value) ? Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1) : [];
}

/** A member that is text, or none. */
export function text(object: JsonObject, name: string): string {
  const member = object[name];
  return typeof member === "string" ? member : "";
}

/** The object with a changed part, where it has that part. */
export function withPart(
  object: JsonObject,
  name: string,
  change: (part: JsonObject) => JsonObject,
): JsonObject {
  const member = object[name];
  return isObject(member) ? { ...object, [name]: change(member) } : object;
}

/** The object with each object of a list changed, where it has that list. */
export function withItems(
  object: JsonObject,
  name: string,
  change: (item: JsonObject) => JsonObject,
): JsonObject {
  const member = object[name];
  if (!Array.isArray(member)) return object;
  return { ...object, [name]: member.map((item) => isObject(item) ? change(item) : item) };
}

/** The object with members that it lacks, or has empty. */
export function filled(object: JsonObject, defaults: JsonObject): JsonObject {
  const missing = Object.entries(defaults).filter(([name]) => {
    const member = object[name];
    return member === undefined || member === null || member === "";
  });
  return missing.length === 0 ? object : { ...object, ...Object.fromEntries(missing) };
}
