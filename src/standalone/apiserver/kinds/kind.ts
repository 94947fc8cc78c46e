/** What the server knows of a kind: its names, the forms in which it is served, and its own rules. */
import type { Resource } from "../../../kube/client.ts";
import type { JsonObject } from "../../../kube/json.ts";
import type { CoreKind } from "../core/core_kind.ts";
import type { Schema } from "../schema/schema.ts";

/** A column of `kubectl get`. */
export interface TableColumn {
  name: string;
  type: "string" | "date" | "boolean" | "integer";
  /** What the table says that it is, where that is not the type. */
  shownType?: "string";
  format?: string;
  description: string;
  /** Above 0: only with `-o wide`. */
  priority: number;
  /** Absent values are null. Dates are RFC 3339; they are shown as an age. */
  cell: (object: JsonObject) => unknown;
}

/** A group and version under which a kind is served. */
export interface ServedForm {
  group: string;
  version: string;
  /** What a client of a deprecated version is told. */
  deprecationWarning?: string;
  schema: () => Schema;
  /** The schema as a CustomResourceDefinition has it. Absent: the kind is not a custom one. */
  definition?: () => Schema;
  /** From the stored form; absent: only `apiVersion` differs. Neither changes its argument. */
  fromStored?: (object: JsonObject) => JsonObject;
  toStored?: (object: JsonObject) => JsonObject;
}

/** Where `/scale` reads and writes. */
export interface ScalePaths {
  specReplicasPath: string;
  statusReplicasPath: string;
  labelSelectorPath?: string;
}

/** What is particular to a kind. Everything is pure; objects are in their stored form. */
export interface KindRules extends CoreKind {
  /** Whether `metadata.generation` counts changes. */
  generation: boolean;
  /** Whether PUT without a resourceVersion overwrites. */
  unconditionalUpdate: boolean;
  /** Whether PUT of an object that is not there creates it. */
  createOnUpdate?: boolean;
  /** Whether DELETE answers with the object, where others answer with a Status. */
  returnsDeleted?: boolean;
  /** How long a deletion waits for somebody to end the object; absent or 0: it does not. */
  graceSeconds?: (object: JsonObject, requested: number | undefined) => number;
}

/** A kind; as a {@link Resource} it names its stored form. */
export interface Kind extends Resource {
  singular: string;
  shortNames: readonly string[];
  categories: readonly string[];
  /** The first is preferred; objects are stored as `group/version` of the kind itself. */
  forms: readonly ServedForm[];
  /** Defined by a CustomResourceDefinition. */
  custom: boolean;
  statusSubresource: boolean;
  scale?: ScalePaths;
  /** Other subresources, as discovery tells them. */
  subresources?: readonly {
    name: string;
    kind: string;
    group?: string;
    version?: string;
    verbs: readonly string[];
  }[];
  columns: readonly TableColumn[];
  /** Fields that can be selected besides name and namespace; `undefined`: no list of them is kept. */
  fields?: Readonly<Record<string, (object: JsonObject) => unknown>>;
  rules: KindRules;
}

/** A kind in one of its forms: what a request names. */
export interface ServedKind {
  kind: Kind;
  form: ServedForm;
}

/** `apiVersion` of a form, or of anything with a group and a version. */
export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group === "" ? version : `${group}/${version}`;
}

/** "pods", "virtualmachines.kubevirt.io": as messages name resources. */
export function qualifiedResource({ kind, form }: ServedKind): string {
  return form.group === "" ? kind.plural : `${kind.plural}.${form.group}`;
}

/** The object as this form shows it. */
export function toServed({ kind, form }: ServedKind, stored: JsonObject): JsonObject {
  if (form.fromStored !== undefined) return form.fromStored(stored);
  if (form.group === kind.group && form.version === kind.version) return stored;
  return { ...stored, apiVersion: apiVersionOf(form) };
}

/** The object as it is stored. */
export function toStored({ kind, form }: ServedKind, served: JsonObject): JsonObject {
  const stored = form.toStored?.(served) ?? served;
  return { ...stored, apiVersion: apiVersionOf(kind), kind: kind.kind };
}

/** Whether the stored text can be served as it is. */
export function isStoredForm({ kind, form }: ServedKind): boolean {
  return form.fromStored === undefined && form.group === kind.group &&
    form.version === kind.version;
}

/** Key of an object, or prefix of a collection: sorted by namespace and name, as etcd's are. */
export function storeKey(
  kind: Kind,
  at: { namespace?: string | undefined; name?: string } = {},
): string {
  const root = `/registry/${kind.group || "core"}/${kind.plural}/`;
  const { namespace, name } = at;
  if (!kind.namespaced) return root + (name ?? "");
  return namespace === undefined ? root : `${root}${namespace}/${name ?? ""}`;
}
