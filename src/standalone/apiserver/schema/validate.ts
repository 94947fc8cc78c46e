/**
 * Whether a value is what its schema wants, in the words that kube-apiserver has for custom resources
 * (kube-openapi, validation/validate).
 */
import { isObject, type Json, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import {
  duplicate,
  type FieldError,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from "../field_error.ts";
import { matchesPattern } from "./pattern.ts";
import type { Schema } from "./schema.ts";
import { hasFormat, isCheckedFormat } from "./string_format.ts";

/** A field of causes that are about the whole object. */
export const WHOLE_OBJECT = "<nil>";

/**
 * What is wrong with a value, in the order of its schema. What an update leaves as it was is not held against it (Kubernetes
 * calls that ratcheting): give the old value.
 */
export function validateSchema(value: Json, schema: Schema, old?: Json): FieldError[] {
  const seen = new Set<string>();
  return validateNode(value, schema, { path: "", old }).filter((error) => {
    // As in kube-openapi a text is reported once.
    const key = JSON.stringify([error.field, error.detail, error.reason]);
    return !seen.has(key) && seen.add(key);
  });
}

interface At {
  path: string;
  /** The value that stood here before; `undefined`: none, or none that can be told. */
  old: Json | undefined;
}

function validateNode(value: Json, schema: Schema, at: At): FieldError[] {
  const errors = check(value, schema, at);
  if (errors.length === 0 || at.old === undefined || !jsonEqual(value, at.old)) return errors;
  return [];
}

function check(value: Json, schema: Schema, at: At): FieldError[] {
  const types = typesOf(schema);
  if (value === null) {
    const misses = types.length > 0 && !schema.nullable
      ? [wrongType(at, types.join(","), "null")]
      : [];
    return [...misses, ...checkEnum(value, schema, at)];
  }
  return [
    ...checkType(value, schema, types, at),
    ...checkCombinations(value, schema, at),
    ...(typeof value === "string" ? checkString(value, schema, at) : []),
    ...(typeof value === "number" ? checkNumber(value, schema, at) : []),
    ...(Array.isArray(value) ? checkList(value, schema, at) : []),
    ...checkEnum(value, schema, at),
    ...(isObject(value) ? checkObject(value, schema, at) : []),
  ];
}

function typesOf(schema: Schema): string[] {
  if (schema["x-kubernetes-int-or-string"]) return ["integer", "string"];
  return schema.type === undefined ? [] : [schema.type];
}

function typeOf(value: Json): string {
  if (Array.isArray(value)) return "array";
  if (isObject(value)) return "object";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function checkType(value: Json, schema: Schema, types: string[], at: At): FieldError[] {
  if (types.length === 0) return [];
  const type = typeOf(value);
  const formatted = isCheckedFormat(schema.format);
  const textual = typeof value === "string" || Array.isArray(value);
  // A list passes for a formatted string there.
  if (formatted && textual && !types.includes("number") && !types.includes("integer")) return [];
  if (types.includes(type) || (type === "integer" && types.includes("number"))) return [];
  if (!formatted || textual) return [wrongType(at, types.join(","), type)];
  const format = type === "integer" ? "int64" : type === "number" ? "double" : "";
  return [wrongType(at, schema.format!, format)];
}

function wrongType({ path }: At, wanted: string, got: string): FieldError {
  const detail = `${path} in body must be of type ${wanted}: ${JSON.stringify(got)}`;
  return { reason: "FieldValueTypeInvalid", field: fieldOf(path), value: got, detail };
}

function checkCombinations(value: Json, schema: Schema, at: At): FieldError[] {
  const { path } = at;
  const whole = (detail: string) =>
    invalidValue(WHOLE_OBJECT, "", `${JSON.stringify(path)} ${detail}`);
  const errors: FieldError[] = [];
  const outcomes = (schemas: Schema[]) => schemas.map((each) => validateNode(value, each, at));
  if (schema.anyOf !== undefined && schema.anyOf.length > 0) {
    const failures = outcomes(schema.anyOf);
    if (failures.every((each) => each.length > 0)) {
      errors.push(whole("must validate at least one schema (anyOf)"), ...failures[0]!);
    }
  }
  if (schema.oneOf !== undefined && schema.oneOf.length > 0) {
    const failures = outcomes(schema.oneOf);
    const valid = failures.filter((each) => each.length === 0).length;
    const found = valid === 0 ? "Found none valid" : `Found ${valid} valid alternatives`;
    if (valid !== 1) errors.push(whole(`must validate one and only one schema (oneOf). ${found}`));
    if (valid === 0) errors.push(...failures[0]!);
  }
  if (schema.allOf !== undefined && schema.allOf.length > 0) {
    const failures = outcomes(schema.allOf);
    const valid = failures.filter((each) => each.length === 0).length;
    errors.push(...failures.flat());
    if (valid < failures.length) {
      errors.push(
        whole(`must validate all the schemas (allOf)${valid === 0 ? ". None validated" : ""}`),
      );
    }
  }
  if (schema.not !== undefined && validateNode(value, schema.not, at).length === 0) {
    errors.push(whole("must not validate the schema (not)"));
  }
  return errors;
}

function checkString(value: string, schema: Schema, { path }: At): FieldError[] {
  const { maxLength, minLength, pattern, format } = schema;
  const field = fieldOf(path);
  const errors: FieldError[] = [];
  const length = maxLength === undefined && minLength === undefined ? 0 : [...value].length;
  if (maxLength !== undefined && length > maxLength) {
    errors.push(tooLong(field, maxLength));
  } else if (minLength !== undefined && length < minLength) {
    const detail = `${path} in body should be at least ${minLength} chars long`;
    errors.push(invalidValue(field, value, detail));
  } else if (pattern !== undefined && pattern !== "" && !matchesPattern(value, pattern)) {
    errors.push(invalidValue(field, value, `${path} in body should match '${pattern}'`));
  }
  if (format !== undefined && isCheckedFormat(format) && !hasFormat(value, format)) {
    const detail = `${path} in body must be of type ${format}: ${JSON.stringify(value)}`;
    errors.push({ reason: "FieldValueTypeInvalid", field, value, detail });
  }
  return errors;
}

function checkNumber(value: number, schema: Schema, { path }: At): FieldError[] {
  const { multipleOf, maximum, exclusiveMaximum, minimum, exclusiveMinimum } = schema;
  const error = (detail: string) => invalidValue(fieldOf(path), value, `${path} in body ${detail}`);
  const errors: FieldError[] = [];
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) {
    errors.push(error(`should be a multiple of ${multipleOf}`));
  }
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    errors.push(
      error(`should be greater than ${exclusiveMinimum ? "" : "or equal to "}${minimum}`),
    );
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    errors.push(error(`should be less than ${exclusiveMaximum ? "" : "or equal to "}${maximum}`));
  }
  return errors;
}

function checkList(value: Json[], schema: Schema, at: At): FieldError[] {
  const { items, minItems, maxItems, uniqueItems } = schema;
  const { path } = at;
  const field = fieldOf(path);
  const errors = items === undefined
    ? []
    : value.flatMap((item, index) =>
      validateNode(item, items, { path: `${path}[${index}]`, old: oldItem(item, schema, at.old) })
    );
  if (minItems !== undefined && value.length < minItems) {
    const detail = `${path} in body should have at least ${minItems} items`;
    errors.push(invalidValue(field, value.length, detail));
  }
  if (maxItems !== undefined && value.length > maxItems) {
    errors.push(tooMany(field, value.length, maxItems));
  }
  if (uniqueItems && new Set(value.map((item) => JSON.stringify(item))).size < value.length) {
    errors.push(invalidValue(field, "", `${path} in body shouldn't contain duplicates`));
  }
  return errors;
}

/** Only elements of a list with keys can be told from each other. */
function oldItem(item: Json, schema: Schema, old: Json | undefined): Json | undefined {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-list-type"] !== "map" || keys === undefined) return undefined;
  if (!Array.isArray(old) || !isObject(item)) return undefined;
  return old.find((each) =>
    isObject(each) && keys.every((key) => jsonEqual(each[key] ?? null, item[key] ?? null))
  );
}

function tooMany(field: string, actual: number, max: number): FieldError {
  const detail = `must have at most ${max} ${max === 1 ? "item" : "items"}`;
  return { reason: "FieldValueTooMany", field, value: actual, detail };
}

function checkEnum(value: Json, schema: Schema, { path }: At): FieldError[] {
  const allowed = schema.enum;
  if (allowed === undefined || allowed.length === 0) return [];
  if (allowed.some((each) => jsonEqual(each, value))) return [];
  const texts = allowed.map((each) => typeof each === "string" ? each : JSON.stringify(each));
  return [notSupported(fieldOf(path), value, texts)];
}

function checkObject(value: JsonObject, schema: Schema, at: At): FieldError[] {
  const { properties = {}, additionalProperties, minProperties, maxProperties } = schema;
  const count = Object.keys(value).length;
  const errors: FieldError[] = [];
  if (minProperties !== undefined && count < minProperties) {
    const detail = `${at.path} in body should have at least ${minProperties} properties`;
    errors.push(invalidValue(fieldOf(at.path), count, detail));
  }
  if (maxProperties !== undefined && count > maxProperties) {
    errors.push(tooMany(fieldOf(at.path), count, maxProperties));
  }
  const old = isObject(at.old) ? at.old : {};
  const below = (name: string, member: Schema, path: string) =>
    validateNode(value[name]!, member, {
      path,
      old: Object.hasOwn(old, name) ? old[name] : undefined,
    });
  if (typeof additionalProperties === "object") {
    for (const name of Object.keys(value)) {
      if (Object.hasOwn(properties, name)) continue;
      errors.push(...below(name, additionalProperties, `${at.path}.${name}`));
    }
  }
  // Schemas have many members, objects few: nothing is made of a member before it is found.
  for (const name in properties) {
    if (!Object.hasOwn(value, name)) continue;
    errors.push(...below(name, properties[name]!, at.path === "" ? name : `${at.path}.${name}`));
  }
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) errors.push(required(fieldOf(`${at.path}.${name}`)));
  }
  return errors;
}

/** Lists that are sets or have keys: each element once. */
export function validateListTypes(
  value: Json,
  schema: Schema | undefined,
  path = "",
): FieldError[] {
  if (schema === undefined) return [];
  if (Array.isArray(value)) {
    return [
      ...duplicates(value, schema, path),
      ...value.flatMap((item, index) => validateListTypes(item, schema.items, `${path}[${index}]`)),
    ];
  }
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const { properties, additionalProperties } = schema;
    if (properties !== undefined && Object.hasOwn(properties, name)) {
      const below = path === "" ? name : `${path}.${name}`;
      return validateListTypes(member, properties[name], below);
    }
    if (typeof additionalProperties !== "object") return [];
    return validateListTypes(member, additionalProperties, `${path}[${name}]`);
  });
}

function duplicates(items: Json[], schema: Schema, path: string): FieldError[] {
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  if (listType !== "set" && listType !== "map") return [];
  if (listType === "map") {
    const odd = items.findIndex((item) => item !== null && !isObject(item));
    if (odd >= 0) {
      const detail = "must be an object for an array of list-type map";
      return [invalidValue(`${path}[${odd}]`, items[odd], detail)];
    }
  }
  const counts = new Map<string, number>();
  return items.flatMap((item, index) => {
    const identity = listType === "set" ? item : keysOf(item, keys);
    const key = canonical(identity);
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return count === 1 ? [duplicate(`${path}[${index}]`, identity)] : [];
  });
}

function keysOf(item: Json, keys: readonly string[]): JsonObject {
  if (!isObject(item)) return {};
  const known = keys.filter((key) => Object.hasOwn(item, key));
  return Object.fromEntries(known.map((key) => [key, item[key]!]));
}

function canonical(value: Json): string {
  return JSON.stringify(
    value,
    (_, each: Json) =>
      isObject(each)
        ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => a < b ? -1 : 1))
        : each,
  );
}

function fieldOf(path: string): string {
  const field = path.startsWith(".") ? path.slice(1) : path;
  return field === "" ? WHOLE_OBJECT : field;
}

/** The cause that stands for rules which were not evaluated, because the errors are of a kind that forbids it. */
export function blockedRules(errors: readonly FieldError[]): FieldError | undefined {
  if (!errors.some(({ reason }) => BLOCKING.has(reason))) return undefined;
  return invalidValue(
    WHOLE_OBJECT,
    null,
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
  );
}

const BLOCKING: ReadonlySet<FieldError["reason"]> = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);
