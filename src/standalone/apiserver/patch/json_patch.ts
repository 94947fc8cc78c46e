/**
 * JSON Patch (RFC 6902) as the API server does it. It is more lenient than the RFC: `replace` of a missing member adds it,
 * what is missing equals null in `test` and is copied as null, and negative indices count from the end.
 */
import { isObject, type Json, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import { goJsonKind } from "./go_text.ts";
import { badRequest, statusError, unprocessable } from "../status_error.ts";

/** One operation; which of the optional members it needs depends on `op`. */
export interface JsonPatchOperation {
  op: string;
  path: string;
  from?: string;
  value?: Json;
}

/** kube-apiserver: maxJSONPatchOperations. */
export const JSON_PATCH_OPERATIONS_MAX = 10_000;
/** Values that `copy` operations may add, in characters of JSON; kube-apiserver allows three times its request limit. */
const COPIED_MAX = 9 * 1024 * 1024;

/**
 * The object after all operations; changes neither argument. Throws a 400 when the patch is no list of operations, a 413
 * when it is too long, and a 422 when an operation cannot be done; what exactly is the error's `cause`.
 */
export function applyJsonPatch(object: JsonObject, patch: unknown): JsonObject {
  const operations = operationsOf(patch);
  const patched = new Patched(structuredClone(object));
  for (const operation of operations) patched.apply(operation);
  if (!isObject(patched.root)) throw unprocessable("the patched document is no object");
  return patched.root;
}

function operationsOf(patch: unknown): Partial<JsonPatchOperation>[] {
  const operation = "handlers.jsonPatchOp";
  if (!Array.isArray(patch)) throw undecodable(patch, `[]${operation}`);
  const odd = patch.find((each) => each !== null && !isObject(each));
  if (odd !== undefined) throw undecodable(odd, operation);
  if (patch.length > JSON_PATCH_OPERATIONS_MAX) {
    const limit = `The allowed maximum operations in a JSON patch is ${JSON_PATCH_OPERATIONS_MAX}`;
    throw statusError(
      413,
      "RequestEntityTooLarge",
      `Request entity is too large: ${limit}, got ${patch.length}`,
    );
  }
  return patch.map((each) => each ?? {});
}

function undecodable(value: unknown, type: string): Error {
  const got = goJsonKind(value);
  return badRequest(
    `error decoding patch: json: cannot unmarshal ${got} into Go value of type ${type}`,
  );
}

class Patched {
  root: Json;
  #copied = 0;

  constructor(root: Json) {
    this.root = root;
  }

  apply(operation: Partial<JsonPatchOperation>): void {
    const value = structuredClone(operation.value ?? null);
    switch (operation.op) {
      case "add":
        return this.#at(operation, "path").add(value);
      case "remove":
        return this.#at(operation, "path").remove();
      case "replace":
        if (operation.path === "") this.root = value;
        else this.#at(operation, "path").replace(value);
        return;
      case "move":
        return this.#move(operation);
      case "copy":
        return this.#copy(operation);
      case "test":
        return this.#test(operation);
      default:
        throw unprocessable(`Unexpected kind: ${operation.op ?? "unknown"}`);
    }
  }

  #move(operation: Partial<JsonPatchOperation>): void {
    const from = this.#at(operation, "from");
    const moved = from.get() ?? null;
    from.remove();
    this.#at(operation, "path").add(moved);
  }

  #copy(operation: Partial<JsonPatchOperation>): void {
    const copied = structuredClone(this.#at(operation, "from").get() ?? null);
    this.#copied += JSON.stringify(copied).length;
    if (this.#copied > COPIED_MAX) {
      throw unprocessable(
        `Unable to complete the copy, the accumulated size increase of copy is ${this.#copied}, exceeding the limit ${COPIED_MAX}`,
      );
    }
    this.#at(operation, "path").add(copied);
  }

  #test(operation: Partial<JsonPatchOperation>): void {
    const found = operation.path === "" ? this.root : this.#at(operation, "path").get();
    if (jsonEqual(found ?? null, operation.value ?? null)) return;
    throw unprocessable(`testing value ${operation.path} failed: test failed`);
  }

  #at(operation: Partial<JsonPatchOperation>, member: "path" | "from"): Location {
    const pointer = operation[member];
    if (typeof pointer !== "string") {
      throw unprocessable(`${operation.op} operation failed to decode ${member}: missing value`);
    }
    const missing = () =>
      unprocessable(
        `${operation.op} operation does not apply: doc is missing path: "${pointer}": missing value`,
      );
    const names = pointer.split("/").slice(1).map(unescapePointer);
    const name = names.pop();
    if (name === undefined) throw missing();
    let container: Json = this.root;
    for (const each of names) {
      const next = memberOf(container, each);
      if (next === undefined || next === null) throw missing();
      container = next;
    }
    if (!isObject(container) && !Array.isArray(container)) throw missing();
    return new Location(container, name, pointer);
  }
}

/** A member, there or not, of a container that is there. */
class Location {
  readonly #container: JsonObject | Json[];
  readonly #name: string;
  readonly #pointer: string;

  constructor(container: JsonObject | Json[], name: string, pointer: string) {
    this.#container = container;
    this.#name = name;
    this.#pointer = pointer;
  }

  get(): Json | undefined {
    if (Array.isArray(this.#container)) return this.#container[this.#index(this.#container.length)];
    return memberOf(this.#container, this.#name);
  }

  add(value: Json): void {
    if (!Array.isArray(this.#container)) return define(this.#container, this.#name, value);
    const { length } = this.#container;
    this.#container.splice(this.#name === "-" ? length : this.#index(length + 1), 0, value);
  }

  replace(value: Json): void {
    if (!Array.isArray(this.#container)) return define(this.#container, this.#name, value);
    this.#container[this.#index(this.#container.length)] = value;
  }

  remove(): void {
    if (Array.isArray(this.#container)) {
      this.#container.splice(this.#index(this.#container.length), 1);
    } else if (Object.hasOwn(this.#container, this.#name)) {
      delete this.#container[this.#name];
    } else {
      throw unprocessable(
        `error in remove for path: '${this.#pointer}': Unable to remove nonexistent key: ${this.#name}: missing value`,
      );
    }
  }

  #index(length: number): number {
    const index = indexOf(this.#name, length);
    if (index !== undefined) return index;
    throw unprocessable(
      `error for path: '${this.#pointer}': Unable to access invalid index: ${this.#name}: invalid index referenced`,
    );
  }
}

/** `__proto__` is a name like any other. */
function define(container: JsonObject, name: string, value: Json): void {
  Object.defineProperty(container, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

function memberOf(container: Json, name: string): Json | undefined {
  if (Array.isArray(container)) {
    const index = indexOf(name, container.length);
    return index === undefined ? undefined : container[index];
  }
  return isObject(container) && Object.hasOwn(container, name) ? container[name] : undefined;
}

function indexOf(name: string, length: number): number | undefined {
  if (!/^[+-]?\d{1,9}$/.test(name)) return undefined;
  const index = Number(name) < 0 ? Number(name) + length : Number(name);
  return index >= 0 && index < length ? index : undefined;
}

function unescapePointer(name: string): string {
  return name.replaceAll("~1", "/").replaceAll("~0", "~");
}
