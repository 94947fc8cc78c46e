/** Node. */
import { isObject, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import { type FieldError, forbidden } from "../field_error.ts";
import type { CoreKind } from "./core_kind.ts";
import { part, text } from "./members.ts";
import { dnsSubdomain } from "./names.ts";

export const NODE: CoreKind = {
  meta: { namespaced: false, name: dnsSubdomain },
  defaults,
  statusOnCreate: true,
  validate: (object, old) => old === undefined ? [] : validateUpdate(object, old),
};

/** A node can allot all that it has, unless it says otherwise. */
function defaults(object: JsonObject): JsonObject {
  const status = part(object, "status");
  if (!isObject(status.capacity) || isObject(status.allocatable)) return object;
  return { ...object, status: { ...status, allocatable: status.capacity } };
}

function validateUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  const [after, before] = [part(object, "spec"), part(old, "spec")];
  const errors: FieldError[] = [];
  const hadRange = text(before, "podCIDR") !== "";
  if (hadRange && !jsonEqual(after.podCIDRs ?? null, before.podCIDRs ?? null)) {
    errors.push(
      forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid'),
    );
  }
  if (
    text(before, "providerID") !== "" && text(after, "providerID") !== text(before, "providerID")
  ) {
    const detail = 'node updates may not change providerID except from "" to valid';
    errors.push(forbidden("spec.providerID", detail));
  }
  return errors;
}
