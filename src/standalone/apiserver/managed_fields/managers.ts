/** The managers of an object, read from its `metadata.managedFields` and written back. */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import { FieldSet } from "./field_set.ts";

/** Who manages: each of these is an entry of its own. */
export interface ManagerIdentity {
  name: string;
  operation: "Apply" | "Update";
  /** The version of the API that the manager speaks. */
  apiVersion: string;
  subresource: string;
}

/** A manager and its fields. */
export interface Manager extends ManagerIdentity {
  fields: FieldSet;
  /** RFC 3339; of the last change. */
  time: string | undefined;
}

/** Managers by {@link identify}. */
export type Managers = Map<string, Manager>;

/** An applier keeps its entry when it changes the version that it speaks; who updates does not. */
export function identify({ name, operation, apiVersion, subresource }: ManagerIdentity): string {
  const version = operation === "Apply" ? "" : apiVersion;
  return JSON.stringify([name, operation, version, subresource]);
}

/** Reads `metadata.managedFields`; `undefined` when they are not what Kubernetes writes. */
export function decodeManagers(entries: Json | undefined): Managers | undefined {
  if (entries === undefined || entries === null) return new Map();
  if (!Array.isArray(entries)) return undefined;
  const managers: Managers = new Map();
  for (const entry of entries) {
    const manager = decodeManager(entry);
    if (manager === undefined) return undefined;
    managers.set(identify(manager), manager);
  }
  return managers;
}

function decodeManager(entry: Json): Manager | undefined {
  if (!isObject(entry)) return undefined;
  const { manager, operation, apiVersion, time, fieldsType, fieldsV1, subresource } = entry;
  if (operation !== "Apply" && operation !== "Update") return undefined;
  if (typeof apiVersion !== "string" || apiVersion === "" || fieldsType !== "FieldsV1") {
    return undefined;
  }
  try {
    return {
      name: typeof manager === "string" ? manager : "",
      operation,
      apiVersion,
      subresource: typeof subresource === "string" ? subresource : "",
      time: typeof time === "string" ? time : undefined,
      fields: FieldSet.parse(fieldsV1 ?? {}),
    };
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** `metadata.managedFields`: appliers first, then by time, name, version and subresource. */
export function encodeManagers(managers: Managers): JsonObject[] {
  return [...managers.values()].sort(compareManagers).map((manager) => ({
    ...(manager.name === "" ? {} : { manager: manager.name }),
    operation: manager.operation,
    apiVersion: manager.apiVersion,
    ...(manager.time === undefined ? {} : { time: manager.time }),
    fieldsType: "FieldsV1",
    fieldsV1: manager.fields.toFields(),
    ...(manager.subresource === "" ? {} : { subresource: manager.subresource }),
  }));
}

function compareManagers(a: Manager, b: Manager): number {
  return compareText(a.operation, b.operation) || seconds(a) - seconds(b) ||
    compareText(a.name, b.name) || compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource);
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function seconds({ time }: Manager): number {
  const parsed = time === undefined ? 0 : Date.parse(time);
  return Number.isNaN(parsed) ? 0 : Math.floor(parsed / 1000);
}

/** Updating managers that an object keeps apart; kube-apiserver: DefaultMaxUpdateManagers. */
const UPDATE_MANAGERS_MAX = 10;
const ANCIENT = "ancient-changes";

/** Puts the oldest updates into one entry for each version, when there are too many. */
export function capManagers(managers: Managers): Managers {
  const updaters = [...managers.entries()].filter(([, each]) => each.operation === "Update")
    .sort(([a, x], [b, y]) => seconds(x) - seconds(y) || compareText(a, b));
  let count = updaters.length;
  const capped = new Map(managers);
  const first = new Map<string, string>();
  for (const [id, manager] of updaters) {
    if (count <= UPDATE_MANAGERS_MAX) break;
    const { apiVersion } = manager;
    const earlier = first.get(apiVersion);
    if (earlier === undefined) {
      first.set(apiVersion, id);
      continue;
    }
    const bucket = { name: ANCIENT, operation: "Update", apiVersion, subresource: "" } as const;
    const bucketId = identify(bucket);
    const before = capped.get(bucketId) ?? capped.get(earlier);
    if (!capped.has(bucketId)) capped.delete(earlier);
    capped.delete(id);
    const fields = before === undefined ? manager.fields : before.fields.union(manager.fields);
    capped.set(bucketId, { ...bucket, fields, time: manager.time });
    count--;
  }
  return capped;
}
