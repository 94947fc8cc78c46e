/** How a change of an object moves its fields between managers. */
import type { Json, JsonObject } from "../../../kube/json.ts";
import type { Schema } from "../schema/schema.ts";
import type { TypeRef } from "./atom.ts";
import { compareTyped, type Comparison } from "./compare.ts";
import { type Conflict, conflictsOf } from "./conflicts.ts";
import type { FieldSet } from "./field_set.ts";
import { identify, type Manager, type ManagerIdentity, type Managers } from "./managers.ts";
import { SERVER_FIELDS } from "./unmanaged_fields.ts";

/** A change and who makes it. */
export interface Change {
  before: Json;
  after: Json;
  type: TypeRef;
  managers: Managers;
  /** Fields that this endpoint does not change. */
  reset: FieldSet;
}

/** The managers after others have lost what the change took from them. */
interface Moved {
  managers: Managers;
  comparison: Comparison;
  conflicts: Conflict[];
}

/** What everyone but the actor loses: fields that changed, which are conflicts, and fields that are gone. */
export function loseFields(change: Change, actor: string | undefined): Moved {
  const raw = compareTyped(change.before, change.after, change.type);
  const comparison = {
    removed: raw.removed.recursiveDifference(change.reset),
    modified: raw.modified.recursiveDifference(change.reset),
    added: raw.added.recursiveDifference(change.reset),
  };
  const changed = comparison.modified.union(comparison.added);
  const taken = new Map<string, FieldSet>();
  const managers: Managers = new Map();
  for (const [id, manager] of change.managers) {
    let { fields } = manager;
    if (id !== actor) {
      const conflict = fields.intersection(changed);
      if (!conflict.empty) taken.set(id, conflict);
      fields = fields.difference(conflict).difference(comparison.removed);
    }
    if (!fields.empty) managers.set(id, { ...manager, fields });
  }
  return { managers, comparison, conflicts: conflictsOf(change.managers, taken) };
}

/** The managers after an update, which takes what it changes. */
export function takeFields(change: Change, actor: ManagerIdentity & { time: string }): Managers {
  const { managers, comparison } = loseFields(change, undefined);
  const taken = comparison.modified.union(comparison.added)
    .recursiveDifference(change.reset).difference(SERVER_FIELDS);
  if (taken.empty) return managers;
  const id = identify(actor);
  const previous = managers.get(id);
  const fields = previous === undefined ? taken : previous.fields.union(taken);
  return managers.set(id, { ...actor, fields });
}

/** The object without its `metadata.managedFields`. */
export function withoutManagedFields(object: JsonObject): JsonObject {
  return withManagedFields(object, []);
}

/** The object with these managers; none at all leave no field. */
export function withManagedFields(object: JsonObject, entries: JsonObject[]): JsonObject {
  const { managedFields: _, ...metadata } = (object.metadata ?? {}) as JsonObject;
  const managed = entries.length === 0 ? metadata : { ...metadata, managedFields: entries };
  if (object.metadata === undefined && entries.length === 0) return object;
  return { ...object, metadata: managed };
}

/** What Kubernetes compares a new object with: for its own kinds one whose parts are there, and empty. */
export function blank(schema: Schema, { apiVersion, kind }: JsonObject): JsonObject {
  const names = { ...(apiVersion && { apiVersion }), ...(kind && { kind }) };
  return schema.typed === true ? { ...zeroOf(schema), ...names } as JsonObject : names;
}

const ZEROS = new WeakMap<Schema, JsonObject>();

/** One for all objects of a kind: it is only read. */
function zeroOf(schema: Schema): JsonObject {
  let found = ZEROS.get(schema);
  if (found === undefined) ZEROS.set(schema, found = zero(schema));
  return found;
}

function zero(schema: Schema): JsonObject {
  const members: [string, Json][] = [];
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    if (member.default !== undefined) {
      const isObject = member.type === "object" && member.properties !== undefined;
      members.push([name, isObject ? zero(member) : member.default as Json]);
    } else if (schema.required?.includes(name)) {
      members.push([name, null]);
    }
  }
  return Object.fromEntries(members);
}

/** The manager's entry, changed by what is left of its fields: none leaves no entry. */
export function setFields(managers: Managers, manager: Manager): void {
  const id = identify(manager);
  if (manager.fields.empty) managers.delete(id);
  else managers.set(id, manager);
}
