/** What is wrong with a write of a custom resource. */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import { validateAnyUpdate, validateMeta, validateMetaUpdate } from "../core/object_meta.ts";
import { dnsSubdomain } from "../core/names.ts";
import { type FieldError, invalidValue } from "../field_error.ts";
import { validateRules } from "./cel_rules.ts";
import type { Schema } from "./schema.ts";
import { blockedRules, validateListTypes, validateSchema } from "./validate.ts";

const INT32_MAX = 2 ** 31 - 1;

/** A write of a custom resource. */
export interface CustomResourceWrite {
  object: JsonObject;
  old: JsonObject | undefined;
  /** As the CustomResourceDefinition has it. */
  schema: Schema;
  group: string;
  version: string;
  kind: string;
  namespaced: boolean;
  /** "status", or none. */
  subresource?: string;
  /** Where `scale` reads and writes, when the kind has it. */
  scale?: { specReplicasPath: string; statusReplicasPath: string } | undefined;
}

/** What is wrong with it, in the order in which Kubernetes lists it. */
export function validateCustomResource(write: CustomResourceWrite): FieldError[] {
  const { object, old, schema, subresource = "" } = write;
  const typeErrors = validateType(write);
  const anyUpdate = old === undefined ? [] : validateAnyUpdate(object, old, write.namespaced);
  const errors = typeErrors.length > 0 ? [...anyUpdate, ...typeErrors] : [
    ...anyUpdate,
    ...(old === undefined
      ? validateMeta(object, { namespaced: write.namespaced, name: dnsSubdomain })
      : validateMetaUpdate(object, old)),
    ...(subresource === "status" ? validateStatus(write) : validateSchema(object, schema, old)),
    ...(subresource === "status" ? [] : validateReplicas(write, "specReplicasPath")),
    ...validateReplicas(write, "statusReplicasPath"),
  ];
  const hadDuplicates = old !== undefined && validateListTypes(old, schema).length > 0;
  if (!hadDuplicates) errors.push(...validateListTypes(object, schema));
  const blocked = hasRules(schema) ? blockedRules(errors) : undefined;
  return blocked === undefined
    ? [...errors, ...validateRules(object, schema, old)]
    : [...errors, blocked];
}

/** By schema: those of our kinds are large, and do not change. */
const WITH_RULES = new WeakMap<Schema, boolean>();

function hasRules(schema: Schema): boolean {
  const known = WITH_RULES.get(schema);
  if (known !== undefined) return known;
  const { items, additionalProperties, properties = {} } = schema;
  const parts = [items, additionalProperties, ...Object.values(properties)];
  const found = (schema["x-kubernetes-validations"]?.length ?? 0) > 0 ||
    parts.some((each) => typeof each === "object" && hasRules(each));
  WITH_RULES.set(schema, found);
  return found;
}

function validateType({ object, group, version, kind }: CustomResourceWrite): FieldError[] {
  const errors: FieldError[] = [];
  const apiVersion = `${group}/${version}`;
  if (object.kind !== kind) errors.push(invalidValue("kind", object.kind, `must be ${kind}`));
  if (object.apiVersion !== apiVersion) {
    errors.push(invalidValue("apiVersion", object.apiVersion, `must be ${apiVersion}`));
  }
  return errors;
}

/** A write of the status is held to the status' part of the schema alone. */
function validateStatus({ object, old, schema }: CustomResourceWrite): FieldError[] {
  const status = schema.properties?.status;
  if (status === undefined || object.status === undefined) return [];
  return validateSchema(object.status, status, old?.status).map((error) => ({
    ...error,
    field: error.field === "<nil>" ? "status" : `status.${error.field}`,
  }));
}

function validateReplicas(
  { object, scale }: CustomResourceWrite,
  member: "specReplicasPath" | "statusReplicasPath",
): FieldError[] {
  if (scale === undefined) return [];
  const replicas = at(object, scale[member].split(".").slice(1));
  if (typeof replicas !== "number") return [];
  if (replicas < 0) {
    return [invalidValue(scale[member], replicas, "should be a non-negative integer")];
  }
  if (replicas <= INT32_MAX) return [];
  return [invalidValue(scale[member], replicas, `should be less than or equal to ${INT32_MAX}`)];
}

function at(value: Json | undefined, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>(
    (each, name) => isObject(each) ? each[name] : undefined,
    value,
  );
}
