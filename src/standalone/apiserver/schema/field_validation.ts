/** What becomes of fields that a schema does not know, or that are given twice: the `fieldValidation` parameter. */
import type { KubeError } from "../../../kube/client.ts";
import { badRequest } from "../status_error.ts";

/** Refuse, warn of, or drop. */
export type FieldValidation = "Strict" | "Warn" | "Ignore";

/** Problems of one body that are reported; kube-apiserver: the same. */
const PROBLEMS_MAX = 100;

/** What is to be said of a body: duplicates first, as the server finds them. */
export function fieldProblems(found: {
  duplicates: readonly string[];
  unknown: readonly string[];
}): string[] {
  return [
    ...found.duplicates.map((path) => `duplicate field "${path}"`),
    ...found.unknown.map((path) => `unknown field "${path}"`),
  ].slice(0, PROBLEMS_MAX);
}

/** 400 for a body with problems under Strict. */
export function strictError(
  { kind, version }: { kind: string; version: string },
  problems: readonly string[],
): KubeError {
  const list = problems.join(", ");
  return badRequest(
    `${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${list}`,
  );
}
