/** RFC 7386 merge patches between two JSON values: the smallest write that turns one into the other. */

type Json = unknown;

/** `undefined` when nothing differs. A field that is absent or undefined in `to` is removed. */
export function mergePatch(from: Json, to: Json): Json | undefined {
  if (isEqualJson(from, to)) return undefined;
  if (!isRecord(from) || !isRecord(to)) return to;
  const patch: Record<string, Json> = {};
  for (const key of Object.keys(from)) {
    if (from[key] !== undefined && to[key] === undefined) patch[key] = null;
  }
  for (const key of Object.keys(to)) {
    if (to[key] === undefined) continue;
    const change = from[key] === undefined ? to[key] : mergePatch(from[key], to[key]);
    if (change !== undefined) patch[key] = change;
  }
  return patch;
}

/** Equality of JSON values; an absent field, an undefined one and (as API servers prune it) a null one are the same. */
export function isEqualJson(a: Json, b: Json): boolean {
  if (a === b || (a ?? null) === (b ?? null)) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isEqualJson(item, b[index]));
  }
  if (!isRecord(a) || !isRecord(b)) return false;
  return Object.keys(a).every((key) => isEqualJson(a[key], b[key])) &&
    Object.keys(b).every((key) => Object.hasOwn(a, key) || (b[key] ?? null) === null);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
