/** The `scale` subresource: an object's replicas as autoscaling/v1. Pure. */
import { isObject, type JsonObject } from "../../../kube/json.ts";
import { jsonPath, memberPath } from "../kinds/json_path.ts";
import type { ScalePaths } from "../kinds/kind.ts";
import { badRequest } from "../status_error.ts";

const API_VERSION = "autoscaling/v1";

/** The scale of an object. */
export function scaleOf(object: JsonObject, paths: ScalePaths): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object
    .metadata as JsonObject;
  const meta = { name, namespace, uid, resourceVersion, creationTimestamp };
  const selector = paths.labelSelectorPath === undefined
    ? undefined
    : jsonPath(paths.labelSelectorPath)(object);
  const replicas = number(jsonPath(paths.specReplicasPath)(object));
  return {
    kind: "Scale",
    apiVersion: API_VERSION,
    metadata: Object.fromEntries(
      Object.entries(meta).filter(([, value]) => value !== undefined),
    ) as JsonObject,
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: number(jsonPath(paths.statusReplicasPath)(object)),
      ...(typeof selector === "string" && selector !== "" ? { selector } : {}),
    },
  };
}

/** The object with the replicas of a scale. Throws a 400 for another kind or type. */
export function withScale(object: JsonObject, scale: JsonObject, paths: ScalePaths): JsonObject {
  if (scale.kind !== undefined && scale.kind !== "Scale") {
    throw badRequest(`wrong object passed to Scale update: ${scale.kind}`);
  }
  const spec = isObject(scale.spec) ? scale.spec : {};
  const replicas = spec.replicas ?? 0;
  const { resourceVersion } = (scale.metadata ?? {}) as JsonObject;
  if (typeof replicas !== "number" || !Number.isInteger(replicas)) {
    throw badRequest(
      `Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal ${typeof replicas} into Go struct field ScaleSpec.spec.replicas of type int32`,
    );
  }
  const metadata = object.metadata as JsonObject;
  const changed = setMember(object, memberPath(paths.specReplicasPath), replicas);
  if (!resourceVersion) return changed;
  return { ...changed, metadata: { ...metadata, resourceVersion } };
}

function setMember(object: JsonObject, [first = "", ...rest]: string[], value: number): JsonObject {
  const member = object[first];
  return {
    ...object,
    [first]: rest.length === 0 ? value : setMember(isObject(member) ? member : {}, rest, value),
  };
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
