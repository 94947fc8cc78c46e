/** Which fields differ between two values of one type. */
import { isObject, type Json, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import {
  type Atom,
  atomOf,
  elementOf,
  type ListAtom,
  type MapAtom,
  memberType,
  type TypeRef,
} from "./atom.ts";
import { FieldSet } from "./field_set.ts";
import { fieldElement, type PathElement } from "./path_element.ts";

/** The fields that the second value lacks, has otherwise, and has anew. */
export interface Comparison {
  removed: FieldSet;
  modified: FieldSet;
  added: FieldSet;
}

/** Compares two values. */
export function compareTyped(before: Json, after: Json, type: TypeRef): Comparison {
  const comparison = {
    removed: new FieldSet(),
    modified: new FieldSet(),
    added: new FieldSet(),
  };
  compare(before, after, { type, path: [], comparison });
  return comparison;
}

interface Walk {
  type: TypeRef;
  path: PathElement[];
  comparison: Comparison;
}

type Optional = Json | undefined;

function compare(before: Optional, after: Optional, walk: Walk): void {
  const beforeAtom = atomOf(walk.type, before);
  const afterAtom = atomOf(walk.type, after);
  let leaf: boolean;
  if (after === undefined) leaf = compareAs(beforeAtom, before, after, walk);
  else if (before === undefined || sameForm(beforeAtom, afterAtom)) {
    leaf = compareAs(afterAtom, before, after, walk);
  } else {
    compareAs(beforeAtom, before, after, walk);
    leaf = compareAs(afterAtom, before, after, walk);
  }
  if (leaf) return;
  if (before === undefined) walk.comparison.added.insert(walk.path);
  else if (after === undefined) walk.comparison.removed.insert(walk.path);
}

function sameForm(a: Atom, b: Atom): boolean {
  return a.kind === b.kind;
}

/** Whether the values were compared whole. */
function compareAs(atom: Atom, before: Optional, after: Optional, walk: Walk): boolean {
  if (atom.kind === "map") {
    const [a, b] = [isObject(before) ? before : {}, isObject(after) ? after : {}];
    const hollow = Object.keys(a).length === 0 && Object.keys(b).length === 0;
    if (atom.atomic || hollow) return compareLeaf(before, after, walk);
    compareMembers(atom, a, b, walk);
    return false;
  }
  if (atom.kind === "list") {
    const [a, b] = [Array.isArray(before) ? before : [], Array.isArray(after) ? after : []];
    if (atom.atomic || (a.length === 0 && b.length === 0)) return compareLeaf(before, after, walk);
    compareElements(atom, a, b, walk);
    return false;
  }
  return compareLeaf(before, after, walk);
}

function compareLeaf(before: Optional, after: Optional, { path, comparison }: Walk): true {
  if (before === undefined) comparison.added.insert(path);
  else if (after === undefined) comparison.removed.insert(path);
  else if (!jsonEqual(before, after)) comparison.modified.insert(path);
  return true;
}

function compareMembers(atom: MapAtom, before: JsonObject, after: JsonObject, walk: Walk): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const type = memberType(atom, name) ?? { schema: undefined, preserve: true };
    compare(own(before, name), own(after, name), {
      ...walk,
      type,
      path: [...walk.path, fieldElement(name)],
    });
  }
}

function own(value: JsonObject, name: string): Optional {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function compareElements(atom: ListAtom, before: Json[], after: Json[], walk: Walk): void {
  const a = byElement(atom, before);
  const b = byElement(atom, after);
  for (const element of new Set([...a.keys(), ...b.keys()])) {
    const path = [...walk.path, element];
    const [mine = [], theirs = []] = [a.get(element), b.get(element)];
    const below = { ...walk, type: atom.element, path };
    if (mine.length <= 1 && theirs.length <= 1) {
      compare(mine[0], theirs[0], below);
    } else if (mine.length > 1 && theirs.length > 1) {
      if (!jsonEqual(mine, theirs)) walk.comparison.modified.insert(path);
    } else if (mine.length > 1) {
      if (theirs.length > 0) compare(undefined, theirs[0], below);
      walk.comparison.removed.insert(path);
    } else {
      if (mine.length > 0) compare(mine[0], undefined, below);
      walk.comparison.added.insert(path);
    }
  }
}

function byElement(atom: ListAtom, items: Json[]): Map<PathElement, Json[]> {
  return Map.groupBy(items, (item) => elementOf(atom, item));
}
