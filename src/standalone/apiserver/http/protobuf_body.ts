/**
 * Bodies in Kubernetes' protobuf form, for the few kinds that `kubectl` sends in no other: its `create` and `auth` commands.
 * Answers are JSON, which every client takes. The numbers are those of Kubernetes' generated.proto files. Pure.
 */
import type { Json, JsonObject } from "../../../kube/json.ts";
import { badRequest } from "../status_error.ts";

/**
 * What a field holds. A function is a message, an array of one is a list of them; "map" has strings, "bytemap" bytes in base64,
 * "amounts" quantities.
 * A "flag" and a "number" are always sent, and nothing said when they are false and 0.
 */
type FieldType =
  | "string"
  | "bool"
  | "flag"
  | "number"
  | "intOrString"
  | "map"
  | "bytemap"
  | "amounts"
  | "strings"
  | Message
  | readonly [Message];
type Message = () => Readonly<Record<number, readonly [name: string, type: FieldType]>>;

const META: Message = () => ({
  1: ["name", "string"],
  2: ["generateName", "string"],
  3: ["namespace", "string"],
  5: ["uid", "string"],
  6: ["resourceVersion", "string"],
  11: ["labels", "map"],
  12: ["annotations", "map"],
  14: ["finalizers", "strings"],
});
const RESOURCE_ATTRIBUTES: Message = () => ({
  1: ["namespace", "string"],
  2: ["verb", "string"],
  3: ["group", "string"],
  4: ["version", "string"],
  5: ["resource", "string"],
  6: ["subresource", "string"],
  7: ["name", "string"],
});
const OTHER_ATTRIBUTES: Message = () => ({ 1: ["path", "string"], 2: ["verb", "string"] });

const SERVICE_PORT: Message = () => ({
  1: ["name", "string"],
  2: ["protocol", "string"],
  3: ["port", "number"],
  4: ["targetPort", "intOrString"],
  5: ["nodePort", "number"],
  6: ["appProtocol", "string"],
});
const SERVICE_SPEC: Message = () => ({
  1: ["ports", [SERVICE_PORT]],
  2: ["selector", "map"],
  3: ["clusterIP", "string"],
  4: ["type", "string"],
  5: ["externalIPs", "strings"],
  7: ["sessionAffinity", "string"],
  8: ["loadBalancerIP", "string"],
  9: ["loadBalancerSourceRanges", "strings"],
  10: ["externalName", "string"],
  11: ["externalTrafficPolicy", "string"],
  12: ["healthCheckNodePort", "number"],
  13: ["publishNotReadyAddresses", "flag"],
  14: ["sessionAffinityConfig", () => ({
    1: ["clientIP", () => ({ 1: ["timeoutSeconds", "number"] })],
  })],
  17: ["ipFamilyPolicy", "string"],
  18: ["clusterIPs", "strings"],
  19: ["ipFamilies", "strings"],
  20: ["allocateLoadBalancerNodePorts", "bool"],
  21: ["loadBalancerClass", "string"],
  22: ["internalTrafficPolicy", "string"],
  23: ["trafficDistribution", "string"],
});

const RESOURCE_QUOTA_SPEC: Message = () => ({
  1: ["hard", "amounts"],
  2: ["scopes", "strings"],
  3: ["scopeSelector", () => ({
    1: ["matchExpressions", [() => ({
      1: ["scopeName", "string"],
      2: ["operator", "string"],
      3: ["values", "strings"],
    })]],
  })],
});

const MAPS: readonly FieldType[] = ["map", "bytemap", "amounts"];

const KINDS: Readonly<Record<string, Message>> = {
  "v1/ConfigMap": () => ({
    1: ["metadata", META],
    2: ["data", "map"],
    3: ["binaryData", "bytemap"],
    4: ["immutable", "bool"],
  }),
  "v1/Secret": () => ({
    1: ["metadata", META],
    2: ["data", "bytemap"],
    3: ["type", "string"],
    4: ["stringData", "map"],
    5: ["immutable", "bool"],
  }),
  "v1/Namespace": () => ({ 1: ["metadata", META] }),
  "v1/Service": () => ({ 1: ["metadata", META], 2: ["spec", SERVICE_SPEC] }),
  "v1/ResourceQuota": () => ({ 1: ["metadata", META], 2: ["spec", RESOURCE_QUOTA_SPEC] }),
  "v1/ServiceAccount": () => ({ 1: ["metadata", META] }),
  "authentication.k8s.io/v1/SelfSubjectReview": () => ({ 1: ["metadata", META] }),
  "authorization.k8s.io/v1/SelfSubjectRulesReview": () => ({
    2: ["spec", () => ({ 1: ["namespace", "string"] })],
  }),
  "authorization.k8s.io/v1/SelfSubjectAccessReview": () => ({
    2: ["spec", () => ({
      1: ["resourceAttributes", RESOURCE_ATTRIBUTES],
      2: ["nonResourceAttributes", OTHER_ATTRIBUTES],
    })],
  }),
};

/** "k8s" and a zero byte begin every body. */
const MAGIC = [0x6b, 0x38, 0x73, 0x00];
const VARINT = 0;
const LENGTH = 2;

/** Whether a content type is this form. */
export function isProtobuf(type: string): boolean {
  return type === "application/vnd.kubernetes.protobuf";
}

/** The object in a body; `undefined` for a kind that is not read in this form. Throws a 400 for a body that is broken. */
export function protobufObject(bytes: Uint8Array): JsonObject | undefined {
  if (!MAGIC.every((byte, index) => bytes[index] === byte)) throw broken();
  const envelope = fieldsOf(bytes.subarray(MAGIC.length));
  const type = fieldsOf(bytesOf(envelope, 1));
  const [apiVersion, kind] = [textOf(bytesOf(type, 1)), textOf(bytesOf(type, 2))];
  const message = KINDS[`${apiVersion}/${kind}`];
  if (message === undefined) return undefined;
  return { apiVersion, kind, ...decode(bytesOf(envelope, 2), message) };
}

interface Field {
  number: number;
  value: Uint8Array | number;
}

function decode(bytes: Uint8Array, message: Message): JsonObject {
  const object: JsonObject = {};
  const known = message();
  for (const { number, value } of fieldsOf(bytes)) {
    const [name, type] = known[number] ?? [];
    if (name === undefined || type === undefined) continue;
    const read = valueOf(value, type);
    if (MAPS.includes(type)) {
      object[name] = { ...object[name] as JsonObject, ...read as JsonObject };
    } else if (type === "strings" || Array.isArray(type)) {
      object[name] = [...(object[name] ?? []) as Json[], read];
    } else if (!isOmitted(read, type)) object[name] = read;
  }
  return object;
}

/** As Go leaves them out of JSON. */
function isOmitted(read: Json, type: FieldType): boolean {
  return read === "" || (type === "flag" && read === false) || (type === "number" && read === 0);
}

function valueOf(value: Uint8Array | number, type: FieldType): Json {
  if (typeof value === "number") return type === "bool" || type === "flag" ? value !== 0 : value;
  if (typeof type === "function") return decode(value, type);
  if (Array.isArray(type)) return decode(value, type[0]);
  if (type === "intOrString") return intOrString(fieldsOf(value));
  if (!MAPS.includes(type)) return textOf(value);
  const entry = fieldsOf(value);
  return { [textOf(bytesOf(entry, 1))]: entryOf(bytesOf(entry, 2), type) };
}

function entryOf(content: Uint8Array, type: FieldType): string {
  if (type === "bytemap") return content.toBase64();
  return textOf(type === "amounts" ? bytesOf(fieldsOf(content), 1) : content);
}

/** A kind, 0 for a number, then both. */
function intOrString(fields: readonly Field[]): Json {
  const number = (wanted: number) => fields.find((field) => field.number === wanted)?.value ?? 0;
  return number(1) === 0 ? Number(number(2)) : textOf(bytesOf(fields, 3));
}

function bytesOf(fields: readonly Field[], number: number): Uint8Array {
  const value = fields.find((field) => field.number === number)?.value;
  return value instanceof Uint8Array ? value : new Uint8Array();
}

function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let [value, scale] = [0, 1];
    for (let count = 0; count < 10; count++) {
      const byte = bytes[at++];
      if (byte === undefined) throw broken();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw broken();
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (wire === VARINT) fields.push({ number, value: varint() });
    else if (wire === LENGTH) {
      const length = varint();
      if (at + length > bytes.length) throw broken();
      fields.push({ number, value: bytes.subarray(at, at += length) });
    } else throw broken();
  }
  return fields;
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw broken();
  }
}

function broken(): Error {
  return badRequest("the body of the request is no object in Kubernetes' protobuf form");
}
