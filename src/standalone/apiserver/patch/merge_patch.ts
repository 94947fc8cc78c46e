/** JSON Merge Patch (RFC 7386), as the API server does it: nulls of objects in lists go too. */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import { goJsonKind } from "./go_text.ts";
import { badRequest } from "../status_error.ts";

/** Nesting that is followed; encoding/json stops there too. */
const DEPTH_MAX = 10_000;

/**
 * The object with the patch applied: `null` removes, objects merge, everything else replaces. Changes neither argument.
 * Throws a 400 when the patch is no object.
 */
export function applyMergePatch(object: JsonObject, patch: unknown): JsonObject {
  if (!isObject(patch)) {
    const got = goJsonKind(patch);
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${got} into Go value of type map[string]interface {}`,
    );
  }
  return merge(object, patch, 0) as JsonObject;
}

function merge(target: Json | undefined, patch: Json, depth: number): Json {
  if (depth > DEPTH_MAX) throw badRequest("Invalid JSON Patch");
  if (Array.isArray(patch)) return patch.map((item) => merge(undefined, item, depth + 1));
  if (!isObject(patch)) return patch;
  const result = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, merge(result.get(name), value, depth + 1));
  }
  return Object.fromEntries(result);
}
