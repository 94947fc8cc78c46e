/** Pod. */
import { isObject, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import { type FieldError, forbidden } from "../field_error.ts";
import type { CoreKind } from "./core_kind.ts";
import { part, withPart } from "./members.ts";
import { dnsSubdomain } from "./names.ts";
import { defaultPodSpec } from "./pod_defaults.ts";
import { validatePodSpec } from "./pod_rules.ts";

export const POD: CoreKind = {
  meta: { namespaced: true, name: dnsSubdomain },
  defaults: (object) => withPart(object, "spec", defaultPodSpec),
  validate: (object, old) => {
    const spec = part(object, "spec");
    return old === undefined
      ? validatePodSpec(spec)
      : [...validatePodSpec(spec), ...validateUpdate(spec, part(old, "spec"))];
  },
};

const MUTABLE =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/** What a pod is made of is fixed; binding it to a node is a subresource's work. */
function validateUpdate(after: JsonObject, before: JsonObject): FieldError[] {
  if (jsonEqual(fixedPart(after), fixedPart(before))) return [];
  return [forbidden("spec", MUTABLE)];
}

function fixedPart(spec: JsonObject): JsonObject {
  const { activeDeadlineSeconds: _, tolerations: __, schedulingGates: ___, ...rest } = spec;
  const imageless = (list: unknown) =>
    Array.isArray(list) ? list.map((each) => isObject(each) ? { ...each, image: "" } : each) : null;
  return {
    ...rest,
    containers: imageless(spec.containers),
    initContainers: imageless(spec.initContainers),
  };
}
