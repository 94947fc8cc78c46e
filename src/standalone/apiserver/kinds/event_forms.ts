/** Events are one kind in two forms: v1, as it is stored, and events.k8s.io/v1. */
import type { JsonObject } from "../../../kube/json.ts";

/** Names of fields in events.k8s.io/v1 and in v1. */
const RENAMED: readonly (readonly [string, string])[] = [
  ["regarding", "involvedObject"],
  ["note", "message"],
  ["reportingController", "reportingComponent"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
];

/** From v1. */
export function toEventsForm(event: JsonObject): JsonObject {
  return {
    ...renamed(event, RENAMED.map(([form, core]) => [core, form])),
    apiVersion: "events.k8s.io/v1",
  };
}

/** To v1. */
export function fromEventsForm(event: JsonObject): JsonObject {
  return { ...renamed(event, RENAMED), apiVersion: "v1" };
}

function renamed(object: JsonObject, names: readonly (readonly [string, string])[]): JsonObject {
  const to = new Map(names);
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [to.get(name) ?? name, value]),
  );
}
