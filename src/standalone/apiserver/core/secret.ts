/** Secret. */
import { isObject, type Json, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import { type FieldError, invalidValue, required, tooLong } from "../field_error.ts";
import { base64Bytes, DATA_BYTES_MAX } from "./config_map.ts";
import type { CoreKind } from "./core_kind.ts";
import { validateImmutable } from "./immutable_data.ts";
import { entries } from "./members.ts";
import { configKey, dnsSubdomain } from "./names.ts";
import { metadataOf } from "./object_meta.ts";

const SERVICE_ACCOUNT_NAME = "kubernetes.io/service-account.name";

export const SECRET: CoreKind = {
  meta: { namespaced: true, name: dnsSubdomain, again: true },
  defaults,
  validate: (object, old) => [
    ...(old === undefined || jsonEqual(object.type ?? "", old.type ?? "")
      ? []
      : [invalidValue("type", object.type ?? "", "field is immutable")]),
    ...validateImmutable(object, old, ["data"]),
    ...validateData(object),
  ],
};

/** What was written as text becomes data; an empty type is an opaque secret. */
function defaults(object: JsonObject): JsonObject {
  const { stringData, ...rest } = object;
  const type = rest.type || "Opaque";
  if (!isObject(stringData)) return { ...rest, type };
  const texts = Object.entries(stringData).map(([key, value]) => [key, base64(String(value))]);
  const data = { ...(isObject(rest.data) ? rest.data : {}), ...Object.fromEntries(texts) };
  return { ...rest, data, type };
}

function validateData(object: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of entries(object.data)) {
    errors.push(...configKey(key).map((text) => invalidValue(`data[${key}]`, key, text)));
    bytes += base64Bytes(value);
  }
  if (bytes > DATA_BYTES_MAX) errors.push(tooLong("data", DATA_BYTES_MAX));
  return [...errors, ...validateType(object)];
}

function validateType(object: JsonObject): FieldError[] {
  const data = isObject(object.data) ? object.data : {};
  const missing = (...keys: string[]) =>
    keys.filter((key) => !Object.hasOwn(data, key)).map((key) => required(`data[${key}]`));
  switch (object.type) {
    case "kubernetes.io/service-account-token": {
      const { annotations } = metadataOf(object);
      const name = isObject(annotations) ? annotations[SERVICE_ACCOUNT_NAME] : undefined;
      return name ? [] : [required(`metadata.annotations[${SERVICE_ACCOUNT_NAME}]`)];
    }
    case "kubernetes.io/dockercfg":
      return missing(".dockercfg").concat(notJson(data, ".dockercfg"));
    case "kubernetes.io/dockerconfigjson":
      return missing(".dockerconfigjson").concat(notJson(data, ".dockerconfigjson"));
    case "kubernetes.io/basic-auth": {
      const absent = missing("username", "password");
      return absent.length === 2 ? absent : [];
    }
    case "kubernetes.io/ssh-auth":
      return data["ssh-privatekey"] ? [] : [required("data[ssh-privatekey]")];
    case "kubernetes.io/tls":
      return missing("tls.crt", "tls.key");
    default:
      return [];
  }
}

function notJson(data: JsonObject, key: string): FieldError[] {
  const text = data[key];
  if (text === undefined) return [];
  try {
    if (isObject(JSON.parse(atob(String(text))))) return [];
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof DOMException)) throw error;
  }
  const detail = "it must be a JSON object";
  return [invalidValue(`data[${key}]`, "<secret contents redacted>", detail)];
}

function base64(text: string): Json {
  const bytes = new TextEncoder().encode(text);
  return bytes.toBase64();
}
