/** The rules of `metadata`, which are the same for all kinds. */
import { isObject, type Json, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import { type FieldError, forbidden, invalidValue, required, tooLong } from "../field_error.ts";
import { dnsLabel, labelValue, type NameRule, pathSegment, qualifiedName } from "./names.ts";

/** All annotations of an object together, keys and values, in bytes. */
export const ANNOTATIONS_BYTES_MAX = 256 * 1024;
const FIELD_MANAGER_LENGTH_MAX = 128;
const SUBRESOURCE_LENGTH_MAX = 256;

/** What a kind says of its objects' names. */
export interface MetaRules {
  namespaced: boolean;
  name: NameRule;
  /** Whether the kind holds an update to its rules of a creation too. */
  again?: boolean;
}

/** The metadata of an object, or none. */
export function metadataOf(object: JsonObject): JsonObject {
  return isObject(object.metadata) ? object.metadata : {};
}

/** What is wrong with the metadata of a new object; its name has been generated. */
export function validateMeta(object: JsonObject, rules: MetaRules): FieldError[] {
  const metadata = metadataOf(object);
  const { generateName = "", name = "", generation = 0 } = metadata;
  const errors: FieldError[] = [];
  if (generateName !== "") {
    const texts = rules.name(String(generateName), true);
    errors.push(...texts.map((text) => invalidValue("metadata.generateName", generateName, text)));
  }
  if (name === "") errors.push(required("metadata.name", "name or generateName is required"));
  else {
    const texts = rules.name(String(name));
    errors.push(...texts.map((text) => invalidValue("metadata.name", name, text)));
  }
  errors.push(...validateNamespace(metadata.namespace ?? "", rules.namespaced));
  if (Number(generation) < 0) {
    errors.push(
      invalidValue("metadata.generation", generation, "must be greater than or equal to 0"),
    );
  }
  return [
    ...errors,
    ...validateLabels(metadata.labels, "metadata.labels"),
    ...validateAnnotations(metadata.annotations),
    ...validateOwnerReferences(metadata.ownerReferences),
    ...validateFinalizers(metadata.finalizers),
    ...validateManagedFields(metadata.managedFields),
  ];
}

/** What the server holds every update to, whatever its kind; the kind's own rules come after, and repeat some of it. */
export function validateAnyUpdate(
  object: JsonObject,
  old: JsonObject,
  namespaced: boolean,
): FieldError[] {
  return [
    ...validateMeta(object, { namespaced, name: pathSegment }),
    ...validateMetaUpdate(object, old),
  ];
}

/** What is wrong with a change of metadata. */
export function validateMetaUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  const [after, before] = [metadataOf(object), metadataOf(old)];
  const errors: FieldError[] = [];
  if (before.deletionTimestamp !== undefined) {
    errors.push(...validateNoNewFinalizers(after.finalizers, before.finalizers));
  }
  if (!after.resourceVersion) {
    const text = "must be specified for an update";
    errors.push(invalidValue("metadata.resourceVersion", after.resourceVersion ?? "", text));
  }
  if (Number(after.generation ?? 0) < Number(before.generation ?? 0)) {
    errors.push(
      invalidValue("metadata.generation", after.generation ?? 0, "must not be decremented"),
    );
  }
  for (const name of IMMUTABLE) errors.push(...immutable(after[name], before[name], name));
  return [
    ...errors,
    ...validateLabels(after.labels, "metadata.labels"),
    ...validateAnnotations(after.annotations),
    ...validateOwnerReferences(after.ownerReferences),
    ...validateManagedFields(after.managedFields),
  ];
}

const IMMUTABLE = [
  "name",
  "namespace",
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
] as const;

function immutable(after: Json | undefined, before: Json | undefined, name: string): FieldError[] {
  if (jsonEqual(after ?? null, before ?? null)) return [];
  const text = name === "name" || name === "namespace" || name === "uid" ? after ?? "" : after;
  return [invalidValue(`metadata.${name}`, text, "field is immutable")];
}

function validateNamespace(namespace: Json, namespaced: boolean): FieldError[] {
  const field = "metadata.namespace";
  if (!namespaced) return namespace === "" ? [] : [forbidden(field, "not allowed on this type")];
  if (namespace === "") return [required(field)];
  return dnsLabel(String(namespace)).map((text) => invalidValue(field, namespace, text));
}

/** What is wrong with labels. */
export function validateLabels(labels: Json | undefined, field: string): FieldError[] {
  return entries(labels).flatMap(([key, value]) => [
    ...qualifiedName(key).map((text) => invalidValue(field, key, text)),
    ...labelValue(String(value)).map((text) => invalidValue(field, value, text)),
  ]);
}

function validateAnnotations(annotations: Json | undefined): FieldError[] {
  const field = "metadata.annotations";
  const encoder = new TextEncoder();
  let bytes = 0;
  const errors = entries(annotations).flatMap(([key, value]) => {
    bytes += encoder.encode(key).length + encoder.encode(String(value)).length;
    return qualifiedName(key.toLowerCase()).map((text) => invalidValue(field, key, text));
  });
  if (bytes > ANNOTATIONS_BYTES_MAX) errors.push(tooLong(field, ANNOTATIONS_BYTES_MAX));
  return errors;
}

function validateOwnerReferences(references: Json | undefined): FieldError[] {
  const field = "metadata.ownerReferences";
  if (!Array.isArray(references)) return [];
  const errors: FieldError[] = [];
  let controller: string | undefined;
  for (const reference of references) {
    if (!isObject(reference)) continue;
    errors.push(...validateOwnerReference(reference, field));
    if (reference.controller !== true) continue;
    const name = `${reference.kind}/${reference.name}`;
    if (controller !== undefined) {
      const found = `Found "true" in references for ${controller} and ${name}`;
      const text = `Only one reference can have Controller set to true. ${found}`;
      const shown = JSON.stringify(references.map(inGoOrder));
      errors.push({ ...invalidValue(field, references, text), shown });
    } else {
      controller = name;
    }
  }
  return errors;
}

function validateOwnerReference(reference: JsonObject, field: string): FieldError[] {
  const { apiVersion = "", kind = "", name = "", uid = "" } = reference;
  const errors: FieldError[] = [];
  const version = String(apiVersion).split("/").at(-1);
  if (version === "") {
    errors.push(invalidValue(`${field}.apiVersion`, apiVersion, "version must not be empty"));
  }
  for (const [member, value] of Object.entries({ kind, name, uid })) {
    if (value === "") errors.push(invalidValue(`${field}.${member}`, value, "must not be empty"));
  }
  if (apiVersion === "v1" && kind === "Event") {
    const text = "/v1, Kind=Event is disallowed from being an owner";
    const shown = JSON.stringify(inGoOrder(reference));
    errors.push({ ...invalidValue(field, reference, text), shown });
  }
  return errors;
}

/** The members of an owner reference as its Go type has them. */
function inGoOrder(reference: Json): Json {
  if (!isObject(reference)) return reference;
  const names = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];
  return Object.fromEntries(
    names.filter((name) => reference[name] !== undefined).map((name) => [name, reference[name]!]),
  );
}

function validateFinalizers(finalizers: Json | undefined): FieldError[] {
  const field = "metadata.finalizers";
  if (!Array.isArray(finalizers)) return [];
  const errors = finalizers.flatMap((finalizer) =>
    qualifiedName(String(finalizer)).map((text) => invalidValue(field, finalizer, text))
  );
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    const text = "finalizer orphan and foregroundDeletion cannot be both set";
    errors.push(invalidValue(field, finalizers, text));
  }
  return errors;
}

function validateNoNewFinalizers(after: Json | undefined, before: Json | undefined): FieldError[] {
  const old = new Set(Array.isArray(before) ? before : []);
  const extra = (Array.isArray(after) ? after : []).filter((each) => !old.has(each)).sort();
  if (extra.length === 0) return [];
  const list = [...new Set(extra)].map((each) => JSON.stringify(each)).join(", ");
  return [
    forbidden(
      "metadata.finalizers",
      `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
    ),
  ];
}

function validateManagedFields(managedFields: Json | undefined): FieldError[] {
  if (!Array.isArray(managedFields)) return [];
  return managedFields.flatMap((entry, index) => {
    if (!isObject(entry)) return [];
    const field = `metadata.managedFields[${index}]`;
    const { operation = "", fieldsType = "", manager = "", subresource = "" } = entry;
    const errors: FieldError[] = [];
    if (operation !== "Apply" && operation !== "Update") {
      errors.push(invalidValue(`${field}.operation`, operation, "must be `Apply` or `Update`"));
    }
    if (fieldsType !== "" && fieldsType !== "FieldsV1") {
      errors.push(invalidValue(`${field}.fieldsType`, fieldsType, "must be `FieldsV1`"));
    }
    errors.push(...validateFieldManager(String(manager), `${field}.manager`));
    if (String(subresource).length > SUBRESOURCE_LENGTH_MAX) {
      errors.push(tooLong(`${field}.subresource`, SUBRESOURCE_LENGTH_MAX));
    }
    return errors;
  });
}

/** What is wrong with the name of a field manager; also of the request's parameter, with `fieldManager` as field. */
export function validateFieldManager(manager: string, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (new TextEncoder().encode(manager).length > FIELD_MANAGER_LENGTH_MAX) {
    errors.push(tooLong(field, FIELD_MANAGER_LENGTH_MAX));
  }
  const odd = [...manager].find((character) => !/\p{L}|\p{M}|\p{N}|\p{P}|\p{S}| /u.test(character));
  if (odd !== undefined) {
    errors.push(invalidValue(field, manager, "should only contain printable characters"));
  }
  return errors;
}

function entries(value: Json | undefined): [string, Json][] {
  if (!isObject(value)) return [];
  return Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
}
