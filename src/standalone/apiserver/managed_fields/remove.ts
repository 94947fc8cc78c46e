/** Takes fields out of a value. */
import { isObject, type Json } from "../../../kube/json.ts";
import { atomOf, elementOf, memberType, type TypeRef } from "./atom.ts";
import type { FieldSet } from "./field_set.ts";
import { fieldElement } from "./path_element.ts";

/** The value without these fields. A part of which nothing is left becomes null. */
export function removeFields(value: Json, fields: FieldSet, type: TypeRef): Json {
  const atom = atomOf(type, value);
  if (atom.kind === "scalar") return value;
  if (atom.atomic) return null;
  if (atom.kind === "list") {
    if (!Array.isArray(value)) return null;
    const kept = value.flatMap((item) => {
      const element = elementOf(atom, item);
      if (fields.members.has(element)) return [];
      const below = fields.children.get(element);
      return [below === undefined ? item : removeFields(item, below, atom.element)];
    });
    return kept.length > 0 ? kept : null;
  }
  if (!isObject(value)) return null;
  const kept = Object.entries(value).flatMap(([name, member]): [string, Json][] => {
    const element = fieldElement(name);
    if (fields.members.has(element)) return [];
    const below = fields.children.get(element);
    const memberOf = memberType(atom, name) ?? { schema: undefined, preserve: true };
    return [[name, below === undefined ? member : removeFields(member, below, memberOf)]];
  });
  return kept.length > 0 ? Object.fromEntries(kept) : null;
}
