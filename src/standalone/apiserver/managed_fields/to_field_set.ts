/** Which fields a value has. */
import { isObject, type Json } from "../../../kube/json.ts";
import { atomOf, elementOf, isNamedField, memberType, type TypeRef } from "./atom.ts";
import { FieldSet } from "./field_set.ts";
import { fieldElement, type PathElement } from "./path_element.ts";

/** The fields of a value that {@link checkTyped} let pass. */
export function toFieldSet(value: Json, type: TypeRef): FieldSet {
  const set = new FieldSet();
  collect(value, type, { path: [], set });
  return set;
}

interface Walk {
  path: PathElement[];
  set: FieldSet;
}

function collect(value: Json, type: TypeRef, { path, set }: Walk): void {
  const atom = atomOf(type, value);
  if (atom.kind === "scalar" || atom.atomic) return set.insert(path);
  if (atom.kind === "list") {
    if (!Array.isArray(value)) return;
    const counts = new Map<PathElement, number>();
    const elements = value.map((item) => elementOf(atom, item));
    for (const element of elements) counts.set(element, (counts.get(element) ?? 0) + 1);
    value.forEach((item, index) => {
      const below = [...path, elements[index]!];
      if (counts.get(elements[index]!) === 1) collect(item, atom.element, { path: below, set });
      set.insert(below);
    });
    return;
  }
  if (!isObject(value)) return;
  for (const [name, member] of Object.entries(value)) {
    const below = [...path, fieldElement(name)];
    const memberOf = memberType(atom, name);
    if (memberOf !== undefined) collect(member, memberOf, { path: below, set });
    const hollow = member === null || (isObject(member) && Object.keys(member).length === 0);
    if (hollow || !isNamedField(atom, name)) set.insert(below);
  }
}

/** The set with the members that it passes through and that the schema names. */
export function withNamedFields(set: FieldSet, type: TypeRef): FieldSet {
  const atom = atomOf(type, {});
  const result = new FieldSet();
  for (const element of set.members) result.members.add(element);
  for (const [element, child] of set.children) {
    const name = element.slice(2);
    let below: TypeRef = { schema: undefined, preserve: true };
    if (element.startsWith("f:") && atom.kind === "map") {
      if (isNamedField(atom, name)) result.members.add(element);
      below = memberType(atom, name) ?? below;
    } else if (element.startsWith("k:") && atom.kind === "list") {
      below = atom.element;
    }
    result.children.set(element, withNamedFields(child, below));
  }
  return result;
}
