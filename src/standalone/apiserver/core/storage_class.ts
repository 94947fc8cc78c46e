/** StorageClass. */
import { jsonEqual, type JsonObject } from "../../../kube/json.ts";
import {
  type FieldError,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from "../field_error.ts";
import type { CoreKind } from "./core_kind.ts";
import { filled, text } from "./members.ts";
import { dnsSubdomain, qualifiedName } from "./names.ts";

export const STORAGE_CLASS: CoreKind = {
  meta: { namespaced: false, name: dnsSubdomain },
  defaults: (object) => filled(object, { reclaimPolicy: "Delete", volumeBindingMode: "Immediate" }),
  validate: (object, old) =>
    old === undefined ? validateClass(object) : validateUpdate(object, old),
};

function validateClass(object: JsonObject): FieldError[] {
  const provisioner = text(object, "provisioner");
  const errors = provisioner === ""
    ? [required("provisioner")]
    : qualifiedName(provisioner.toLowerCase())
      .map((detail) => invalidValue("provisioner", provisioner, detail));
  const policy = text(object, "reclaimPolicy");
  if (policy !== "" && policy !== "Delete" && policy !== "Retain") {
    errors.push(notSupported("reclaimPolicy", policy, ["Delete", "Retain"]));
  }
  const mode = text(object, "volumeBindingMode");
  const modes = ["Immediate", "WaitForFirstConsumer"];
  if (mode === "") errors.push(required("volumeBindingMode"));
  else if (!modes.includes(mode)) errors.push(notSupported("volumeBindingMode", mode, modes));
  return errors;
}

function validateUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  const changed = (name: string) => !jsonEqual(object[name] ?? null, old[name] ?? null);
  const fixed = (name: string) => forbidden(name, `updates to ${name} are forbidden.`);
  const errors = ["parameters", "provisioner", "reclaimPolicy"].filter(changed).map(fixed);
  if (changed("volumeBindingMode")) {
    errors.push(invalidValue("volumeBindingMode", object.volumeBindingMode, "field is immutable"));
  }
  return errors;
}
