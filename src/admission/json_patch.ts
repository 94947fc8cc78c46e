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
export function jsonPatch(from: unknown, to: unknown): PatchOperation[] {
  const comparison = new Comparison();
  comparison.compare(from, to);
  return comparison.operations;
}

/** Keeps the place that it is at, so that a path is made only where the documents differ. */
class Comparison {
  readonly operations: PatchOperation[] = [];
  readonly #place: (string | number)[] = [];

  compare(from: unknown, to: unknown): void {
    if (from === to) return;
    if (isObject(from) && isObject(to)) this.#compareObjects(from, to);
    else if (Array.isArray(from) && Array.isArray(to)) this.#compareArrays(from, to);
    else this.operations.push({ op: "replace", path: this.#path(), value: to });
  }

  #compareObjects(from: Record<string, unknown>, to: Record<string, unknown>): void {
    for (const name of Object.keys(from)) this.#compareField(name, from[name], to[name]);
    for (const name of Object.keys(to)) {
      if (!Object.hasOwn(from, name)) this.#compareField(name, undefined, to[name]);
    }
  }

  #compareField(name: string, before: unknown, after: unknown): void {
    if (before === after || isAbsent(before) && isAbsent(after)) return;
    this.#place.push(name);
    if (isAbsent(before)) this.operations.push({ op: "add", path: this.#path(), value: after });
    else if (isAbsent(after)) this.operations.push({ op: "remove", path: this.#path() });
    else this.compare(before, after);
    this.#place.pop();
  }

  #compareArrays(from: unknown[], to: unknown[]): void {
    if (to.length < from.length) {
      this.operations.push({ op: "replace", path: this.#path(), value: to });
      return;
    }
    for (let index = 0; index < to.length; index++) {
      this.#place.push(index < from.length ? index : "-");
      if (index < from.length) this.compare(from[index], to[index]);
      else this.operations.push({ op: "add", path: this.#path(), value: to[index] });
      this.#place.pop();
    }
  }

  #path(): string {
    return this.#place.map((token) => `/${escapeToken(String(token))}`).join("");
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
