/** ConfigMap. */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import { type FieldError, invalidValue, tooLong } from "../field_error.ts";
import type { CoreKind } from "./core_kind.ts";
import { validateImmutable } from "./immutable_data.ts";
import { entries } from "./members.ts";
import { configKey, dnsSubdomain } from "./names.ts";

/** Values of a config map or a secret together, in bytes; core: MaxSecretSize. */
export const DATA_BYTES_MAX = 1024 * 1024;

export const CONFIG_MAP: CoreKind = {
  meta: { namespaced: true, name: dnsSubdomain, again: true },
  validate: (object, old) => [
    ...validateImmutable(object, old, ["data", "binaryData"]),
    ...validateData(object),
  ],
};

function validateData({ data, binaryData }: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const encoder = new TextEncoder();
  let bytes = 0;
  for (const [key, value] of entries(data)) {
    const field = `data[${key}]`;
    errors.push(...configKey(key).map((text) => invalidValue(field, key, text)));
    if (isObject(binaryData) && Object.hasOwn(binaryData, key)) {
      errors.push(invalidValue(field, key, "duplicate of key present in binaryData"));
    }
    bytes += encoder.encode(String(value)).length;
  }
  for (const [key, value] of entries(binaryData)) {
    errors.push(
      ...configKey(key).map((text) => invalidValue(`binaryData[${key}]`, key, text)),
    );
    bytes += base64Bytes(value);
  }
  if (bytes > DATA_BYTES_MAX) errors.push(tooLong("", DATA_BYTES_MAX));
  return errors;
}

/** How many bytes a base64 text stands for. */
export function base64Bytes(value: Json): number {
  const text = String(value);
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return Math.floor(text.length * 3 / 4) - padding;
}
