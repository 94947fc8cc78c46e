/** From what a client sent to an object in its stored form: known fields alone, with defaults. Pure. */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import { apiVersionOf, type ServedKind, toStored } from "../kinds/kind.ts";
import { badRequest, invalid } from "../status_error.ts";
import { invalidValue } from "../field_error.ts";
import { applyDefaults } from "../schema/default_values.ts";
import { readCustomResource } from "../schema/read_custom_resource.ts";
import { fieldProblems, type FieldValidation, strictError } from "../schema/field_validation.ts";
import { prune, type Pruned } from "../schema/prune.ts";
import type { Schema } from "../schema/schema.ts";
import { normalMeta } from "./object_meta.ts";
import { typeMistake } from "./type_mistake.ts";

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
  const named = { ...body, apiVersion: apiVersionOf(form), kind: kind.kind, metadata };
  const read = kind.custom
    ? readCustomResource(named, form.schema())
    : readCoreObject(named, form.schema());
  unknown.push(...read.unknown);
  const stored = toStored(served, read.object);
  return { object: kind.rules.defaults?.(stored) ?? stored, unknown };
}

/** Refuses or warns of fields that the kind does not have or that were given twice, as the client wants it. */
export function reportFields(
  { kind, form }: ServedKind,
  unknown: readonly string[],
  how: {
    fieldValidation: FieldValidation;
    duplicates?: readonly string[];
    warn: (text: string) => void;
  },
): void {
  const problems = fieldProblems({ duplicates: how.duplicates ?? [], unknown });
  if (problems.length === 0 || how.fieldValidation === "Ignore") return;
  if (how.fieldValidation === "Warn") return problems.forEach(how.warn);
  throw strictError({ kind: kind.kind, version: form.version }, problems);
}

/** Go keeps no null and nothing unknown. */
function readCoreObject(object: JsonObject, schema: Schema): Pruned {
  const given = withoutNulls(object) as JsonObject;
  const mistake = typeMistake(given, schema, String(given.kind));
  if (mistake !== undefined) {
    const version = String(given.apiVersion).split("/").at(-1);
    throw badRequest(
      `${given.kind} in version ${
        JSON.stringify(version)
      } cannot be handled as a ${given.kind}: ${mistake}`,
    );
  }
  const { object: pruned, unknown } = prune(given, schema);
  return { object: applyDefaults(pruned, schema), unknown };
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
  if (text === "") return "<empty>";
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
