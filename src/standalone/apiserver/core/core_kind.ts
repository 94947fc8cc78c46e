/** What one of Kubernetes' own kinds adds to its schema: defaults and rules, all pure. */
import type { JsonObject } from "../../../kube/json.ts";
import type { FieldError } from "../field_error.ts";
import {
  type MetaRules,
  validateAnyUpdate,
  validateMeta,
  validateMetaUpdate,
} from "./object_meta.ts";

/** What all objects of a kind share: whoever has a part of it, and a source of chance from 0 up to 1. */
export interface Pool {
  others: readonly JsonObject[];
  random: () => number;
}

/** An object with its part of the pool, or why it cannot have what it asks for. */
export type Allotted = { object: JsonObject } | { errors: FieldError[] };

/**
 * A write goes through them in this order: `applyDefaults` of the schema, `defaults`, managed fields, admission,
 * `prepareCreate` or `prepareUpdate`, `allot`, `validate`.
 */
export interface CoreKind {
  meta: MetaRules;
  /** What every object of the kind gets; whoever writes it owns that. The argument has its schema's defaults. */
  defaults?: (object: JsonObject) => JsonObject;
  /** Whether a new object brings its status, as nodes do; else it has none but what `prepareCreate` sets. */
  statusOnCreate?: boolean;
  /** What the server sets in a new object; nobody owns that. */
  prepareCreate?: (object: JsonObject) => JsonObject;
  /** What a write to the object itself leaves as it was. Status is left to whoever serves subresources. */
  prepareUpdate?: (object: JsonObject, old: JsonObject) => JsonObject;
  /** What the server hands out, of what all objects of the kind share; nobody owns that. Not for subresources. */
  allot?: (object: JsonObject, old: JsonObject | undefined, pool: Pool) => Allotted;
  /** What is wrong with a new object, or with the result of an update; metadata aside. */
  validate?: (object: JsonObject, old: JsonObject | undefined) => FieldError[];
}

/** What is wrong with an object, in the order in which Kubernetes lists it. */
export function validateCore(
  kind: CoreKind,
  object: JsonObject,
  old: JsonObject | undefined,
): FieldError[] {
  const own = kind.validate?.(object, old) ?? [];
  if (old === undefined) return [...validateMeta(object, kind.meta), ...own];
  return [
    ...validateAnyUpdate(object, old, kind.meta.namespaced),
    ...validateMetaUpdate(object, old),
    ...(kind.meta.again ? validateMeta(object, kind.meta) : []),
    ...own,
  ];
}
