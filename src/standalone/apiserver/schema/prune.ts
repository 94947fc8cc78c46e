/** What a schema does not know is not stored; it is reported, so that `fieldValidation` can refuse it or warn of it. */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import type { Schema } from "./schema.ts";

/** The object without what its schema does not know, and the paths of that in their order. */
export interface Pruned {
  object: JsonObject;
  /** "spec.template.foo", "spec.list[2].bar". */
  unknown: string[];
}

/** Members that every object and every embedded object has, whatever its schema says. */
const META: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

/** Prunes an object; its `apiVersion`, `kind` and `metadata` are left alone unless the schema describes them. */
export function prune(object: JsonObject, schema: Schema): Pruned {
  const unknown: string[] = [];
  const pruned = pruneNode(object, schema, { path: "", unknown, root: true }) as JsonObject;
  return { object: pruned, unknown: unknown.sort() };
}

interface Walk {
  path: string;
  unknown: string[];
  root?: boolean;
  /** In `x-kubernetes-preserve-unknown-fields`, or in a list there: what is not described stays. */
  preserve?: boolean;
}

function pruneNode(value: Json, schema: Schema | undefined, walk: Walk): Json {
  if (schema?.["x-kubernetes-preserve-unknown-fields"]) walk = { ...walk, preserve: true };
  if (Array.isArray(value)) {
    return value.map((item, index) =>
      pruneNode(item, schema?.items, { ...walk, root: false, path: `${walk.path}[${index}]` })
    );
  }
  return isObject(value) ? pruneObject(value, schema, walk) : value;
}

function pruneObject(value: JsonObject, schema: Schema | undefined, walk: Walk): JsonObject {
  const embedded = walk.root === true || schema?.["x-kubernetes-embedded-resource"] === true;
  const kept: [string, Json][] = [];
  for (const [name, member] of Object.entries(value)) {
    const path = walk.path === "" ? name : `${walk.path}.${name}`;
    const known = memberOf(schema, name);
    if (known !== undefined) {
      kept.push([name, pruneNode(member, known, { path, unknown: walk.unknown })]);
    } else if (walk.preserve || (embedded && META.has(name))) {
      kept.push([name, member]);
    } else {
      walk.unknown.push(path);
    }
  }
  return Object.fromEntries(kept);
}

function memberOf(schema: Schema | undefined, name: string): Schema | undefined {
  if (schema?.properties !== undefined && Object.hasOwn(schema.properties, name)) {
    return schema.properties[name];
  }
  if (schema?.additionalProperties === true) return OPEN;
  return schema?.additionalProperties || undefined;
}

const OPEN: Schema = { "x-kubernetes-preserve-unknown-fields": true };
