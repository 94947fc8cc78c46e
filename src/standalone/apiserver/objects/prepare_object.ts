/** What the server itself writes into an object on its way to the store. Pure: time, randomness and versions are arguments. */
import { isObject, type Json, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import type { ObjectMeta } from "../../../kube/object.ts";
import type { Kind } from "../kinds/kind.ts";

/** The metadata of an object that has some. */
export function metaOf(object: JsonObject): ObjectMeta {
  return object.metadata as unknown as ObjectMeta;
}

/** Members of metadata; undefined removes one. */
export type MetaChanges = Partial<Record<keyof ObjectMeta | "selfLink", unknown>>;

/** The object with these members of its metadata set, or removed where undefined. */
export function withMeta(
  object: JsonObject,
  changes: MetaChanges,
): JsonObject {
  const metadata = { ...object.metadata as JsonObject, ...changes as JsonObject };
  if (!Object.values(metadata).includes(undefined!)) return { ...object, metadata };
  const kept = Object.entries(metadata).filter(([, value]) => value !== undefined);
  return { ...object, metadata: Object.fromEntries(kept) };
}

/** A new object, given what makes it unique. */
export function prepareCreation(
  kind: Kind,
  object: JsonObject,
  made: { namespace?: string | undefined; uid: string; now: string; suffix: string },
): JsonObject {
  const meta = metaOf(object);
  const name = meta.name ||
    (meta.generateName ? generatedName(meta.generateName, made.suffix) : "");
  const split = kind.statusSubresource && !kind.rules.statusOnCreate
    ? without(object, "status")
    : object;
  const prepared = withMeta(split, {
    ...(name === "" ? {} : { name }),
    namespace: kind.namespaced ? made.namespace : undefined,
    uid: made.uid,
    creationTimestamp: made.now,
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
    selfLink: undefined,
    generation: kind.rules.generation ? 1 : meta.generation,
  });
  return kind.rules.prepareCreate?.(prepared) ?? prepared;
}

/** The API server leaves room for the suffix. */
const GENERATED_LENGTH_MAX = 63;

function generatedName(base: string, suffix: string): string {
  return base.slice(0, GENERATED_LENGTH_MAX - suffix.length) + suffix;
}

/** The object as this endpoint may change it: the rest is as it was. */
export function prepareUpdate(
  kind: Kind,
  change: { old: JsonObject; wanted: JsonObject; subresource: string | undefined },
): JsonObject {
  const { old, wanted, subresource } = change;
  const before = metaOf(old);
  const owned = {
    creationTimestamp: before.creationTimestamp,
    deletionTimestamp: before.deletionTimestamp,
    deletionGracePeriodSeconds: before.deletionGracePeriodSeconds,
    generation: before.generation,
    selfLink: undefined,
  };
  if (subresource === "status") return statusUpdate(kind, { old, wanted, owned });
  const split = kind.statusSubresource ? withMember(wanted, "status", old.status) : wanted;
  const allowed = isOwnPart(subresource) ? wanted : kind.rules.prepareUpdate?.(split, old) ?? split;
  const prepared = withMeta(allowed, {
    ...owned,
    // Events and others are written before anybody had generateName.
    generateName: metaOf(wanted).generateName ?? before.generateName,
  });
  if (!kind.rules.generation || isOwnPart(subresource) || sameContent(kind, old, prepared)) {
    return prepared;
  }
  return withMeta(prepared, { generation: (before.generation ?? 0) + 1 });
}

/** Parts whose writers are the server's own functions: what they change is meant. */
export function isOwnPart(subresource: string | undefined): boolean {
  return subresource === "binding" || subresource === "finalize";
}

/** Of custom objects nothing but the status; of core ones labels and annotations too. */
function statusUpdate(
  kind: Kind,
  { old, wanted, owned }: { old: JsonObject; wanted: JsonObject; owned: MetaChanges },
): JsonObject {
  const { managedFields } = wanted.metadata as JsonObject;
  const metadata = kind.custom
    ? { ...old.metadata as JsonObject, ...(managedFields === undefined ? {} : { managedFields }) }
    : wanted.metadata as JsonObject;
  const { resourceVersion } = wanted.metadata as JsonObject;
  const kept = withMember({ ...old, metadata }, "status", wanted.status);
  return withMeta(kept, {
    ...owned,
    resourceVersion,
    name: metaOf(wanted).name,
    uid: metaOf(wanted).uid,
  });
}

/** Whether nothing changed that `metadata.generation` counts. */
function sameContent(kind: Kind, old: JsonObject, next: JsonObject): boolean {
  const content = (object: JsonObject) => {
    const { metadata: _, status, ...rest } = object;
    return kind.statusSubresource || status === undefined ? rest : { ...rest, status };
  };
  return jsonEqual(content(old), content(next));
}

/** Waits for its finalizers, or for whoever ends it, before it goes. */
export function isPending(object: JsonObject): boolean {
  const { finalizers = [], deletionGracePeriodSeconds = 0 } = metaOf(object);
  const { spec } = object;
  const own = isObject(spec) && object.kind === "Namespace" ? spec.finalizers : undefined;
  return finalizers.length > 0 || deletionGracePeriodSeconds > 0 ||
    (Array.isArray(own) && own.length > 0);
}

/** The object with a member set, or removed where undefined. */
export function withMember(object: JsonObject, name: string, value: Json | undefined): JsonObject {
  return value === undefined ? without(object, name) : { ...object, [name]: value };
}

function without(object: JsonObject, name: string): JsonObject {
  const { [name]: _, ...rest } = object;
  return rest;
}
