/** JSON Merge Patch (RFC 7386). */
import { isObject, type Json, type JsonObject } from "./json.ts";

/** The target with the patch applied: `null` removes, objects merge, everything else replaces. Changes nothing. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}
