/** Between client-side and server-side apply: the annotation in which `kubectl apply` remembers what it applied. */
import { isObject, type JsonObject } from "../../../kube/json.ts";
import { quote } from "../field_error.ts";
import type { TypeRef } from "./atom.ts";
import { checkTyped } from "./check_typed.ts";
import { compareTyped } from "./compare.ts";
import type { FieldSet } from "./field_set.ts";
import { toFieldSet } from "./to_field_set.ts";

/** Where client-side apply keeps what it applied. */
export const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** Fields that client-side apply set and that still have its values: the same person may take them over. */
export function allowedByLastApplied(
  live: JsonObject,
  type: TypeRef,
  apiVersion: string,
): FieldSet | undefined {
  const text = annotationsOf(live)?.[LAST_APPLIED];
  if (typeof text !== "string" || text === "") return undefined;
  const last = parse(text);
  if (last?.apiVersion !== apiVersion || checkTyped(last, type).length > 0) return undefined;
  const { modified, added, removed } = compareTyped(last, live, type);
  return toFieldSet(last, type).difference(modified).difference(added).difference(removed);
}

/** The annotation, where there is one, follows what kubectl applies on the server's side. */
export function syncLastApplied(object: JsonObject, applied: JsonObject): JsonObject {
  const annotations = annotationsOf(object);
  if (!annotations?.[LAST_APPLIED]) return object;
  const { [LAST_APPLIED]: _, ...others } = annotationsOf(applied) ?? {};
  const metadata = { ...applied.metadata as JsonObject };
  delete metadata.annotations;
  if (Object.keys(others).length > 0) metadata.annotations = others;
  const value = `${quote({ ...applied, metadata })}\n`;
  return {
    ...object,
    metadata: {
      ...object.metadata as JsonObject,
      annotations: { ...annotations, [LAST_APPLIED]: value },
    },
  };
}

function annotationsOf(object: JsonObject): JsonObject | undefined {
  const { annotations } = isObject(object.metadata) ? object.metadata : { annotations: undefined };
  return isObject(annotations) ? annotations : undefined;
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
