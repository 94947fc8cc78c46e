/** Ownership of fields under create, update and all patches but apply. */
import { isObject, type Json, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import type { Schema } from "../schema/schema.ts";
import { checkTyped } from "./check_typed.ts";
import { rootType } from "./atom.ts";
import { capManagers, decodeManagers, encodeManagers, type Managers } from "./managers.ts";
import { blank, takeFields, withManagedFields, withoutManagedFields } from "./ownership.ts";
import { fieldsResetBy } from "./unmanaged_fields.ts";

/** What is written, where and by whom. */
export interface TrackedUpdate {
  /** The stored object; `undefined` for a creation. */
  before: JsonObject | undefined;
  /** The wanted one, with its defaults but before admission: what admission adds belongs to nobody. */
  after: JsonObject;
  /** The `fieldManager` parameter, or the beginning of the user agent up to "/". */
  manager: string;
  schema: Schema;
  /** RFC 3339, to the second. */
  now: string;
  /** The version that the request speaks. */
  apiVersion: string;
  /** "" or "status", "scale" and the like. */
  subresource?: string;
  /** Whether `status` is a subresource; by default where the schema has a status. */
  statusSubresource?: boolean;
}

/**
 * The wanted object with its `metadata.managedFields`. Entries that the writer gives replace those that are stored, except
 * through a subresource; one empty entry, or for Kubernetes' own kinds an empty list, takes them all away.
 */
export function trackUpdate(update: TrackedUpdate): JsonObject {
  const { before, after, schema, subresource = "" } = update;
  const given = (before === undefined ? undefined : managedFieldsOf(before)) ?? undefined;
  const wanted = managedFieldsOf(after);
  // An empty list does not outlive the reading of a custom resource.
  const emptied = schema.typed !== true && Array.isArray(wanted) && wanted.length === 0;
  const managers = managersOf({ stored: given, wanted: emptied ? undefined : wanted, subresource });
  const object = withoutManagedFields(after);
  if (managers.size === 0 && before !== undefined) return object;
  const type = rootType(schema);
  const fits = (each: JsonObject) => checkTyped(each, type, { allowDuplicates: true }).length === 0;
  if (!fits(object) || (before !== undefined && !fits(before))) return object;
  const { statusSubresource = schema.properties?.status !== undefined } = update;
  const kind = String(object.kind ?? "");
  const next = takeFields({
    before: before === undefined ? blank(schema, object) : withoutManagedFields(before),
    after: object,
    type,
    managers,
    reset: fieldsResetBy({ schema, kind, subresource, statusSubresource }),
  }, {
    name: update.manager === "" ? "unknown" : update.manager,
    operation: "Update",
    apiVersion: update.apiVersion,
    subresource,
    time: update.now,
  });
  return withManagedFields(object, encodeManagers(capManagers(next)));
}

function managersOf(given: {
  stored: Json | undefined;
  wanted: Json | undefined;
  subresource: string;
}): Managers {
  const stored = () => decodeManagers(given.stored) ?? new Map();
  if (given.subresource !== "") return stored();
  if (isReset(given.wanted)) return new Map();
  const wanted = decodeManagers(given.wanted);
  return wanted === undefined || wanted.size === 0 ? stored() : wanted;
}

function isReset(wanted: Json | undefined): boolean {
  if (!Array.isArray(wanted)) return false;
  const [first] = wanted;
  return wanted.length === 0 ||
    (wanted.length === 1 && isObject(first) && Object.keys(first).length === 0);
}

function managedFieldsOf(object: JsonObject): Json | undefined {
  return isObject(object.metadata) ? object.metadata.managedFields : undefined;
}

/**
 * The object to store. When nothing but the times of managers changed, nothing did: the stored entries stay, and with them
 * the object's version. To be asked last, after admission.
 */
export function keepTimes(before: JsonObject, after: JsonObject): JsonObject {
  const timeless = (object: JsonObject) =>
    (decodeManagers(managedFieldsOf(object)) ?? new Map()).values()
      .map((manager) => ({ ...manager, time: undefined, fields: manager.fields.toFields() }))
      .toArray();
  if (!jsonEqual(withoutManagedFields(before), withoutManagedFields(after))) return after;
  const byId = (entries: ReturnType<typeof timeless>) =>
    entries.map((entry) => JSON.stringify(entry)).sort();
  return jsonEqual(byId(timeless(before)), byId(timeless(after))) ? before : after;
}
