/** Paths inside container images. */
import { type Cause, invalid } from "../../cause.ts";

/** An absolute path to a file, without relative elements. Absent is fine: the image's own disk is meant. */
export function validateImagePath(path: string | undefined, field: string): Cause[] {
  if (path === undefined || path === "") return [];
  if (path === "/") return [invalid(field, `${field} must not point to root`)];
  const parts = path.split("/");
  const isPlain = path.startsWith("/") &&
    parts.slice(1).every((part) => part !== "" && part !== "." && part !== "..");
  if (isPlain) return [];
  return [
    invalid(field, `${field} must be an absolute path to a file without relative components`),
  ];
}
