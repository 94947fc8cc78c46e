/**
 * One step of a path into an object, in the form in which `fieldsV1` writes it: `f:name` is a member, `k:{"name":"x"}` an
 * element of a list with keys, `v:"x"` an element of a set, `i:0` an index.
 */
import type { Json, JsonObject } from "../../../kube/json.ts";
import { quote } from "../field_error.ts";

/** A step, written canonically: equal steps are equal strings. */
export type PathElement = string;

/** The step to a member. */
export function fieldElement(name: string): PathElement {
  return `f:${name}`;
}

/** The step to the element with these keys. */
export function keyElement(keys: JsonObject): PathElement {
  return `k:${markup(quote(keys))}`;
}

/** The step to an element of a set. */
export function valueElement(value: Json): PathElement {
  return `v:${markup(quote(value))}`;
}

/** encoding/json writes nothing that a browser could take for markup. */
function markup(json: string): string {
  return json.replaceAll("<", "\\u003c").replaceAll(">", "\\u003e").replaceAll("&", "\\u0026");
}

/** The same step, written canonically. Throws a `SyntaxError` or `TypeError` on what is none. */
export function parsePathElement(text: string): PathElement {
  const rest = text.slice(2);
  switch (text.slice(0, 2)) {
    case "f:":
      return text;
    case "i:":
      if (!/^-?\d{1,9}$/.test(rest)) throw new TypeError(`Cannot read index: got ${rest}`);
      return text;
    case "k:": {
      const keys: unknown = JSON.parse(rest);
      if (typeof keys !== "object" || keys === null) throw new TypeError(`Cannot read ${text}`);
      return keyElement(keys as JsonObject);
    }
    case "v:":
      return valueElement(JSON.parse(rest));
    default:
      throw new TypeError(`Cannot read path element: got ${text.slice(0, 100)}`);
  }
}

/** As conflicts show it: `.spec`, `[name="x"]`, `[="x"]`, `[0]`. */
export function pathElementText(element: PathElement): string {
  const rest = element.slice(2);
  switch (element[0]) {
    case "f":
      return `.${rest}`;
    case "k": {
      const keys = Object.entries(JSON.parse(rest) as JsonObject);
      return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}]`;
    }
    case "v":
      return `[=${JSON.stringify(JSON.parse(rest))}]`;
    default:
      return `[${rest}]`;
  }
}

const RANK: Record<string, number> = { f: 0, k: 1, v: 2, i: 3 };

/** Members first, then keys, values and indices. */
export function comparePathElements(a: PathElement, b: PathElement): number {
  const ranks = (RANK[a[0] ?? ""] ?? 4) - (RANK[b[0] ?? ""] ?? 4);
  if (ranks !== 0) return ranks;
  return a === b ? 0 : a < b ? -1 : 1;
}
