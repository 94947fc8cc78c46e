/** Config maps and secrets that were declared immutable. */
import { jsonEqual, type JsonObject } from "../../../kube/json.ts";
import { type FieldError, forbidden } from "../field_error.ts";

const TEXT = "field is immutable when `immutable` is set";

/** What an update changes that must stay. */
export function validateImmutable(
  object: JsonObject,
  old: JsonObject | undefined,
  members: readonly string[],
): FieldError[] {
  if (old?.immutable !== true) return [];
  const changed = members.filter((name) => !jsonEqual(object[name] ?? null, old[name] ?? null));
  const released = object.immutable === true ? [] : [forbidden("immutable", TEXT)];
  return [...released, ...changed.map((name) => forbidden(name, TEXT))];
}
