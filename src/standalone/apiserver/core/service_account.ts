/** ServiceAccount. */
import type { JsonObject } from "../../../kube/json.ts";
import type { CoreKind } from "./core_kind.ts";
import { withItems } from "./members.ts";
import { dnsSubdomain } from "./names.ts";

export const SERVICE_ACCOUNT: CoreKind = {
  meta: { namespaced: true, name: dnsSubdomain, again: true },
  prepareCreate: withSecretNames,
  prepareUpdate: withSecretNames,
};

/** An account has secrets of its own namespace: of a reference its name is kept. */
function withSecretNames(object: JsonObject): JsonObject {
  return withItems(object, "secrets", ({ name }) => name === undefined ? {} : { name });
}
