/** PersistentVolume. */
import { isObject, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import type { Quantity } from "../../../api/quantity.ts";
import { unitsOf } from "../../../resources/quantity_comparison.ts";
import {
  type FieldError,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from "../field_error.ts";
import type { CoreKind } from "./core_kind.ts";
import { filled, part, text, withPart } from "./members.ts";
import { dnsSubdomain } from "./names.ts";
import { validateAccessModes, VOLUME_MODES } from "./volume_claim.ts";

const RECLAIM_POLICIES = ["Delete", "Recycle", "Retain"];
/** Of a spec, all that is no source: exactly one other member names where the volume is. */
const NO_SOURCES: ReadonlySet<string> = new Set([
  "accessModes",
  "capacity",
  "claimRef",
  "mountOptions",
  "nodeAffinity",
  "persistentVolumeReclaimPolicy",
  "storageClassName",
  "volumeAttributesClassName",
  "volumeMode",
]);

export const VOLUME: CoreKind = {
  meta: { namespaced: false, name: dnsSubdomain, again: true },
  defaults: (object) => {
    const spec = withPart(
      object,
      "spec",
      (each) => filled(each, { persistentVolumeReclaimPolicy: "Retain", volumeMode: "Filesystem" }),
    );
    return { ...spec, status: filled(part(spec, "status"), { phase: "Pending" }) };
  },
  validate: (object, old) => [
    ...validateSpec(part(object, "spec")),
    ...(old === undefined ? [] : validateUpdate(part(object, "spec"), part(old, "spec"))),
  ],
};

function validateSpec(spec: JsonObject): FieldError[] {
  const modes = Array.isArray(spec.accessModes) ? spec.accessModes.map(String) : [];
  const errors: FieldError[] = modes.length === 0 ? [required("spec.accessModes")] : [];
  errors.push(...validateAccessModes(modes, "spec.accessModes"), ...validateCapacity(spec));
  const policy = text(spec, "persistentVolumeReclaimPolicy");
  if (policy !== "" && !RECLAIM_POLICIES.includes(policy)) {
    errors.push(notSupported("spec.persistentVolumeReclaimPolicy", policy, RECLAIM_POLICIES));
  }
  errors.push(...validateSource(spec));
  const storageClass = text(spec, "storageClassName");
  if (storageClass !== "") {
    const texts = dnsSubdomain(storageClass);
    errors.push(...texts.map((each) => invalidValue("spec.storageClassName", storageClass, each)));
  }
  const mode = text(spec, "volumeMode");
  if (mode !== "" && !VOLUME_MODES.includes(mode)) {
    errors.push(notSupported("spec.volumeMode", mode, VOLUME_MODES));
  }
  return errors;
}

function validateCapacity(spec: JsonObject): FieldError[] {
  const capacity = part(spec, "capacity");
  if (Object.keys(capacity).length === 0) {
    return [required("spec.capacity"), notSupported("spec.capacity", null, ["storage"])];
  }
  const { storage, ...others } = capacity;
  if (storage === undefined || Object.keys(others).length > 0) {
    return [notSupported("spec.capacity", capacity, ["storage"])];
  }
  if ((unitsOf(storage as Quantity) ?? 0n) > 0n) return [];
  return [invalidValue("spec.capacity[storage]", String(storage), "must be greater than zero")];
}

function validateSource(spec: JsonObject): FieldError[] {
  const sources = Object.entries(spec).filter(([name, value]) =>
    !NO_SOURCES.has(name) && isObject(value)
  );
  const [first, second] = sources;
  if (first === undefined) return [required("spec", "must specify a volume type")];
  if (second !== undefined) {
    return [forbidden(`spec.${second[0]}`, "may not specify more than 1 volume type")];
  }
  const path = text(first[1] as JsonObject, "path");
  const needsPath = first[0] === "local" || first[0] === "hostPath";
  const errors = needsPath && path === "" ? [required(`spec.${first[0]}.path`)] : [];
  if (first[0] === "local" && spec.nodeAffinity === undefined) {
    errors.push(required("spec.nodeAffinity", "Local volume requires node affinity"));
  }
  return errors;
}

function validateUpdate(after: JsonObject, before: JsonObject): FieldError[] {
  const sourceOf = (spec: JsonObject) =>
    Object.fromEntries(Object.entries(spec).filter(([name]) => !NO_SOURCES.has(name)));
  const errors: FieldError[] = [];
  if (!jsonEqual(sourceOf(after), sourceOf(before))) {
    const detail = "spec.persistentvolumesource is immutable after creation";
    errors.push(forbidden("spec.persistentvolumesource", detail));
  }
  if (!jsonEqual(after.volumeMode ?? null, before.volumeMode ?? null)) {
    errors.push(invalidValue("volumeMode", after.volumeMode, "field is immutable"));
  }
  return errors;
}
