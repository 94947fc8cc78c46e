/** Lease. */
import type { JsonObject } from "../../../kube/json.ts";
import { type FieldError, invalidValue } from "../field_error.ts";
import type { CoreKind } from "./core_kind.ts";
import { part } from "./members.ts";
import { dnsSubdomain } from "./names.ts";

export const LEASE: CoreKind = {
  meta: { namespaced: true, name: dnsSubdomain },
  validate: (object) => validateSpec(part(object, "spec")),
};

function validateSpec(spec: JsonObject): FieldError[] {
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec;
  const errors: FieldError[] = [];
  if (typeof duration === "number" && duration <= 0) {
    errors.push(invalidValue("spec.leaseDurationSeconds", duration, "must be greater than 0"));
  }
  if (typeof transitions === "number" && transitions < 0) {
    const detail = "must be greater than or equal to 0";
    errors.push(invalidValue("spec.leaseTransitions", transitions, detail));
  }
  return errors;
}
