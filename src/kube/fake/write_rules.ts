/** What the API server does to an object on its way into the store. */
import type { KubeError, Resource, StatusBody } from "../client.ts";
import { kubeErrorOf } from "../kube_error.ts";
import type { KubeObject, ObjectMeta } from "../object.ts";
import { copy, isObject, jsonEqual, type JsonObject } from "../json.ts";

/** What the rules depend on. */
export interface WriteRules {
  now: () => Date;
  /** Plurals whose status is an ordinary field. */
  withoutStatus: ReadonlySet<string>;
}

/** The kinds of Kubernetes that have no status subresource. */
const CORE_WITHOUT_STATUS = new Set([
  "configmaps",
  "secrets",
  "serviceaccounts",
  "events",
  "leases",
  "controllerrevisions",
  "endpointslices",
  "mutatingwebhookconfigurations",
  "validatingwebhookconfigurations",
  "storageclasses",
  "subjectaccessreviews",
  "tokenreviews",
]);
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const NAME_LENGTH_MAX = 253;
/** The API server's own alphabet: no vowels, nothing that looks like something else. */
const SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH = 5;

/** The error of an answer with this status. */
export function failure(
  code: number,
  reason: string,
  message: string,
  details?: StatusBody["details"],
): KubeError {
  const status = { kind: "Status", code, reason, message, ...(details ? { details } : {}) };
  return kubeErrorOf(code, status, "serve the request");
}

/** The object that a creation stores, before it has a version. */
export function newObject(
  resource: Resource,
  body: unknown,
  options: WriteRules & { namespace: string | undefined },
): KubeObject {
  const given = isObject(body) ? copy(body) : {};
  const metadata = isObject(given.metadata) ? given.metadata as unknown as ObjectMeta : undefined;
  const namespace = options.namespace ?? metadata?.namespace;
  if (resource.namespaced && !namespace) {
    throw new TypeError(`Cannot create ${resource.kind}: it needs a namespace`);
  }
  if (hasStatus(resource, options)) delete given.status;
  if (resource.plural === "pods") given.status = { phase: "Pending" };
  const generated = metadata?.generateName === undefined ? "" : metadata.generateName + suffix();
  return {
    ...given,
    apiVersion: resource.group === "" ? resource.version : `${resource.group}/${resource.version}`,
    kind: resource.kind,
    metadata: {
      ...metadata,
      name: metadata?.name || generated,
      ...(resource.namespaced && namespace !== undefined ? { namespace } : {}),
      uid: crypto.randomUUID(),
      creationTimestamp: options.now().toISOString().replace(/\.\d+Z$/, "Z"),
      generation: 1,
    },
  };
}

/** Throws when the object may not be created. */
export function checkCreation(resource: Resource, made: KubeObject): void {
  const { name } = made.metadata;
  if (made.metadata.resourceVersion) {
    throw failure(500, "", "resourceVersion should not be set on objects to be created");
  }
  if (name.length <= NAME_LENGTH_MAX && NAME.test(name)) return;
  const cause = {
    field: "metadata.name",
    reason: "FieldValueInvalid",
    message: `Invalid: "${name}"`,
  };
  throw failure(422, "Invalid", `${resource.kind} "${name}" is invalid`, { name, causes: [cause] });
}

/** Throws when the wanted state was made from another object or another version than the stored one. */
export function checkUpdate(old: KubeObject, wanted: JsonObject): void {
  const metadata = (wanted.metadata ?? {}) as unknown as Partial<ObjectMeta>;
  const { resourceVersion = old.metadata.resourceVersion, uid = old.metadata.uid } = metadata;
  if (uid !== old.metadata.uid) throw failure(422, "Invalid", "metadata.uid: field is immutable");
  if (resourceVersion !== old.metadata.resourceVersion) {
    throw failure(
      409,
      "Conflict",
      "the object has been modified; apply your changes to the latest",
    );
  }
  const before = new Set(old.metadata.finalizers);
  const added = (metadata.finalizers ?? []).filter((finalizer) => !before.has(finalizer));
  if (old.metadata.deletionTimestamp !== undefined && added.length > 0) {
    throw failure(422, "Invalid", "no new finalizers can be added if the object is being deleted");
  }
}

/** The state that is stored: only what this endpoint may change, with the fields that the server owns. */
export function finishUpdate(
  resource: Resource,
  change: { old: KubeObject; wanted: JsonObject; subresource: string | undefined },
  rules: WriteRules,
): KubeObject {
  const { old, wanted, subresource } = change;
  const split = hasStatus(resource, rules);
  if (subresource !== undefined && (subresource !== "status" || !split)) {
    throw failure(404, "NotFound", "the server could not find the requested resource");
  }
  if (subresource === "status") return withMember(old, "status", wanted.status);
  const next = split ? withMember(wanted, "status", (old as { status?: unknown }).status) : wanted;
  return {
    ...next,
    apiVersion: old.apiVersion,
    kind: old.kind,
    metadata: {
      ...withoutEmpty(wanted.metadata as unknown as ObjectMeta),
      ...serverOwned(old.metadata),
      generation: (old.metadata.generation ?? 1) + (sameContent(old, next) ? 0 : 1),
    },
  };
}

function hasStatus(resource: Resource, rules: WriteRules): boolean {
  return !CORE_WITHOUT_STATUS.has(resource.plural) && !rules.withoutStatus.has(resource.plural);
}

function withMember(object: object, name: string, value: unknown): KubeObject {
  const { [name]: _, ...rest } = object as Record<string, unknown>;
  return { ...rest, ...(value === undefined ? {} : { [name]: value }) } as unknown as KubeObject;
}

function serverOwned(metadata: ObjectMeta): Partial<ObjectMeta> & { name: string; uid: string } {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  const owned = { namespace, resourceVersion, creationTimestamp, deletionTimestamp };
  return {
    name,
    uid,
    ...defined({ ...owned, deletionGracePeriodSeconds }),
  };
}

/** Empty maps and lists are not stored. */
function withoutEmpty(metadata: ObjectMeta | undefined): Partial<ObjectMeta> {
  const entries = Object.entries(metadata ?? {});
  return Object.fromEntries(
    entries.filter(([, value]) => typeof value !== "object" || Object.keys(value ?? {}).length > 0),
  );
}

function defined<T extends object>(value: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(
    Object.entries(value).filter(([, each]) => each !== undefined),
  ) as { [K in keyof T]?: NonNullable<T[K]> };
}

function sameContent(a: object, b: object): boolean {
  return jsonEqual(withMember(a, "metadata", undefined), withMember(b, "metadata", undefined));
}

function suffix(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SUFFIX_LENGTH));
  return [...bytes].map((byte) => SUFFIX_ALPHABET[byte % SUFFIX_ALPHABET.length]).join("");
}
