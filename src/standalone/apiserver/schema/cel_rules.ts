/** CEL rules of CustomResourceDefinitions (`x-kubernetes-validations`), also those that compare with the old value. */
import { Environment } from "@marcbachmann/cel-js";
import { isObject, type Json, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import type { FieldError } from "../field_error.ts";
import type { Schema, ValidationRule } from "./schema.ts";
import { WHOLE_OBJECT } from "./validate.ts";

type Evaluate = (variables: Record<string, unknown>) => unknown;

interface Compiled {
  evaluate: Evaluate;
  usesOldSelf: boolean;
}

const ENVIRONMENT = new Environment({ unlistedVariablesAreDyn: true })
  .registerVariable("self", "dyn")
  .registerVariable("oldSelf", "dyn");

/** By rule: rules are parts of schemas, which live as long as the program. */
const compiled = new WeakMap<ValidationRule, Compiled>();

/** What the rules of a schema say of a value, and of its change. Rules that compare are left out where there was nothing. */
export function validateRules(value: Json, schema: Schema, old?: Json): FieldError[] {
  if (!hasRules(schema)) return [];
  return [...walk(value, schema, { path: "", old })];
}

/** Why a rule cannot be evaluated at all, or `undefined`. */
export function ruleProblem(rule: ValidationRule): string | undefined {
  const program = compile(rule);
  return program instanceof Error ? program.message : undefined;
}

const ruled = new WeakMap<Schema, boolean>();

/** Most schemas have no rule at all: their values are not walked. */
function hasRules(schema: Schema): boolean {
  const known = ruled.get(schema);
  if (known !== undefined) return known;
  const { items, additionalProperties, properties = {} } = schema;
  const parts = [
    ...Object.values(properties),
    ...(items ? [items] : []),
    ...(typeof additionalProperties === "object" ? [additionalProperties] : []),
  ];
  const found = (schema["x-kubernetes-validations"]?.length ?? 0) > 0 || parts.some(hasRules);
  ruled.set(schema, found);
  return found;
}

interface At {
  path: string;
  old: Json | undefined;
}

function* walk(value: Json, schema: Schema, at: At): Generator<FieldError> {
  if (value === null || !hasRules(schema)) return;
  for (const rule of schema["x-kubernetes-validations"] ?? []) {
    const error = evaluate(rule, value, schema, at);
    if (error !== undefined) yield error;
  }
  const { path, old } = at;
  if (Array.isArray(value)) {
    if (schema.items === undefined) return;
    for (const [index, item] of value.entries()) {
      const before = oldItem(item, schema, old);
      yield* walk(item, schema.items, { path: `${path}[${index}]`, old: before });
    }
  } else if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      const before = isObject(old) && Object.hasOwn(old, name) ? old[name] : undefined;
      const known = memberSchema(schema, name);
      if (known === undefined) continue;
      const named = known === schema.properties?.[name];
      const below = named ? (path === "" ? name : `${path}.${name}`) : `${path}[${name}]`;
      yield* walk(member, known, { path: below, old: before });
    }
  }
}

function oldItem(item: Json, schema: Schema, old: Json | undefined): Json | undefined {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-list-type"] !== "map" || keys === undefined) return undefined;
  if (!Array.isArray(old) || !isObject(item)) return undefined;
  return old.find((each) =>
    isObject(each) && keys.every((key) => jsonEqual(each[key] ?? null, item[key] ?? null))
  );
}

function memberSchema({ properties, additionalProperties }: Schema, name: string) {
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name];
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

function evaluate(
  rule: ValidationRule,
  value: Json,
  schema: Schema,
  { path, old }: At,
): FieldError | undefined {
  const program = compile(rule);
  if (program instanceof Error) {
    return errorOf(rule, schema, path, `rule compile error: ${program.message}`);
  }
  if (program.usesOldSelf && (old === undefined || old === null)) return undefined;
  // What was there already is not held against an update.
  if (!program.usesOldSelf && old !== undefined && jsonEqual(value, old)) return undefined;
  try {
    const variables = {
      self: celValue(value, schema),
      ...(program.usesOldSelf && { oldSelf: celValue(old ?? null, schema) }),
    };
    if (program.evaluate(variables) === true) return undefined;
  } catch (error) {
    const text = error instanceof Error ? error.message.split("\n")[0] : String(error);
    return errorOf(rule, schema, path, `${text} evaluating rule: ${rule.message ?? rule.rule}`);
  }
  const field = rule.fieldPath === undefined ? path : `${path}${rule.fieldPath}`;
  return errorOf(rule, schema, field, rule.message?.trim() ?? `failed rule: ${rule.rule.trim()}`);
}

function errorOf(rule: ValidationRule, schema: Schema, path: string, detail: string): FieldError {
  const reason = (rule.reason ?? "FieldValueInvalid") as FieldError["reason"];
  return { reason, field: path === "" ? WHOLE_OBJECT : path, value: schema.type ?? "", detail };
}

function compile(rule: ValidationRule): Compiled | Error {
  const known = compiled.get(rule);
  if (known !== undefined) return known;
  try {
    const evaluate = ENVIRONMENT.parse(rule.rule) as unknown as Evaluate;
    const program = { evaluate, usesOldSelf: /\boldSelf\b/.test(rule.rule) };
    compiled.set(rule, program);
    return program;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** In CEL an integer is no floating point number, and a time is no text. */
function celValue(value: Json, schema: Schema | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => celValue(item, schema?.items));
  if (isObject(value)) return celObject(value, schema);
  if (typeof value === "number") {
    const integral = schema?.type === "integer" || schema?.type !== "number";
    return integral && Number.isSafeInteger(value) ? BigInt(value) : value;
  }
  if (typeof value === "string" && schema?.format === "date-time") return new Date(value);
  return value;
}

function celObject(value: JsonObject, schema: Schema | undefined): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      celValue(member, schema && memberSchema(schema, name)),
    ]),
  );
}
