/** EndpointSlice. */
import { jsonEqual, type JsonObject } from "../../../kube/json.ts";
import { type FieldError, invalidValue, notSupported, required } from "../field_error.ts";
import type { CoreKind } from "./core_kind.ts";
import { filled, items, text, withItems } from "./members.ts";
import { dnsSubdomain } from "./names.ts";

const ADDRESS_TYPES = ["FQDN", "IPv4", "IPv6"];
const ADDRESSES_MAX = 100;

export const ENDPOINT_SLICE: CoreKind = {
  meta: { namespaced: true, name: dnsSubdomain, again: true },
  defaults: (object) =>
    withItems(object, "ports", (port) => ({ name: "", ...filled(port, { protocol: "TCP" }) })),
  validate: (object, old) => [
    ...validateAddressType(object),
    ...validateEndpoints(object),
    ...(old !== undefined && !jsonEqual(object.addressType ?? null, old.addressType ?? null)
      ? [invalidValue("addressType", object.addressType, "field is immutable")]
      : []),
  ],
};

function validateAddressType(object: JsonObject): FieldError[] {
  const type = text(object, "addressType");
  if (type === "") return [required("addressType")];
  return ADDRESS_TYPES.includes(type) ? [] : [notSupported("addressType", type, ADDRESS_TYPES)];
}

function validateEndpoints(object: JsonObject): FieldError[] {
  return items(object, "endpoints").flatMap((endpoint, index) => {
    const field = `endpoints[${index}].addresses`;
    const addresses = Array.isArray(endpoint.addresses) ? endpoint.addresses : [];
    if (addresses.length === 0) return [required(field, "must contain at least 1 address")];
    if (addresses.length <= ADDRESSES_MAX) return [];
    const detail = `must have at most ${ADDRESSES_MAX} items`;
    return [{ reason: "FieldValueTooMany" as const, field, value: addresses.length, detail }];
  });
}
