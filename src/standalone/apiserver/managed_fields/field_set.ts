/** Sets of fields: what `fieldsV1` holds. */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import { comparePathElements, parsePathElement, type PathElement } from "./path_element.ts";

/** Nesting of a set that is read. */
const DEPTH_MAX = 1_000;

/** A tree of path elements. A member is a field of the set itself; below it there may be more. */
export class FieldSet {
  readonly members: Set<PathElement> = new Set();
  readonly children: Map<PathElement, FieldSet> = new Map();

  /** The set of these paths. */
  static of(...paths: readonly PathElement[][]): FieldSet {
    const set = new FieldSet();
    for (const path of paths) set.insert(path);
    return set;
  }

  /** Reads `fieldsV1`. Throws a `TypeError` or `SyntaxError` on what is none. */
  static parse(fields: Json, depth = 0): FieldSet {
    if (!isObject(fields) || depth > DEPTH_MAX) throw new TypeError("Cannot read fieldsV1");
    const set = new FieldSet();
    for (const [name, below] of Object.entries(fields)) {
      if (name === ".") continue;
      const element = parsePathElement(name);
      const child = FieldSet.parse(below, depth + 1);
      if (child.empty || Object.hasOwn(below as JsonObject, ".")) set.members.add(element);
      if (!child.empty) set.children.set(element, child);
    }
    return set;
  }

  get empty(): boolean {
    return this.members.size === 0 && this.children.size === 0;
  }

  insert(path: readonly PathElement[]): void {
    const [first, ...rest] = path;
    if (first === undefined) return;
    if (rest.length === 0) return void this.members.add(first);
    let child = this.children.get(first);
    if (child === undefined) this.children.set(first, child = new FieldSet());
    child.insert(rest);
  }

  has(path: readonly PathElement[]): boolean {
    const [first, ...rest] = path;
    if (first === undefined) return false;
    return rest.length === 0
      ? this.members.has(first)
      : this.children.get(first)?.has(rest) ?? false;
  }

  union(other: FieldSet): FieldSet {
    if (other.empty) return this;
    if (this.empty) return other;
    const set = new FieldSet();
    for (const element of [...this.members, ...other.members]) set.members.add(element);
    for (const element of new Set([...this.children.keys(), ...other.children.keys()])) {
      const mine = this.children.get(element);
      const theirs = other.children.get(element);
      set.children.set(element, mine && theirs ? mine.union(theirs) : (mine ?? theirs)!);
    }
    return set;
  }

  intersection(other: FieldSet): FieldSet {
    if (other.empty) return NONE;
    return this.#filter(
      (element) => other.members.has(element),
      (element, child) => child.intersection(other.children.get(element) ?? NONE),
    );
  }

  /** Without the fields of the other; what is below them stays. */
  difference(other: FieldSet): FieldSet {
    if (other.empty) return this;
    return this.#filter(
      (element) => !other.members.has(element),
      (element, child) => child.difference(other.children.get(element) ?? NONE),
    );
  }

  /** Without the fields of the other and all that is below them. */
  recursiveDifference(other: FieldSet): FieldSet {
    if (other.empty) return this;
    return this.#filter(
      (element) => !other.members.has(element),
      (element, child) =>
        other.members.has(element)
          ? NONE
          : child.recursiveDifference(other.children.get(element) ?? NONE),
    );
  }

  /** All paths in their order: the members of a node before what is below them. */
  *paths(prefix: readonly PathElement[] = []): Generator<PathElement[]> {
    for (const element of [...this.members].sort(comparePathElements)) yield [...prefix, element];
    for (const element of [...this.children.keys()].sort(comparePathElements)) {
      yield* this.children.get(element)!.paths([...prefix, element]);
    }
  }

  /** `fieldsV1`. */
  toFields(): JsonObject {
    const elements = new Set([...this.members, ...this.children.keys()]);
    return Object.fromEntries(
      [...elements].sort(comparePathElements).map((element) => [
        element,
        {
          ...(this.members.has(element) && this.children.has(element) && { ".": {} }),
          ...this.children.get(element)?.toFields(),
        },
      ]),
    );
  }

  #filter(
    member: (element: PathElement) => boolean,
    below: (element: PathElement, child: FieldSet) => FieldSet,
  ): FieldSet {
    const set = new FieldSet();
    for (const element of this.members) if (member(element)) set.members.add(element);
    for (const [element, child] of this.children) {
      const kept = below(element, child);
      if (!kept.empty) set.children.set(element, kept);
    }
    return set;
  }
}

const NONE = new FieldSet();
