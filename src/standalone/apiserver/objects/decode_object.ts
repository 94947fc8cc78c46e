/** From what a client sent to an object in its stored form: known fields alone, with defaults. Pure. */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import { apiVersionOf, type ServedKind, toStored } from "../kinds/kind.ts";
import { badRequest, invalid } from "../status_error.ts";
import { invalidValue } from "../field_error.ts";
import { applyDefaults } from "../schema/default_values.ts";
import { prune } from "../schema/prune.ts";
import { normalMeta } from "./object_meta.ts";
import type { FieldValidation } from "./write_request.ts";

/** An object, and the paths of the fields in it that its kind does not have. */
export interface Decoded {
  object: JsonObject;
  unknown: string[];
}

/** Throws a 400 for a body of another kind, and a 422 where a custom kind is not the expected one. */
export function decodeObject(served: ServedKind, body: JsonObject): Decoded {
  const { kind, form } = served;
  checkKind(served, body);
  const unknown: string[] = [];
  const metadata = normalMeta(body, { kind: kind.kind, version: form.version, unknown });
  const given = {
    ...(kind.custom ? body : withoutNulls(body) as JsonObject),
    apiVersion: apiVersionOf(form),
    kind: kind.kind,
  };
  const pruned = prune({ ...given, metadata: {} }, form.schema());
  unknown.push(...pruned.unknown);
  const defaulted = kind.custom ? applyDefaults(pruned.object, form.schema()) : pruned.object;
  const stored = toStored(served, { ...defaulted, metadata });
  return { object: kind.rules.defaults?.(stored) ?? stored, unknown };
}

/** Refuses or warns of unknown fields, as the client wants it. */
export function reportUnknown(
  { kind, form }: ServedKind,
  unknown: readonly string[],
  how: { fieldValidation: FieldValidation; warn: (text: string) => void },
): void {
  if (unknown.length === 0 || how.fieldValidation === "Ignore") return;
  const texts = unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (how.fieldValidation === "Warn") return texts.forEach(how.warn);
  throw badRequest(
    `${kind.kind} in version ${
      JSON.stringify(form.version)
    } cannot be handled as a ${kind.kind}: strict decoding error: ${texts.join(", ")}`,
  );
}

function checkKind({ kind, form }: ServedKind, body: JsonObject): void {
  const expected = apiVersionOf(form);
  const given = { apiVersion: body.apiVersion ?? "", kind: body.kind ?? "" };
  if (kind.custom) return checkCustomKind({ kind, form }, given, body);
  const apiVersion = given.apiVersion || expected;
  const name = given.kind || kind.kind;
  if (name === kind.kind && apiVersion === expected) return;
  const version = String(apiVersion).split("/").at(-1);
  if (name !== kind.kind) {
    throw badRequest(
      `${name} in version ${
        JSON.stringify(version)
      } cannot be handled as a ${kind.kind}: converting (${version}.${name}) to (${
        form.group === "" ? "core" : form.group.split(".")[0]
      }.${kind.kind}): unknown conversion`,
    );
  }
  throw badRequest(
    `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
  );
}

function checkCustomKind(
  { kind, form }: ServedKind,
  given: { apiVersion: Json; kind: Json },
  body: JsonObject,
): void {
  const text = JSON.stringify(body);
  const missing = given.kind === "" ? "Kind" : given.apiVersion === "" ? "apiVersion" : undefined;
  if (missing !== undefined) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): Object '${missing}' is missing in '${text}' (${
        shortened(text)
      })`,
    );
  }
  const expected = apiVersionOf(form);
  if (given.apiVersion !== expected && given.kind === kind.kind) {
    throw badRequest(
      `the API version in the data (${given.apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  if (given.kind === kind.kind) return;
  const name = (body.metadata as { name?: string } | undefined)?.name ?? "";
  throw invalid({ group: form.group, kind: String(given.kind), name }, [
    invalidValue("kind", given.kind, `must be ${kind.kind}`),
  ]);
}

const SHOWN_LENGTH_MAX = 31;

/** As the API server quotes a body that it does not recognize. */
export function shortened(text: string): string {
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX - 1)} ...`;
}

/** Kinds that Go decodes into structs keep no null. Copies. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, each]) => each !== null)
      .map(([name, each]) => [name, withoutNulls(each)]),
  );
}
