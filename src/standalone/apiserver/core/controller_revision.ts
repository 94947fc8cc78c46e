/** ControllerRevision. */
import { isObject, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import { type FieldError, invalidValue, required } from "../field_error.ts";
import type { CoreKind } from "./core_kind.ts";
import { dnsSubdomain } from "./names.ts";

export const CONTROLLER_REVISION: CoreKind = {
  meta: { namespaced: true, name: dnsSubdomain, again: true },
  validate: (object, old) => [
    ...validateRevision(object),
    ...(old === undefined ? validateData(object) : []),
    ...(old !== undefined && !jsonEqual(object.data ?? null, old.data ?? null)
      ? [invalidValue("data", object.data, "field is immutable")]
      : []),
  ],
};

function validateRevision({ revision = 0 }: JsonObject): FieldError[] {
  if (Number(revision) >= 0) return [];
  return [invalidValue("revision", revision, "must be greater than or equal to 0")];
}

function validateData({ data }: JsonObject): FieldError[] {
  if (data === undefined || data === null) return [required("data", "data is mandatory")];
  return isObject(data) ? [] : [required("data", "data must be a valid JSON object")];
}
