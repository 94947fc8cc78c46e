/** Writes that a real API server and our rules must answer alike: `testdata/*.yaml` holds them with the real answers. */
import { parse, stringify } from "yaml";
import type { Json, JsonObject } from "../../../kube/json.ts";

/** One write. */
export interface Step {
  /** What it is about; for people. */
  note?: string;
  verb: "create" | "update" | "apply" | "merge" | "json" | "strategic";
  manager: string;
  subresource?: "status";
  force?: boolean;
  body: Json;
}

/** Writes to one object, one after the other, and what the real server answered to each. */
export interface Scenario {
  name: string;
  apiVersion: string;
  kind: string;
  plural: string;
  steps: Step[];
  answers?: Answer[];
}

/** The object without what differs in every run, or the refusal. */
export type Answer = { object: JsonObject } | { status: JsonObject };

const DIRECTORY = new URL("../testdata/", import.meta.url);

/** The scenarios of a file. */
export function readScenarios(file: string): Scenario[] {
  return parse(Deno.readTextFileSync(new URL(file, DIRECTORY))) as Scenario[];
}

/** Writes the scenarios of a file with new answers. */
export function writeScenarios(file: string, scenarios: Scenario[]): void {
  const text = stringify(scenarios, { lineWidth: 120, aliasDuplicateObjects: false });
  Deno.writeTextFileSync(new URL(file, DIRECTORY), text);
}

/** Of metadata what a run decides. */
const OF_A_RUN = ["uid", "resourceVersion", "creationTimestamp", "generation", "namespace"];

/** The answer without what a run decides: names of the server, versions, times. */
export function comparable(object: JsonObject): JsonObject {
  const { metadata = {}, ...rest } = structuredClone(object);
  const kept = metadata as JsonObject;
  for (const name of OF_A_RUN) delete kept[name];
  dropAdmitted(rest, kept);
  const entries = (kept.managedFields ?? []) as JsonObject[];
  for (const entry of entries) delete entry.time;
  // Their order depends on the second in which each step ran.
  if (entries.length > 0) {
    kept.managedFields = entries.sort((a, b) => nameOf(a) < nameOf(b) ? -1 : 1);
  }
  return { ...rest, metadata: kept };
}

/** The refusal with its conflicts in one order: the real server walks managers in another one each time. */
export function comparableStatus(status: JsonObject): JsonObject {
  const { details } = status;
  const { causes } = (details ?? {}) as { causes?: { reason: string }[] };
  if (causes?.[0]?.reason !== "FieldManagerConflict") return status;
  const sorted = causes.map((cause) => JSON.stringify(cause)).sort().map((text) =>
    JSON.parse(text)
  );
  return { ...status, details: { ...details as JsonObject, causes: sorted } };
}

/** What admission plugins of a whole cluster add: controllers take it away again. */
function dropAdmitted(object: JsonObject, metadata: JsonObject): void {
  const { finalizers } = metadata;
  if (Array.isArray(finalizers)) {
    const left = finalizers.filter((each) =>
      !/^kubernetes\.io\/pvc?-protection$/.test(String(each))
    );
    if (left.length > 0) metadata.finalizers = left;
    else delete metadata.finalizers;
  }
  if (object.kind === "Node") dropOfNodeControllers(object, metadata);
  if (object.kind === "PersistentVolume") {
    delete (object.status as JsonObject).lastPhaseTransitionTime;
  }
}

/** Controllers write to a new node at any moment. */
function dropOfNodeControllers(object: JsonObject, metadata: JsonObject): void {
  delete (object.spec as JsonObject).taints;
  const { annotations, managedFields } = metadata;
  if (annotations !== undefined) {
    delete (annotations as JsonObject)["node.alpha.kubernetes.io/ttl"];
    if (Object.keys(annotations as JsonObject).length === 0) delete metadata.annotations;
  }
  if (!Array.isArray(managedFields)) return;
  metadata.managedFields = (managedFields as JsonObject[])
    .filter(({ manager }) => manager !== "kube-controller-manager");
}

function nameOf({ operation, manager, apiVersion, subresource }: JsonObject): string {
  return JSON.stringify([operation, manager, apiVersion, subresource]);
}
