/** In which form an answer is wanted, and in which one a body comes. Pure. */
import type { KubeError } from "../../../kube/client.ts";
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import { shortened } from "../objects/decode_object.ts";
import { decodeJson, JSON_DEPTH_MAX } from "../schema/decode_json.ts";
import { isProtobuf, protobufObject } from "./protobuf_body.ts";
import { badRequest, statusError } from "../status_error.ts";

/** What an answer is to be shown as. */
export interface AnswerForm {
  as?: "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList" | "APIGroupDiscoveryList";
  yaml: boolean;
}

const JSON_TYPES: ReadonlySet<string> = new Set(["application/json", "*/*", "application/*", ""]);
const YAML_TYPES: ReadonlySet<string> = new Set(["application/yaml"]);
/** Versions in which the other forms are served. */
const GROUPS: Readonly<Record<string, string>> = {
  Table: "meta.k8s.io/v1",
  PartialObjectMetadata: "meta.k8s.io/v1",
  PartialObjectMetadataList: "meta.k8s.io/v1",
  APIGroupDiscoveryList: "apidiscovery.k8s.io/v2",
};

/** The first form of an `Accept` header that is served. Throws a 406 when none is. */
export function answerForm(accept: string | undefined): AnswerForm {
  for (const part of (accept || "application/json").split(",")) {
    const [type = "", ...rest] = part.split(";").map((each) => each.trim());
    const parameters = new Map(rest.map((each) => each.split("=") as [string, string]));
    const yaml = YAML_TYPES.has(type);
    if (!yaml && !JSON_TYPES.has(type)) continue;
    const as = parameters.get("as");
    if (as === undefined) return { yaml };
    const asked = `${parameters.get("g")}/${parameters.get("v")}`;
    if (GROUPS[as] === asked) return { as: as as NonNullable<AnswerForm["as"]>, yaml };
  }
  throw notAcceptable();
}

/** What kube-apiserver says that it takes. The last is refused here, and clients fall back to the first. */
const KUBERNETES_TYPES = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
];

function notAcceptable(): KubeError {
  const message = `406: Not Acceptable\n\nAvailable representations: ${
    KUBERNETES_TYPES.join(", ")
  }`;
  return statusError(406, "NotAcceptable", message, {});
}

/** 415 for a body in a form that is not served. */
export function unsupportedMediaType(types: readonly string[]): KubeError {
  const message =
    `the body of the request was in an unknown format - accepted media types include: ${
      types.join(", ")
    }`;
  return statusError(415, "UnsupportedMediaType", message);
}

/** Nesting that is read; deeper documents are refused, as encoding/json refuses them. */
const DEPTH_MAX = JSON_DEPTH_MAX;

/** A body as a JSON object. Throws a 400 that quotes its beginning, and a 415 for another form. */
export async function bodyObject(
  bytes: Uint8Array,
  what: { contentType: string | undefined; kind: string; duplicates?: string[] },
): Promise<JsonObject> {
  const type = mediaType(what.contentType);
  const typed = isProtobuf(type) ? protobufObject(bytes) : undefined;
  if (typed !== undefined) return typed;
  if (type !== "application/json" && type !== "application/yaml") {
    throw unsupportedMediaType(KUBERNETES_TYPES);
  }
  const text = textOf(bytes);
  const value = type === "application/json"
    ? parsedJson(text, what)
    : await parsedYaml(text, what.kind);
  if (isObject(value)) return value;
  throw unrecognized(
    what.kind,
    text,
    `couldn't get version/kind; json parse error: json: cannot unmarshal ${
      goKind(value)
    } into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
  );
}

/** The body of a patch, in JSON or YAML. */
export async function patchBody(bytes: Uint8Array, yaml: boolean): Promise<Json> {
  const text = textOf(bytes);
  try {
    const value = yaml ? await parseYaml(text) : JSON.parse(text) as Json;
    checkDepth(value, 0);
    return value;
  } catch (error) {
    if (error instanceof RangeError) throw badRequest(error.message);
    throw badRequest(yaml ? `error decoding YAML: ${messageOf(error)}` : goJsonError(text));
  }
}

/** Without parameters, in lower case. */
export function mediaType(contentType: string | undefined): string {
  return (contentType || "application/json").split(";")[0]!.trim().toLowerCase();
}

/** Aliases are how a short YAML document becomes a long one. */
const YAML_OPTIONS = { maxAliasCount: 100, uniqueKeys: true } as const;

/** Most bodies are JSON, and a server can start without it. */
async function parseYaml(text: string): Promise<Json> {
  const { parse } = await import("yaml");
  return parse(text, YAML_OPTIONS) as Json;
}

function parsedJson(text: string, what: { kind: string; duplicates?: string[] }): Json {
  try {
    const { value, duplicates } = decodeJson(text);
    what.duplicates?.push(...duplicates);
    return value;
  } catch (error) {
    if (error instanceof SyntaxError && error.message.includes("nested deeper")) {
      throw badRequest(error.message);
    }
    const why = `couldn't get version/kind; json parse error: ${goJsonError(text)}`;
    throw unrecognized(what.kind, text, why);
  }
}

async function parsedYaml(text: string, kind: string): Promise<Json> {
  try {
    const value = await parseYaml(text);
    checkDepth(value, 0);
    return value;
  } catch (error) {
    if (error instanceof RangeError) throw badRequest(error.message);
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): ${messageOf(error)}`,
    );
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw badRequest("the body of the request is not valid UTF-8");
  }
}

function checkDepth(value: Json, depth: number): void {
  if (typeof value !== "object" || value === null) return;
  if (depth > DEPTH_MAX) throw new RangeError(`the body is nested deeper than ${DEPTH_MAX} levels`);
  for (const each of Object.values(value)) checkDepth(each, depth + 1);
}

function unrecognized(kind: string, text: string, why: string): KubeError {
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): ${why} (${shortened(text)})`,
  );
}

/** As encoding/json says it, where that can be told. */
function goJsonError(text: string): string {
  const position = jsonErrorPosition(text);
  if (position === undefined || position >= text.length) return "unexpected end of JSON input";
  return `invalid character ${quoteRune(text, position)} looking for beginning of value`;
}

function jsonErrorPosition(text: string): number | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const [, position] = /position (\d+)/.exec(messageOf(error)) ?? [];
    return position === undefined ? undefined : Number(position);
  }
}

function quoteRune(text: string, position: number): string {
  const character = String.fromCodePoint(text.codePointAt(position) ?? 0);
  return character === "'" ? `'\\''` : `'${character}'`;
}

function goKind(value: Json): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : value === null ? "null" : typeof value;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
