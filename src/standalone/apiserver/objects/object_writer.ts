/**
 * Every change of an object: create, update, patch, delete. A write is decided on what was read, and stored only if that is
 * still so; otherwise it is decided anew. Nobody hears of it before it is durable.
 */
import { KubeError } from "../../../kube/client.ts";
import { jsonEqual, type JsonObject } from "../../../kube/json.ts";
import { validateCore } from "../core/core_kind.ts";
import { type FieldError, invalidValue } from "../field_error.ts";
import { apiVersionOf, type ServedKind, storeKey, toServed, toStored } from "../kinds/kind.ts";
import type { KindRegistry } from "../kinds/kind_registry.ts";
import { serverSideApply } from "../managed_fields/apply.ts";
import { conflictError } from "../managed_fields/conflicts.ts";
import { keepTimes, trackUpdate } from "../managed_fields/update.ts";
import { badRequest, invalid, statusError } from "../status_error.ts";
import { RevisionConflictError, type Store, type StoredValue } from "../store/store.ts";
import { Allotments } from "./allotments.ts";
import {
  alreadyExists,
  conflict,
  forbidden,
  modified,
  namespaceNotFound,
  notFound,
} from "./api_error.ts";
import { type Decoded, decodeObject, reportFields } from "./decode_object.ts";
import { nameSuffix } from "./name_suffix.ts";
import {
  isOwnPart,
  isPending,
  metaOf,
  prepareCreation,
  prepareUpdate,
  withMeta,
} from "./prepare_object.ts";
import {
  type AdmissionPlugin,
  NO_ADMISSION,
  type Target,
  type WriteParameters,
} from "./write_request.ts";

export interface ObjectWriterOptions {
  store: Store;
  kinds: KindRegistry;
  now: () => Date;
  /** @default everything is admitted */
  admission?: AdmissionPlugin;
}

/** An object, and whether it was made by this very request. */
export interface Written {
  object: JsonObject;
  created: boolean;
}

/** A change of one object. */
export interface Change {
  target: Target;
  /** From the object as the request's form shows it to the wanted one. */
  wanted: (current: JsonObject) => JsonObject;
  /** What is made of nothing, where that is allowed. */
  createFrom?: () => JsonObject;
  /** Whether the wanted object must name the version that it was made from, where its kind demands that. @default false */
  versioned?: boolean;
  /** Whether the wanted object says itself who owns its fields. @default false */
  tracked?: boolean;
  parameters: WriteParameters;
}

/** An object in its stored form, and where that was. */
export interface Current {
  key: string;
  object: JsonObject;
  revision: number;
}

/** How often a patch is decided anew when others write at the same time; the API server gives up after five. */
const ATTEMPTS_MAX = 5;
/** A generated name that is taken is tried again; eight times in the API server. */
const NAMES_MAX = 8;

export class ObjectWriter {
  readonly #store: Store;
  readonly #kinds: KindRegistry;
  readonly #now: () => Date;
  readonly #admission: AdmissionPlugin;
  readonly #allotments: Allotments;
  /** The namespace that something was last made in, and in which state. */
  #lifecycle: { revision: number; terminating: boolean } | undefined;
  #timestamp = { second: NaN, text: "" };

  constructor(options: ObjectWriterOptions) {
    this.#allotments = new Allotments(options.store);
    this.#store = options.store;
    this.#kinds = options.kinds;
    this.#now = options.now;
    this.#admission = options.admission ?? NO_ADMISSION;
  }

  async create(
    target: Target,
    body: JsonObject,
    parameters: WriteParameters,
    options: { tracked?: boolean } = {},
  ): Promise<JsonObject> {
    const { served } = target;
    const decoded = decodeObject(served, body);
    reportFields(served, decoded.unknown, parameters);
    decoded.object = withMeta(decoded.object, NOT_FROM_CLIENTS);
    const { name, generateName, namespace } = metaOf(decoded.object);
    checkNamespace(target, namespace);
    this.#checkLifecycle(target, name ?? "");
    const generated = !name && generateName !== undefined;
    for (let attempt = 1;; attempt++) {
      using held = new DisposableStack();
      const made = await this.#made(target, decoded.object, { parameters, held, ...options });
      try {
        return await this.#insert(target, made, parameters);
      } catch (error) {
        const taken = error instanceof RevisionConflictError;
        if (!taken) throw error;
        if (!generated || attempt === NAMES_MAX) throw alreadyExists(served, metaOf(made).name);
      }
    }
  }

  /** PUT and PATCH. */
  async change(change: Change): Promise<Written> {
    const { served } = change.target;
    for (let attempt = 1;; attempt++) {
      const current = this.current(change.target);
      if (current === undefined) {
        return { object: await this.#createInstead(change), created: true };
      }
      try {
        return { object: await this.#changed(change, current), created: false };
      } catch (error) {
        if (!(error instanceof RevisionConflictError)) throw error;
        if (attempt === ATTEMPTS_MAX) throw modified(served, change.target.name);
      }
    }
  }

  /** Server-side apply. */
  async apply(
    { target, body, force, parameters }: {
      target: Target;
      body: JsonObject;
      force: boolean;
      parameters: WriteParameters;
    },
  ): Promise<Written> {
    const applied = (live: JsonObject | undefined) =>
      this.#applied({ target, body, force, parameters, live });
    return await this.change({
      target,
      parameters,
      tracked: true,
      wanted: applied,
      ...(target.subresource === undefined ? { createFrom: () => asNew(applied(undefined)) } : {}),
    });
  }

  current({ served, namespace, name }: Target): Current | undefined {
    const stored = this.#store.get(storeKey(served.kind, { namespace, name }));
    return stored === undefined ? undefined : currentOf(stored);
  }

  /** Stores a state that needs no more judgement. Throws {@link RevisionConflictError} when it was made from an old one. */
  async put(
    current: Current,
    object: JsonObject,
    options: { dryRun?: boolean } = {},
  ): Promise<JsonObject> {
    if (jsonEqual(current.object, object)) {
      await this.#store.settled();
      return object;
    }
    if (options.dryRun) return object;
    const { revision, durable } = this.#store.write({
      key: current.key,
      expected: current.revision,
      value: (revision) => JSON.stringify(withMeta(object, { resourceVersion: String(revision) })),
    });
    await durable;
    return withMeta(object, { resourceVersion: String(revision) });
  }

  /** Takes an object away; answers with the state given. Watches see the one that was stored. */
  async remove(
    current: Current,
    object: JsonObject,
    options: { dryRun?: boolean } = {},
  ): Promise<JsonObject> {
    if (options.dryRun) return object;
    const { revision, durable } = this.#store.write({
      key: current.key,
      expected: current.revision,
      deleted: true,
      value: (revision) =>
        JSON.stringify(withMeta(current.object, { resourceVersion: String(revision) })),
    });
    await durable;
    return withMeta(object, { resourceVersion: String(revision) });
  }

  /** RFC 3339, whole seconds: what metav1.Time keeps. */
  timestamp(): string {
    const now = this.#now();
    const second = Math.floor(now.getTime() / 1_000);
    if (this.#timestamp.second !== second) {
      this.#timestamp = { second, text: now.toISOString().replace(/\.\d+Z$/, "Z") };
    }
    return this.#timestamp.text;
  }

  get admission(): AdmissionPlugin {
    return this.#admission;
  }

  async #made(
    target: Target,
    object: JsonObject,
    { held, ...how }: {
      parameters: WriteParameters;
      /** Until the object is stored, others get no part of what it was allotted. */
      held: DisposableStack;
      tracked?: boolean;
    },
  ): Promise<JsonObject> {
    const { served, namespace } = target;
    const { parameters } = how;
    const owned = this.#track(target, { before: undefined, after: object, ...how });
    const attempt = {
      served,
      operation: "CREATE" as const,
      namespace,
      name: metaOf(owned).name ?? "",
      parameters,
    };
    const placed = served.kind.namespaced ? withMeta(owned, { namespace }) : owned;
    const mutated = await this.#admission.mutate({ ...attempt, object: toServed(served, placed) });
    const prepared = prepareCreation(served.kind, toStored(served, mutated), {
      namespace,
      uid: crypto.randomUUID(),
      now: this.timestamp(),
      suffix: metaOf(owned).name ? "" : nameSuffix(),
    });
    const made = held.use(this.#allotments.allot(served, prepared)).object;
    if (metaOf(made).resourceVersion) {
      throw statusError(500, "", "resourceVersion should not be set on objects to be created");
    }
    refuse(served, made, await errorsOf(target, made, undefined));
    await this.#admission.validate({
      ...attempt,
      name: metaOf(made).name,
      object: toServed(served, made),
    });
    return made;
  }

  async #insert(
    target: Target,
    made: JsonObject,
    parameters: WriteParameters,
  ): Promise<JsonObject> {
    const key = storeKey(target.served.kind, {
      namespace: target.namespace,
      name: metaOf(made).name,
    });
    const current = { key, object: {}, revision: 0 };
    if (parameters.dryRun && this.#store.get(key) !== undefined) {
      throw new RevisionConflictError(key);
    }
    return toServed(target.served, await this.put(current, made, parameters));
  }

  async #createInstead(change: Change): Promise<JsonObject> {
    const { target, createFrom } = change;
    const allowed = createFrom !== undefined && target.subresource === undefined;
    if (!allowed) throw notFound(target.served, target.name);
    const body = createFrom();
    checkName(target, metaOf(body).name);
    return await this.create(target, body, change.parameters, { tracked: change.tracked ?? false });
  }

  async #changed(change: Change, current: Current): Promise<JsonObject> {
    const { target, parameters } = change;
    const { served, subresource } = target;
    const before = toServed(served, current.object);
    const decoded = this.#decoded(change, change.wanted(before));
    const wanted = this.#identified(change, decoded.object, current);
    const { tracked = false } = change;
    const owned = this.#track(target, {
      before: current.object,
      after: wanted,
      parameters,
      tracked,
    });
    const attempt = {
      served,
      operation: "UPDATE" as const,
      namespace: target.namespace,
      name: target.name,
      subresource,
      parameters,
      oldObject: before,
    };
    const mutated = await this.#admission.mutate({ ...attempt, object: toServed(served, owned) });
    const old = current.object;
    const prepared = prepareUpdate(served.kind, {
      old,
      wanted: toStored(served, mutated),
      subresource,
    });
    using allotted = this.#allotments.allot(served, prepared, { old, subresource });
    const next = keepTimes(current.object, allotted.object);
    refuse(served, next, await errorsOf(target, next, current.object));
    await this.#admission.validate({ ...attempt, object: toServed(served, next) });
    if (metaOf(next).deletionTimestamp !== undefined && !isPending(next)) {
      await this.remove(current, next, parameters);
      // The answer is the state before its end; only watches see that.
      return toServed(served, next);
    }
    return toServed(served, await this.put(current, next, parameters));
  }

  /** What a patch makes of an object is a patch that is wrong, if it is wrong. */
  #decoded(
    { target: { served }, versioned, tracked, parameters }: Change,
    wanted: JsonObject,
  ): Decoded {
    try {
      const decoded = decodeObject(served, wanted);
      reportFields(served, decoded.unknown, parameters);
      return decoded;
    } catch (error) {
      const [, detail] = error instanceof KubeError && error.code === 400
        ? /cannot be handled as a \w+: (.*)$/s.exec(error.status.message ?? "") ?? []
        : [];
      if (detail === undefined || versioned || tracked) throw error;
      const shown = Object.entries(wanted).sort(([a], [b]) => a < b ? -1 : 1);
      throw invalid({ group: "", kind: "", name: "" }, [
        invalidValue("patch", JSON.stringify(Object.fromEntries(shown)), detail),
      ]);
    }
  }

  /** The wanted object, known to be meant for this one: the same name, UID and version. */
  #identified(
    { target, versioned = false }: Change,
    wanted: JsonObject,
    current: Current,
  ): JsonObject {
    const { served, name } = target;
    const [meta, old] = [metaOf(wanted), metaOf(current.object)];
    checkNamespace(target, meta.namespace);
    checkName(target, meta.name);
    if (versioned && !meta.name) {
      throw badRequest(
        `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
      );
    }
    const { rules } = served.kind;
    if (versioned && !meta.resourceVersion && !rules.unconditionalUpdate) {
      const detail = "must be specified for an update";
      // Named by its resource, where others are named by their kind.
      throw invalid({ group: served.form.group, kind: served.kind.plural, name }, [
        invalidValue("metadata.resourceVersion", 0, detail),
      ]);
    }
    if (meta.resourceVersion && meta.resourceVersion !== old.resourceVersion) {
      throw modified(served, name);
    }
    if (versioned && meta.uid && meta.uid !== old.uid) {
      const { group, plural, custom } = served.kind;
      const key = ["/registry", ...(custom ? [group] : []), plural, old.namespace, name];
      const why = `StorageError: invalid object, Code: 4, Key: ${
        key.filter(Boolean).join("/")
      }, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${meta.uid}, UID in object meta: ${old.uid}`;
      throw conflict(served, name, why);
    }
    return withMeta(wanted, {
      name,
      namespace: old.namespace,
      uid: meta.uid ?? old.uid,
      resourceVersion: old.resourceVersion,
      creationTimestamp: old.creationTimestamp,
    });
  }

  #track(
    { served, subresource }: Target,
    { before, after, parameters, tracked = false }: {
      before: JsonObject | undefined;
      after: JsonObject;
      parameters: WriteParameters;
      tracked?: boolean;
    },
  ): JsonObject {
    return tracked ? after : trackUpdate({
      before,
      after,
      manager: parameters.manager,
      schema: served.form.schema(),
      now: this.timestamp(),
      apiVersion: apiVersionOf(served.form),
      subresource: subresource ?? "",
      statusSubresource: served.kind.statusSubresource,
    });
  }

  #applied(
    { target, body, force, parameters, live }: {
      target: Target;
      body: JsonObject;
      force: boolean;
      parameters: WriteParameters;
      live: JsonObject | undefined;
    },
  ): JsonObject {
    const { served, subresource = "" } = target;
    const result = serverSideApply({
      live,
      applied: body,
      manager: parameters.manager,
      force,
      schema: served.form.schema(),
      now: this.timestamp(),
      apiVersion: apiVersionOf(served.form),
      subresource,
      statusSubresource: served.kind.statusSubresource,
    });
    if ("conflicts" in result) throw conflictError(result.conflicts);
    return result.object;
  }

  /** Nothing is made in a namespace that is not there or is being emptied. */
  #checkLifecycle({ served, namespace }: Target, name: string): void {
    if (!served.kind.namespaced || namespace === undefined) return;
    const kind = this.#kinds.resource({ group: "", version: "v1", plural: "namespaces" })?.kind;
    if (kind === undefined) return;
    const stored = this.#store.get(storeKey(kind, { name: namespace }));
    if (stored === undefined) throw namespaceNotFound(namespace);
    if (!this.#isTerminating(stored)) return;
    const why =
      `unable to create new content in namespace ${namespace} because it is being terminated`;
    const cause = {
      reason: "NamespaceTerminating",
      message: `namespace ${namespace} is being terminated`,
      field: "metadata.namespace",
    };
    throw forbidden(served, { name, why, causes: [cause] });
  }

  /** Of a namespace. A revision is of one object alone. */
  #isTerminating({ revision, value }: StoredValue): boolean {
    if (this.#lifecycle?.revision !== revision) {
      const terminating = metaOf(JSON.parse(value)).deletionTimestamp !== undefined;
      this.#lifecycle = { revision, terminating };
    }
    return this.#lifecycle.terminating;
  }
}

/** What only the server says of an object. */
const NOT_FROM_CLIENTS = {
  deletionTimestamp: undefined,
  deletionGracePeriodSeconds: undefined,
  creationTimestamp: undefined,
  uid: undefined,
  selfLink: undefined,
};

/** An apply that names a version of what is not there makes it all the same. */
function asNew(applied: JsonObject): JsonObject {
  return withMeta(applied, { resourceVersion: undefined });
}

function checkName({ name }: Target, given: string | undefined): void {
  if (given === undefined || given === "" || given === name) return;
  throw badRequest(
    `the name of the object (${given}) does not match the name on the URL (${name})`,
  );
}

function currentOf({ key, value, revision }: StoredValue): Current {
  return { key, object: JSON.parse(value), revision };
}

function checkNamespace({ served, namespace }: Target, given: string | undefined): void {
  if (!served.kind.namespaced || given === undefined || given === namespace) return;
  throw badRequest(
    "the namespace of the provided object does not match the namespace sent on the request",
  );
}

async function errorsOf(
  { served, subresource }: Target,
  object: JsonObject,
  old: JsonObject | undefined,
): Promise<FieldError[]> {
  const { kind, form } = served;
  if (form.definition === undefined) {
    // A binding and a finalization change just what nothing else may.
    const { validate: _, ...meta } = kind.rules;
    return validateCore(isOwnPart(subresource) ? meta : kind.rules, object, old);
  }
  // With CEL, which a server starts without.
  const { validateCustomResource } = await import("../schema/custom_resource.ts");
  return validateCustomResource({
    object: toServed(served, object),
    old: old === undefined ? undefined : toServed(served, old),
    schema: form.definition(),
    group: form.group,
    version: form.version,
    kind: kind.kind,
    namespaced: kind.namespaced,
    ...(subresource === undefined ? {} : { subresource }),
    scale: kind.scale,
  });
}

function refuse(
  { kind, form }: ServedKind,
  object: JsonObject,
  errors: readonly FieldError[],
): void {
  if (errors.length === 0) return;
  throw invalid({ group: form.group, kind: kind.kind, name: metaOf(object).name ?? "" }, errors);
}
