/** How lists that are merged by key are told apart and in which order their elements end up. */
import { isObject, type Json, jsonEqual } from "../../../kube/json.ts";
import { statusError, unprocessable } from "../status_error.ts";

/** Whether both stand for the same element: by their merge key, or as values where there is none. */
export function sameElement(a: Json, b: Json, mergeKey: string | undefined): boolean {
  if (mergeKey === undefined) return jsonEqual(a, b);
  if (!isObject(a) || !isObject(b)) return false;
  const key = a[mergeKey];
  return key !== undefined && jsonEqual(key, b[mergeKey]);
}

/** The elements that have their like in `by`, and the others, both in their order. */
export function partition(
  items: Json[],
  by: Json[],
  mergeKey: string | undefined,
): { inside: Json[]; outside: Json[] } {
  const inside: Json[] = [];
  const outside: Json[] = [];
  for (const item of items) {
    (by.some((each) => sameElement(item, each, mergeKey)) ? inside : outside).push(item);
  }
  return { inside, outside };
}

/**
 * The wanted elements in the wanted order, and between them the others, each before the first wanted element that followed
 * it in `othersOrder`.
 */
export function mergeInOrder(
  wanted: Json[],
  order: Json[],
  { others, othersOrder, mergeKey }: {
    others: Json[];
    othersOrder: Json[];
    mergeKey: string | undefined;
  },
): Json[] {
  const place = (item: Json, among: Json[]) =>
    among.findIndex((each) => sameElement(item, each, mergeKey));
  const sorted = wanted.map((item) => ({ item, at: place(item, order) }))
    .sort((a, b) => a.at - b.at);
  const rest = others.map((item) => ({ item, at: place(item, othersOrder) }))
    .sort((a, b) => a.at - b.at);
  const result: Json[] = [];
  for (const { item } of sorted) {
    const at = place(item, othersOrder);
    while (at >= 0 && rest[0] !== undefined && rest[0].at >= 0 && rest[0].at < at) {
      result.push(rest.shift()!.item);
    }
    result.push(item);
  }
  return [...result, ...rest.map(({ item }) => item)];
}

/** What all elements of both lists are. Throws a 422 for lists of lists and a 500 for lists of this and that. */
export function elementKind(...lists: Json[][]): string {
  const kinds = new Set(lists.flat().map(kindOf));
  if (kinds.has("list")) throw unprocessable("lists of lists are not supported");
  if (kinds.size > 1) throw statusError(500, "", "list element types are not identical");
  return [...kinds][0] ?? "none";
}

function kindOf(value: Json): string {
  return Array.isArray(value) ? "list" : isObject(value) ? "object" : typeof value;
}

/** Each value once. The last one takes the place of one that is dropped, as in Kubernetes. */
export function dedupe(values: Json[]): Json[] {
  const left = [...values];
  for (let i = 0; i < left.length; i++) {
    for (let j = i + 1; j < left.length; j++) {
      if (!jsonEqual(left[i], left[j])) continue;
      const last = left.pop()!;
      if (j < left.length) left[j] = last;
      j--;
    }
  }
  return left;
}
