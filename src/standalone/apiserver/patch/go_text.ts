/** Values as Go's `%v` prints them, which Kubernetes shows in some of its texts. */
import { isObject, type Json } from "../../../kube/json.ts";

/** Characters that are printed of one value. */
const LENGTH_MAX = 2_000;

/** `map[a:1 b:[x y]]` */
export function goText(value: Json | undefined): string {
  const text = print(value);
  return text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}...` : text;
}

function print(value: Json | undefined): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(print).join(" ")}]`;
  if (!isObject(value)) return String(value);
  const members = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
  return `map[${members.map(([name, each]) => `${name}:${print(each)}`).join(" ")}]`;
}

/** What encoding/json calls a value that it cannot put where it should go. */
export function goJsonKind(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "object") return value === null ? "null" : "object";
  return typeof value === "boolean" ? "bool" : typeof value;
}
