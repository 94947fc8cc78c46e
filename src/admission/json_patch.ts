/** RFC 6902 operations that turn one JSON document into another. */

export interface PatchOperation {
  op: "add" | "replace" | "remove" | "test";
  path: string;
  value?: unknown;
}

/**
 * What is to be done to `from`, which stays as the user sent it. A null and an absent field count as the same, so a
 * document from which nulls were dropped differs only in what was added.
 */
export function jsonPatch(from: unknown, to: unknown, path = ""): PatchOperation[] {
  const operations: PatchOperation[] = [];
  compare(from, to, { path, operations });
  return operations;
}

interface Comparison {
  path: string;
  operations: PatchOperation[];
}

function compare(from: unknown, to: unknown, at: Comparison): void {
  if (from === to) return;
  if (isObject(from) && isObject(to)) compareObjects(from, to, at);
  else if (Array.isArray(from) && Array.isArray(to)) compareArrays(from, to, at);
  else at.operations.push({ op: "replace", path: at.path, value: to });
}

function compareObjects(
  from: Record<string, unknown>,
  to: Record<string, unknown>,
  { path, operations }: Comparison,
): void {
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [before, after] = [from[name], to[name]];
    if (before === after || isAbsent(before) && isAbsent(after)) continue;
    const where = `${path}/${escapeToken(name)}`;
    if (isAbsent(before)) operations.push({ op: "add", path: where, value: after });
    else if (isAbsent(after)) operations.push({ op: "remove", path: where });
    else compare(before, after, { path: where, operations });
  }
}

function compareArrays(from: unknown[], to: unknown[], { path, operations }: Comparison): void {
  if (to.length < from.length) {
    operations.push({ op: "replace", path, value: to });
    return;
  }
  for (const [index, item] of to.entries()) {
    if (index < from.length) compare(from[index], item, { path: `${path}/${index}`, operations });
    else operations.push({ op: "add", path: `${path}/-`, value: item });
  }
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function escapeToken(token: string): string {
  return token.replaceAll("~", "~0").replaceAll("/", "~1");
}
