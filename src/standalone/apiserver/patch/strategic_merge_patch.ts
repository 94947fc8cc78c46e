/**
 * Strategic merge patch: a merge patch that knows from the schema which lists are merged, by which key, and which are
 * replaced (`x-kubernetes-patch-strategy`, `x-kubernetes-patch-merge-key`). It has directives of its own: `$patch`,
 * `$retainKeys`, `$setElementOrder/LIST` and `$deleteFromPrimitiveList/LIST`.
 */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import type { Schema } from "../schema/schema.ts";
import { badRequest, statusError } from "../status_error.ts";
import { goText } from "./go_text.ts";
import { dedupe, elementId, elementKind, mergeInOrder, partition, places } from "./list_order.ts";

const PATCH = "$patch";
const RETAIN_KEYS = "$retainKeys";
const ELEMENT_ORDER = "$setElementOrder/";
const DELETE_FROM = "$deleteFromPrimitiveList/";
/** Nesting that is followed; encoding/json stops there too. */
const DEPTH_MAX = 10_000;

/**
 * The object with the patch applied; changes neither argument. Throws a 400 when a directive is malformed, a 422 for lists
 * of lists, and a 500 in the other cases in which Kubernetes answers with one: an element without its merge key.
 */
export function applyStrategicMergePatch(
  object: JsonObject,
  patch: unknown,
  schema: Schema,
): JsonObject {
  if (!isObject(patch)) throw badRequest("invalid JSON document");
  return mergeObject(object, patch, schema, 0);
}

function mergeObject(
  original: JsonObject,
  patch: JsonObject,
  schema: Schema | undefined,
  depth: number,
): JsonObject {
  if (depth > DEPTH_MAX) throw badRequest("invalid JSON document");
  if (Object.hasOwn(patch, PATCH)) return replaced(patch);
  const merged = new Map(Object.entries(retained(original, patch)));
  const ordered = mergeOrderedLists(merged, patch, schema, depth);
  for (const [member, value] of Object.entries(patch)) {
    if (member === RETAIN_KEYS || member.startsWith(ELEMENT_ORDER) || ordered.has(member)) continue;
    if (member.startsWith(DELETE_FROM)) {
      deleteFrom(merged, listOf(member, DELETE_FROM), value);
    } else if (value === null) {
      merged.delete(member);
    } else {
      setMember(merged, member, value, { schema: memberSchema(schema, member), depth });
    }
  }
  return Object.fromEntries(merged);
}

function replaced(patch: JsonObject): JsonObject {
  const { [PATCH]: directive, ...rest } = patch;
  if (directive === "replace") return rest;
  if (directive === "delete") return {};
  throw serverError(`unknown patch type: ${goText(directive)} in map: ${goText(patch)}`);
}

/** What `$retainKeys` leaves of the original. */
function retained(original: JsonObject, patch: JsonObject): JsonObject {
  const keys = patch[RETAIN_KEYS];
  if (keys === undefined) return original;
  const malformed = badRequest("invalid patch format of retainKeys");
  if (!Array.isArray(keys)) throw malformed;
  const kept = new Set<unknown>(keys);
  for (const [member, value] of Object.entries(patch)) {
    if (value === null || member === RETAIN_KEYS) continue;
    if (member.startsWith(DELETE_FROM) || member.startsWith(ELEMENT_ORDER)) continue;
    if (!kept.has(member)) throw malformed;
  }
  return Object.fromEntries(Object.entries(original).filter(([member]) => kept.has(member)));
}

interface At {
  schema: Schema | undefined;
  depth: number;
}

function setMember(merged: Map<string, Json>, member: string, value: Json, at: At): void {
  const before = merged.get(member);
  if (isObject(before) && isObject(value)) {
    const strategy = strategyOf(at.schema);
    merged.set(
      member,
      strategy === "replace" ? value : mergeObject(before, value, at.schema, at.depth + 1),
    );
  } else if (Array.isArray(before) && Array.isArray(value)) {
    merged.set(member, mergeList(before, value, at));
  } else {
    const cleaned = withoutDirectives(withoutNulls(value));
    if (cleaned === undefined) merged.delete(member);
    else merged.set(member, cleaned);
  }
}

function deleteFrom(merged: Map<string, Json>, list: string, values: Json): void {
  const before = merged.get(list);
  if (values === null) return void merged.delete(list);
  if (!Array.isArray(before) || !Array.isArray(values)) return;
  const deleted = places(values, undefined);
  merged.set(list, before.filter((item) => !deleted.has(elementId(item, undefined)!)));
}

/** The lists whose order the patch gives; answers which members of the patch that took care of. */
function mergeOrderedLists(
  merged: Map<string, Json>,
  patch: JsonObject,
  schema: Schema | undefined,
  depth: number,
): Set<string> {
  const done = new Set<string>();
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith(ELEMENT_ORDER)) continue;
    const member = listOf(directive, ELEMENT_ORDER);
    const lists = { order: list(order), before: merged.get(member), change: patch[member] };
    const at = { schema: memberSchema(schema, member), depth };
    const result = mergeOrderedList(lists.order, optionalList(lists.before), {
      change: optionalList(lists.change),
      at,
    });
    if (lists.change !== undefined) done.add(member);
    if (result !== undefined) merged.set(member, result);
  }
  return done;
}

function mergeOrderedList(
  order: Json[],
  before: Json[] | undefined,
  { change, at }: { change: Json[] | undefined; at: At },
): Json[] | undefined {
  const mergeKey = mergeKeyOf(at.schema);
  checkOrder(change ?? [], order, mergeKey);
  if (before === undefined && change === undefined) return undefined;
  const merged = change === undefined
    ? before ?? []
    : before === undefined
    ? withoutDirectives(change) as Json[]
    : mergeList(before, change, at);
  const { inside, outside } = partition(merged, order, mergeKey);
  return mergeInOrder(inside, order, { others: outside, othersOrder: before ?? [], mergeKey });
}

/** The elements of the patch must appear in the order that the patch gives. */
function checkOrder(change: Json[], order: Json[], mergeKey: string | undefined): void {
  if (change.length === 0 || order.length === 0) return;
  let next = 0;
  for (const item of change) {
    if (isObject(item) && Object.hasOwn(item, PATCH)) continue;
    checkMergeKey(item, mergeKey);
    const id = elementId(item, mergeKey);
    while (next < order.length && elementId(order[next]!, mergeKey) !== id) next++;
    if (next++ < order.length) continue;
    throw serverError(
      `The order in patch list:\n${goText(change)}\n doesn't match $setElementOrder list:\n${
        goText(order)
      }\n`,
    );
  }
}

function mergeList(before: Json[], change: Json[], at: At): Json[] {
  if (strategyOf(at.schema) !== "merge") return change;
  if (before.length === 0 && change.length === 0) return before;
  const mergeKey = mergeKeyOf(at.schema);
  if (elementKind(before, change) !== "object") {
    const both = dedupe([...before, ...change]);
    const { inside, outside } = partition(both, change, undefined);
    return mergeInOrder(inside, change, {
      others: outside,
      othersOrder: before,
      mergeKey: undefined,
    });
  }
  if (mergeKey === undefined) throw serverError("cannot merge lists without merge key");
  const { kept, changes } = special(before as JsonObject[], change as JsonObject[], mergeKey);
  const merged = mergeElements(kept, changes, { ...at, mergeKey });
  const { inside, outside } = partition(merged, changes, mergeKey);
  return mergeInOrder(inside, changes, { others: outside, othersOrder: kept, mergeKey });
}

/** What elements with directives leave of the list, and the other elements of the patch. */
function special(before: JsonObject[], change: JsonObject[], mergeKey: string) {
  const deleted = new Set<string>();
  let replace = false;
  const changes: JsonObject[] = [];
  for (const item of change) {
    const directive = item[PATCH];
    if (directive === undefined) {
      changes.push(item);
    } else if (directive === "delete") {
      checkMergeKey(item, mergeKey);
      deleted.add(elementId(item, mergeKey)!);
    } else if (directive === "replace") {
      replace = true;
    } else if (directive === "merge") {
      throw serverError("merging lists cannot yet be specified in the patch");
    } else {
      throw serverError(`unknown patch type: ${goText(directive)} in map: ${goText(item)}`);
    }
  }
  if (replace) return { kept: changes, changes: [] };
  const kept = before.filter((item) => !deleted.has(elementId(item, mergeKey) ?? ""));
  return { kept, changes };
}

function mergeElements(
  before: JsonObject[],
  changes: JsonObject[],
  { schema, depth, mergeKey }: At & { mergeKey: string },
): JsonObject[] {
  const merged = [...before];
  const known = places(before, mergeKey);
  for (const change of changes) {
    checkMergeKey(change, mergeKey);
    const id = elementId(change, mergeKey)!;
    const index = known.get(id);
    if (index === undefined) known.set(id, merged.push(change) - 1);
    else merged[index] = mergeObject(merged[index]!, change, schema?.items, depth + 1);
  }
  return merged;
}

function checkMergeKey(item: Json, mergeKey: string | undefined): void {
  if (mergeKey === undefined) return;
  if (isObject(item) && item[mergeKey] !== undefined) return;
  throw serverError(`map: ${goText(item)} does not contain declared merge key: ${mergeKey}`);
}

function memberSchema(schema: Schema | undefined, member: string): Schema | undefined {
  if (schema?.properties !== undefined && Object.hasOwn(schema.properties, member)) {
    return schema.properties[member];
  }
  return typeof schema?.additionalProperties === "object" ? schema.additionalProperties : undefined;
}

/** "merge", "replace" or none: `retainKeys` is one that clients follow by a directive. */
function strategyOf(schema: Schema | undefined): string | undefined {
  return schema?.["x-kubernetes-patch-strategy"]?.split(",").find((each) => each !== "retainKeys");
}

function mergeKeyOf(schema: Schema | undefined): string | undefined {
  return schema?.["x-kubernetes-patch-merge-key"];
}

function listOf(directive: string, prefix: string): string {
  return directive.slice(prefix.length);
}

function list(value: Json): Json[] {
  if (Array.isArray(value)) return value;
  throw serverError(`expected a []interface {}, but received a ${goType(value)}`);
}

function optionalList(value: Json | undefined): Json[] | undefined {
  return value === undefined ? undefined : list(value);
}

function goType(value: Json): string {
  if (value === null) return "%!s(<nil>)";
  if (isObject(value)) return "map[string]interface {}";
  return typeof value === "number" ? "int64" : typeof value === "boolean" ? "bool" : "string";
}

function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutNulls(each)]));
}

/** Objects with a `$patch` of their own go whole: there is nothing that they could be merged with. */
function withoutDirectives(value: Json): Json | undefined {
  if (Array.isArray(value)) {
    return value.map(withoutDirectives).filter((each) => each !== undefined);
  }
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, PATCH)) return undefined;
  const kept = Object.entries(value).flatMap(([name, each]) => {
    const cleaned = withoutDirectives(each);
    return cleaned === undefined ? [] : [[name, cleaned] as const];
  });
  return Object.fromEntries(kept);
}

/** Kubernetes answers with a bare 500 where a patch breaks the rules of its schema. */
function serverError(message: string): Error {
  return statusError(500, "", message);
}
