/** JSON Patch (RFC 6902). */
import { isObject, type Json, jsonEqual, type JsonObject } from "./json.ts";

/** One operation; which of the optional members it needs depends on `op`. */
export interface JsonPatchOperation {
  op: "add" | "remove" | "replace" | "move" | "copy" | "test";
  path: string;
  from?: string;
  value?: Json;
}

/** The document after all operations. Leaves its input alone; throws `RangeError` when one cannot be done. */
export function jsonPatch(document: Json, operations: readonly JsonPatchOperation[]): Json {
  const holder: JsonObject = { "": structuredClone(document) };
  for (const operation of operations) apply(holder, operation);
  return holder[""] ?? null;
}

function apply(holder: JsonObject, operation: JsonPatchOperation): void {
  const { op, path, from = "", value = null } = operation;
  const target = new Location(holder, path);
  switch (op) {
    case "add":
      return target.insert(value);
    case "remove":
      return void target.remove();
    case "replace":
      return target.replace(value);
    case "move":
      return new Location(holder, path).insert(new Location(holder, from).remove());
    case "copy":
      return target.insert(structuredClone(new Location(holder, from).read()));
    case "test":
      // The API server takes what is not there for null.
      if (jsonEqual(target.find() ?? null, value ?? null)) return;
      throw new RangeError(`Cannot patch: test failed at "${path}"`);
    default:
      throw new RangeError(`Cannot patch: no such operation: got "${op}"`);
  }
}

/** The place that a JSON pointer names: a container that exists, and a member that may not. */
class Location {
  readonly #container: JsonObject | Json[];
  readonly #name: string;
  readonly #path: string;

  constructor(holder: JsonObject, path: string) {
    if (path !== "" && !path.startsWith("/")) throw new RangeError(`Cannot patch: path "${path}"`);
    const names = path.split("/").map((n) => n.replaceAll("~1", "/").replaceAll("~0", "~"));
    this.#path = path;
    this.#name = names.pop() ?? "";
    let at: Json | undefined = holder;
    for (const name of names) at = memberOf(at, name);
    if (!isObject(at) && !Array.isArray(at)) throw this.#missing();
    this.#container = at;
  }

  find(): Json | undefined {
    return memberOf(this.#container, this.#name);
  }

  read(): Json {
    const value = this.find();
    if (value === undefined) throw this.#missing();
    return value;
  }

  insert(value: Json): void {
    const { container, index } = this.#array();
    if (container === undefined) (this.#container as JsonObject)[this.#name] = value;
    else if (index <= container.length) container.splice(index, 0, value);
    else throw this.#missing();
  }

  replace(value: Json): void {
    this.read();
    const { container, index } = this.#array();
    if (container === undefined) (this.#container as JsonObject)[this.#name] = value;
    else container[index] = value;
  }

  remove(): Json {
    const value = this.read();
    const { container, index } = this.#array();
    if (container === undefined) delete (this.#container as JsonObject)[this.#name];
    else container.splice(index, 1);
    return value;
  }

  #array(): { container: Json[] | undefined; index: number } {
    if (!Array.isArray(this.#container)) return { container: undefined, index: NaN };
    const container = this.#container;
    return { container, index: this.#name === "-" ? container.length : indexOf(this.#name) };
  }

  #missing(): RangeError {
    return new RangeError(`Cannot patch: there is nothing at "${this.#path}"`);
  }
}

function memberOf(container: Json | undefined, name: string): Json | undefined {
  if (Array.isArray(container)) return container[indexOf(name)];
  return isObject(container) && Object.hasOwn(container, name) ? container[name] : undefined;
}

function indexOf(name: string): number {
  return /^(0|[1-9]\d*)$/.test(name) ? Number(name) : NaN;
}
