/** Event of the core group. */
import type { JsonObject } from "../../../kube/json.ts";
import { type FieldError, invalidValue } from "../field_error.ts";
import type { CoreKind } from "./core_kind.ts";
import { part, text } from "./members.ts";
import { dnsSubdomain } from "./names.ts";
import { metadataOf } from "./object_meta.ts";

export const EVENT: CoreKind = {
  meta: { namespaced: true, name: dnsSubdomain },
  validate: validateNamespace,
};

/** An event is where its object is; events of what is in no namespace are in "default". */
function validateNamespace(event: JsonObject): FieldError[] {
  const namespace = text(metadataOf(event), "namespace");
  const involved = text(part(event, "involvedObject"), "namespace");
  if (involved === namespace || (involved === "" && namespace === "default")) return [];
  return [invalidValue("involvedObject.namespace", involved, "does not match event.namespace")];
}
