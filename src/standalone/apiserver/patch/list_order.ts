/** How lists that are merged by key are told apart and in which order their elements end up. */
import { isObject, type Json } from "../../../kube/json.ts";
import { quote } from "../field_error.ts";
import { statusError, unprocessable } from "../status_error.ts";
import { goText } from "./go_text.ts";

/**
 * What an element is known by: its merge key, or its value where there is none. Equal ids stand for the same element; an
 * element without its key is like no other.
 */
export function elementId(item: Json, mergeKey: string | undefined): string | undefined {
  if (mergeKey === undefined) return quote(item);
  const key = isObject(item) ? item[mergeKey] : undefined;
  return key === undefined ? undefined : quote(key);
}

/** Where in the list each element is. */
export function places(items: readonly Json[], mergeKey: string | undefined): Map<string, number> {
  const found = new Map<string, number>();
  items.forEach((item, index) => {
    const id = elementId(item, mergeKey);
    if (id !== undefined && !found.has(id)) found.set(id, index);
  });
  return found;
}

/** The elements that have their like in `by`, and the others, both in their order. */
export function partition(
  items: readonly Json[],
  by: readonly Json[],
  mergeKey: string | undefined,
): { inside: Json[]; outside: Json[] } {
  const known = places(by, mergeKey);
  const isKnown = (item: Json) => known.has(elementId(item, mergeKey) ?? "");
  return {
    inside: items.filter(isKnown),
    outside: items.filter((item) => !isKnown(item)),
  };
}

/**
 * The wanted elements in the wanted order, and between them the others, each before the first wanted element that followed
 * it in `othersOrder`.
 */
export function mergeInOrder(
  wanted: readonly Json[],
  order: readonly Json[],
  { others, othersOrder, mergeKey }: {
    others: readonly Json[];
    othersOrder: readonly Json[];
    mergeKey: string | undefined;
  },
): Json[] {
  const sortedBy = (items: readonly Json[], among: Map<string, number>) =>
    items.map((item) => ({ item, at: among.get(elementId(item, mergeKey) ?? "") ?? -1 }))
      .sort((a, b) => a.at - b.at);
  const before = places(othersOrder, mergeKey);
  const rest = sortedBy(others, before);
  const result: Json[] = [];
  let next = 0;
  for (const { item } of sortedBy(wanted, places(order, mergeKey))) {
    const at = before.get(elementId(item, mergeKey) ?? "") ?? -1;
    for (; at >= 0 && next < rest.length; next++) {
      const other = rest[next]!;
      if (other.at < 0 || other.at >= at) break;
      result.push(other.item);
    }
    result.push(item);
  }
  return [...result, ...rest.slice(next).map(({ item }) => item)];
}

/** What all elements of both lists are. Throws a 422 for lists of lists and a 500 for lists of this and that, or of nulls. */
export function elementKind(...lists: Json[][]): string {
  const kinds = lists.flatMap((list) => list.map(kindOf));
  const [first = "none"] = kinds;
  if (first === "list") throw unprocessable("lists of lists are not supported");
  if (kinds.every((kind) => kind === first && kind !== "null")) return first;
  throw statusError(500, "", `list element types are not identical: ${goText(lists)}`);
}

function kindOf(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}

/** Each value once. The last one takes the place of one that is dropped, as in Kubernetes. */
export function dedupe(values: readonly Json[]): Json[] {
  const left = [...values];
  const seen = new Set<string>();
  for (let i = 0; i < left.length;) {
    const id = quote(left[i]);
    if (seen.has(id)) {
      const last = left.pop()!;
      if (i < left.length) left[i] = last;
    } else {
      seen.add(id);
      i++;
    }
  }
  return left;
}
