/** Namespace. */
import { isObject, type JsonObject } from "../../../kube/json.ts";
import type { CoreKind } from "./core_kind.ts";
import { dnsLabel } from "./names.ts";
import { metadataOf } from "./object_meta.ts";

/** The label by which every namespace can be selected. */
const NAME_LABEL = "kubernetes.io/metadata.name";
const FINALIZER = "kubernetes";

export const NAMESPACE: CoreKind = {
  meta: { namespaced: false, name: dnsLabel },
  defaults(object) {
    const metadata = metadataOf(object);
    const status = { phase: "Active", ...(isObject(object.status) ? object.status : {}) };
    if (!metadata.name) return { ...object, status };
    const labels = isObject(metadata.labels) ? metadata.labels : {};
    return {
      ...object,
      status,
      metadata: { ...metadata, labels: { ...labels, [NAME_LABEL]: metadata.name } },
    };
  },
  prepareCreate: (object) => withFinalizer({ ...object, status: { phase: "Active" } }),
  prepareUpdate: (object, old) => ({ ...object, spec: old.spec ?? {} }),
};

/** The namespace goes when its content is gone: that is what this finalizer waits for. */
function withFinalizer(object: JsonObject): JsonObject {
  const spec = isObject(object.spec) ? object.spec : {};
  const finalizers = Array.isArray(spec.finalizers) ? spec.finalizers : [];
  if (finalizers.includes(FINALIZER)) return object;
  return { ...object, spec: { ...spec, finalizers: [...finalizers, FINALIZER] } };
}
