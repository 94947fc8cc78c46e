/** JSON of a request: with the members that are given twice, and with a bound in depth. */
import type { Json } from "../../../kube/json.ts";

/** Nesting that is read; deeper than any object, shallow enough for whoever walks it. */
export const JSON_DEPTH_MAX = 500;

/** A value and the paths of members that its text has more than once, in their order; the last one counts. */
export interface DecodedJson {
  value: Json;
  /** "spec.template.foo", "spec.list[2].bar". */
  duplicates: string[];
}

/** Reads JSON. Throws a `SyntaxError`. */
export function decodeJson(text: string): DecodedJson {
  const value: Json = JSON.parse(text);
  return { value, duplicates: new DuplicateScanner(text).scan() };
}

/** Walks text that JSON.parse took for JSON. */
class DuplicateScanner {
  readonly #text: string;
  readonly #duplicates = new Set<string>();
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): string[] {
    this.#value("", 0);
    return [...this.#duplicates];
  }

  #value(path: string, depth: number): void {
    if (depth > JSON_DEPTH_MAX) {
      throw new SyntaxError(`JSON is nested deeper than ${JSON_DEPTH_MAX}`);
    }
    this.#space();
    const first = this.#text[this.#at];
    if (first === "{") this.#object(path, depth);
    else if (first === "[") this.#list(path, depth);
    else if (first === '"') this.#string();
    else while (this.#at < this.#text.length && !/[,\]}\s]/.test(this.#text[this.#at]!)) this.#at++;
    this.#space();
  }

  #object(path: string, depth: number): void {
    const names = new Set<string>();
    this.#at++;
    this.#space();
    while (this.#text[this.#at] !== "}") {
      this.#space();
      const name = this.#string();
      const below = path === "" ? name : `${path}.${name}`;
      if (names.has(name)) this.#duplicates.add(below);
      names.add(name);
      this.#space();
      this.#at++; // the colon
      this.#value(below, depth + 1);
      if (this.#text[this.#at] === ",") this.#at++;
    }
    this.#at++;
  }

  #list(path: string, depth: number): void {
    this.#at++;
    this.#space();
    for (let index = 0; this.#text[this.#at] !== "]"; index++) {
      this.#value(`${path}[${index}]`, depth + 1);
      if (this.#text[this.#at] === ",") this.#at++;
    }
    this.#at++;
  }

  #string(): string {
    const start = this.#at;
    let end = start;
    do end = this.#text.indexOf('"', end + 1); while (this.#isEscaped(end));
    this.#at = end + 1;
    const quoted = this.#text.slice(start, this.#at);
    return quoted.includes("\\") ? JSON.parse(quoted) : quoted.slice(1, -1);
  }

  #isEscaped(at: number): boolean {
    let backslashes = 0;
    while (this.#text[at - 1 - backslashes] === "\\") backslashes++;
    return backslashes % 2 === 1;
  }

  #space(): void {
    for (;; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }
}
