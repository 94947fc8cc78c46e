/** PersistentVolumeClaim. */
import { jsonEqual, type JsonObject } from "../../../kube/json.ts";
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

/** How a volume may be used. */
export const ACCESS_MODES: readonly string[] = [
  "ReadOnlyMany",
  "ReadWriteMany",
  "ReadWriteOnce",
  "ReadWriteOncePod",
];
/** What a volume is for its user. */
export const VOLUME_MODES: readonly string[] = ["Block", "Filesystem"];

export const VOLUME_CLAIM: CoreKind = {
  meta: { namespaced: true, name: dnsSubdomain, again: true },
  defaults: (object) => {
    const moded = withPart(object, "spec", (spec) => filled(spec, { volumeMode: "Filesystem" }));
    return { ...moded, status: filled(part(moded, "status"), { phase: "Pending" }) };
  },
  validate: (object, old) => [
    ...validateSpec(part(object, "spec")),
    ...(old === undefined ? [] : validateUpdate(object, old)),
  ],
};

function validateSpec(spec: JsonObject): FieldError[] {
  const modes = Array.isArray(spec.accessModes) ? spec.accessModes.map(String) : [];
  const errors: FieldError[] = [];
  if (modes.length === 0) {
    errors.push(required("spec.accessModes", "at least 1 access mode is required"));
  }
  errors.push(...validateAccessModes(modes, "spec.accessModes"));
  errors.push(...validateStorage(spec));
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

/** What is wrong with a list of access modes. */
export function validateAccessModes(modes: readonly string[], field: string): FieldError[] {
  const errors = modes.filter((mode) => !ACCESS_MODES.includes(mode))
    .map((mode) => notSupported(field, mode, ACCESS_MODES));
  const others = modes.some((mode) => mode !== "ReadWriteOncePod" && ACCESS_MODES.includes(mode));
  if (modes.includes("ReadWriteOncePod") && others) {
    errors.push(forbidden(field, "may not use ReadWriteOncePod with other access modes"));
  }
  return errors;
}

function validateStorage(spec: JsonObject): FieldError[] {
  const field = "spec.resources[storage]";
  const { storage } = part(part(spec, "resources"), "requests");
  if (storage === undefined) return [required(field)];
  if ((unitsOf(storage as Quantity) ?? 0n) > 0n) return [];
  return [invalidValue(field, String(storage), "must be greater than zero")];
}

function validateUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  const [after, before] = [part(object, "spec"), part(old, "spec")];
  const bound = text(part(object, "status"), "phase") === "Bound";
  const free = new Set([
    ...(text(before, "volumeName") === "" ? ["volumeName"] : []),
    ...(before.storageClassName === undefined ? ["storageClassName"] : []),
    ...(bound ? ["volumeAttributesClassName"] : []),
  ]);
  const fixed = (spec: JsonObject) => {
    const kept = Object.entries(spec).filter(([name]) => !free.has(name));
    if (!bound) return Object.fromEntries(kept);
    const resources = { ...part(spec, "resources") };
    const { storage: _, ...requests } = part(resources, "requests");
    return { ...Object.fromEntries(kept), resources: { ...resources, requests } };
  };
  const errors: FieldError[] = [];
  if (!jsonEqual(fixed(after), fixed(before))) {
    errors.push(
      forbidden(
        "spec",
        "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
      ),
    );
  }
  if (sizeOf(after) < sizeOf(before) && sizeOf(after) <= capacityOf(object)) {
    const field = "spec.resources.requests.storage";
    errors.push(forbidden(field, "field can not be less than status.capacity"));
  }
  if (!jsonEqual(after.volumeMode ?? null, before.volumeMode ?? null)) {
    errors.push(invalidValue("volumeMode", after.volumeMode, "field is immutable"));
  }
  return errors;
}

function sizeOf(spec: JsonObject): bigint {
  return unitsOf(part(part(spec, "resources"), "requests").storage as Quantity | undefined) ?? 0n;
}

function capacityOf(object: JsonObject): bigint {
  return unitsOf(part(part(object, "status"), "capacity").storage as Quantity | undefined) ?? 0n;
}
