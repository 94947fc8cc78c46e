/**
 * Server-side apply. An applier says which fields it wants and owns just these: what it no longer names, and nobody else
 * owns, is removed; what others own otherwise is a conflict, unless it forces them.
 *
 * The rules are those of Kubernetes' documentation ("Server-Side Apply") and of its library structured-merge-diff; the real
 * API server is the judge in `apply_real_test.ts`.
 */
import type { KubeError } from "../../../kube/client.ts";
import { isObject, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import { applyDefaults } from "../schema/default_values.ts";
import type { Schema } from "../schema/schema.ts";
import { badRequest, statusError } from "../status_error.ts";
import { rootType, type TypeRef } from "./atom.ts";
import { checkTyped, problemsText } from "./check_typed.ts";
import { type Conflict } from "./conflicts.ts";
import { FieldSet } from "./field_set.ts";
import { allowedByLastApplied, syncLastApplied } from "./last_applied.ts";
import {
  decodeManagers,
  encodeManagers,
  identify,
  type Manager,
  type Managers,
} from "./managers.ts";
import { mergeTyped } from "./merge.ts";
import {
  blank,
  loseFields,
  setFields,
  takeFields,
  withManagedFields,
  withoutManagedFields,
} from "./ownership.ts";
import { removeFields } from "./remove.ts";
import { toFieldSet, withNamedFields } from "./to_field_set.ts";
import { fieldsResetBy, SERVER_FIELDS } from "./unmanaged_fields.ts";

/** Owner of what was there before anybody's fields were tracked. */
const BEFORE_FIRST_APPLY = "before-first-apply";
/** The manager that also keeps the annotation of client-side apply. */
const KUBECTL = "kubectl";

/** What is applied, to what and by whom. */
export interface Apply {
  /** The stored object; `undefined` when the apply creates it. */
  live: JsonObject | undefined;
  applied: JsonObject;
  /** The `fieldManager` parameter, which apply requires. */
  manager: string;
  /** Whether fields are taken from those who own them. */
  force: boolean;
  schema: Schema;
  /** RFC 3339, to the second. */
  now: string;
  /** The version of the endpoint. */
  apiVersion: string;
  subresource?: string;
  /** Whether `status` is a subresource; by default where the schema has a status. */
  statusSubresource?: boolean;
}

/** The new object, or the fields that others own. */
export type Applied = { object: JsonObject } | { conflicts: Conflict[] };

/**
 * The live object after an apply, with the defaults of its schema; {@link conflictError} words conflicts. Throws a 400 when
 * the applied object is of another version or carries managed fields, and a 500, as Kubernetes does, when it does not fit
 * its schema.
 */
export function serverSideApply(apply: Apply): Applied {
  checkApplied(apply);
  const run = new Run(apply);
  let result = run.apply(apply.force);
  if ("conflicts" in result && apply.manager === KUBECTL) {
    const allowed = allowedByLastApplied(run.live, run.type, apply.apiVersion);
    if (allowed !== undefined) {
      const left = result.conflicts.filter(({ path }) => !allowed.has(path));
      result = left.length === 0 ? run.apply(true) : { conflicts: left };
    }
  }
  if ("conflicts" in result || apply.manager !== KUBECTL) return result;
  return { object: syncLastApplied(result.object, apply.applied) };
}

function checkApplied({ applied, apiVersion, schema, live }: Apply): void {
  if (applied.apiVersion !== apiVersion || applied.kind !== (live?.kind ?? applied.kind)) {
    throw badRequest(`invalid object type: ${gvk(applied)}`);
  }
  const metadata = isObject(applied.metadata) ? applied.metadata : {};
  if (metadata.managedFields !== undefined && metadata.managedFields !== null) {
    throw badRequest("metadata.managedFields must be nil");
  }
  const problems = checkTyped(applied, rootType(schema));
  if (problems.length === 0) return;
  throw typedError("failed to create typed patch object", applied, problems);
}

function typedError(what: string, object: JsonObject, problems: readonly string[]): KubeError {
  const { namespace = "", name = "" } = isObject(object.metadata) ? object.metadata : {};
  const text = problemsText(problems);
  return statusError(500, "", `${what} (${namespace}/${name}; ${gvk(object)}): ${text}`);
}

function gvk({ apiVersion, kind }: JsonObject): string {
  const version = String(apiVersion ?? "");
  return `${version.includes("/") ? version : `/${version}`}, Kind=${kind ?? ""}`;
}

/** One apply: what is there, and the managers before it. */
class Run {
  readonly live: JsonObject;
  readonly type: TypeRef;
  readonly #apply: Apply;
  readonly #actor: Omit<Manager, "fields" | "time">;
  readonly #managers: Managers;
  readonly #reset: FieldSet;

  constructor(apply: Apply) {
    const { schema, subresource = "" } = apply;
    const { statusSubresource = schema.properties?.status !== undefined } = apply;
    const kind = String(apply.applied.kind ?? "");
    this.#apply = apply;
    this.type = rootType(schema);
    this.live = apply.live === undefined
      ? blank(schema, apply.applied)
      : withoutManagedFields(apply.live);
    this.#reset = fieldsResetBy({ schema, kind, subresource, statusSubresource });
    const { apiVersion, manager: name } = apply;
    this.#actor = { name, operation: "Apply", apiVersion, subresource };
    const problems = checkTyped(this.live, this.type, { allowDuplicates: true });
    if (problems.length > 0) {
      throw typedError("failed to create typed live object", this.live, problems);
    }
    this.#managers = this.#managersBefore();
  }

  #managersBefore(): Managers {
    const { live, apiVersion, schema, now } = this.#apply;
    if (live === undefined) return new Map();
    const stored = isObject(live.metadata) ? live.metadata.managedFields : undefined;
    const managers = decodeManagers(stored);
    if (managers === undefined) {
      throw statusError(500, "", "failed to decode managed fields: the entries are malformed");
    }
    if (managers.size > 0) return managers;
    return takeFields({
      before: blank(schema, live),
      after: this.live,
      type: this.type,
      managers,
      reset: this.#reset,
    }, {
      name: BEFORE_FIRST_APPLY,
      operation: "Update",
      apiVersion,
      subresource: this.#actor.subresource,
      time: now,
    });
  }

  apply(force: boolean): Applied {
    const { applied, now, schema } = this.#apply;
    const id = identify(this.#actor);
    const last = this.#managers.get(id);
    const wanted = toFieldSet(applied, this.type).recursiveDifference(this.#reset);
    const actor = { ...this.#actor, fields: wanted, time: last?.time };
    const managers: Managers = new Map(this.#managers).set(id, actor);
    const merged = mergeTyped(this.live, applied, this.type) as JsonObject;
    const pruned = last === undefined ? merged : this.#prune(merged, last.fields, managers);
    const moved = loseFields({
      before: this.live,
      after: pruned,
      type: this.type,
      managers,
      reset: this.#reset,
    }, id);
    if (!force && moved.conflicts.length > 0) return { conflicts: moved.conflicts };
    const changed = !jsonEqual(this.live, pruned);
    const fields = wanted.difference(SERVER_FIELDS);
    setFields(moved.managers, { ...actor, fields, time: changed ? now : last?.time });
    const object = changed ? applyDefaults(pruned, schema) : this.live;
    return { object: withManagedFields(object, encodeManagers(moved.managers)) };
  }

  /** Without what the applier wanted last and nobody wants any more. */
  #prune(merged: JsonObject, last: FieldSet, managers: Managers): JsonObject {
    const named = (set: FieldSet) => withNamedFields(set, this.type);
    const fieldsOf = (object: JsonObject) => named(toFieldSet(object, this.type));
    const all = fieldsOf(merged);
    const owned = named(
      [...managers.values()].reduce((set, { fields }) => set.union(fields), new FieldSet()),
    );
    const withoutLast = this.#remove(merged, named(last));
    const ownedBack = this.#remove(
      merged,
      all.difference(fieldsOf(withoutLast).union(owned)),
    );
    return this.#remove(merged, all.difference(fieldsOf(ownedBack)).intersection(named(last)));
  }

  #remove(object: JsonObject, fields: FieldSet): JsonObject {
    return (removeFields(object, fields, this.type) ?? {}) as JsonObject;
  }
}
