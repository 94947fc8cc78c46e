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
  if (isObject(from) && isObject(to)) return objectPatch(from, to, path);
  if (Array.isArray(from) && Array.isArray(to) && to.length >= from.length) {
    return arrayPatch(from, to, path);
  }
  if (from === to) return [];
  if (Array.isArray(from) && Array.isArray(to) && JSON.stringify(from) === JSON.stringify(to)) {
    return [];
  }
  return [{ op: "replace", path, value: to }];
}

function objectPatch(
  from: Record<string, unknown>,
  to: Record<string, unknown>,
  path: string,
): PatchOperation[] {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  return names.flatMap((name): PatchOperation[] => {
    const [before, after] = [from[name], to[name]];
    const where = `${path}/${escapeToken(name)}`;
    if (isAbsent(before)) return isAbsent(after) ? [] : [{ op: "add", path: where, value: after }];
    if (isAbsent(after)) return [{ op: "remove", path: where }];
    return jsonPatch(before, after, where);
  });
}

function arrayPatch(from: unknown[], to: unknown[], path: string): PatchOperation[] {
  return to.flatMap((item, index) =>
    index < from.length
      ? jsonPatch(from[index], item, `${path}/${index}`)
      : [{ op: "add" as const, path: `${path}/-`, value: item }]
  );
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
