/** JSON values, as far as a store needs them. */

/** Anything that JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
/** A JSON object. */
export type JsonObject = { [name: string]: Json };

/** Whether the value is a JSON object, not an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Deep equality, whatever the order of names. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => jsonEqual(item, b[i]));
  }
  if (!isObject(a) || !isObject(b)) return a === b;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && jsonEqual(a[name], b[name]));
}
