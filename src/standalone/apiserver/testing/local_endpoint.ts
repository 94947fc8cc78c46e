/** The rules around one object, without a server: what a scenario runs on. */
import { KubeError } from "../../../kube/client.ts";
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import { type CoreKind, validateCore } from "../core/core_kind.ts";
import { serverSideApply } from "../managed_fields/apply.ts";
import { conflictError } from "../managed_fields/conflicts.ts";
import { keepTimes, trackUpdate } from "../managed_fields/update.ts";
import { applyJsonPatch } from "../patch/json_patch.ts";
import { applyMergePatch } from "../patch/merge_patch.ts";
import { applyStrategicMergePatch } from "../patch/strategic_merge_patch.ts";
import { applyDefaults } from "../schema/default_values.ts";
import { validateCustomResource } from "../schema/custom_resource.ts";
import { prune } from "../schema/prune.ts";
import type { Schema } from "../schema/schema.ts";
import { invalid } from "../status_error.ts";
import { type Answer, comparable, comparableStatus, type Step } from "./scenarios.ts";

/** One object and its endpoint. */
export class LocalEndpoint {
  #live: JsonObject | undefined;
  #seconds = 0;

  constructor(
    readonly options: {
      apiVersion: string;
      schema: Schema;
      statusSubresource: boolean;
      /** The kind's own rules, where Kubernetes has it. */
      core?: CoreKind | undefined;
      /** The schema of the definition, for a custom kind that is to be validated. */
      definition?: Schema;
    },
  ) {}

  write(step: Step): Answer {
    try {
      const next = this.#checked(this.#next(step), step.subresource ?? "");
      this.#live = this.#live === undefined ? next : keepTimes(this.#live, next);
      return { object: comparable(this.#live) };
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      return { status: comparableStatus(error.status as JsonObject) };
    }
  }

  #next(step: Step): JsonObject {
    const { schema, apiVersion, statusSubresource } = this.options;
    const { manager, subresource = "", force = false } = step;
    const now = new Date(Date.UTC(2026, 0, 1, 0, 0, this.#seconds++)).toISOString()
      .replace(".000", "");
    const who = { manager, schema, now, apiVersion, subresource, statusSubresource };
    const live = this.#live;
    if (step.verb === "apply") {
      const applied = step.body as JsonObject;
      const result = serverSideApply({ live, applied, force, ...who });
      if ("conflicts" in result) throw conflictError(result.conflicts);
      return this.#kept(result.object, subresource);
    }
    const wanted = this.#prepared(this.#wanted(step));
    const owned = live === undefined ? wanted : withServerFields(wanted, live);
    const tracked = trackUpdate({ before: live, after: owned, ...who });
    return this.#kept(tracked, subresource);
  }

  #checked(object: JsonObject, subresource: string): JsonObject {
    const { core, definition } = this.options;
    if (definition !== undefined) this.#validate(object, definition, subresource);
    if (core === undefined) return object;
    const live = this.#live;
    const prepared = live === undefined
      ? core.prepareCreate?.(object)
      : core.prepareUpdate?.(object, live);
    const wanted = prepared ?? object;
    const errors = validateCore(core, placed(wanted, core), live && placed(live, core));
    if (errors.length > 0) {
      throw invalid(namesOf(object), errors);
    }
    return wanted;
  }

  #validate(object: JsonObject, schema: Schema, subresource: string): void {
    const { group, kind } = namesOf(object);
    const [, version = ""] = this.options.apiVersion.split("/");
    const meta = { namespaced: true, name: () => [] };
    const old = this.#live && placed(this.#live, { meta });
    const errors = validateCustomResource({
      object: placed(object, { meta }),
      old,
      schema,
      group,
      version,
      kind,
      namespaced: true,
      subresource,
    });
    if (errors.length > 0) throw invalid(namesOf(object), errors);
  }

  #wanted({ verb, body }: Step): JsonObject {
    const live = this.#live ?? {};
    switch (verb) {
      case "merge":
        return applyMergePatch(live, body);
      case "json":
        return applyJsonPatch(live, body);
      case "strategic":
        return applyStrategicMergePatch(live, body, this.options.schema);
      default:
        return body as JsonObject;
    }
  }

  #prepared(object: JsonObject): JsonObject {
    const { schema, core } = this.options;
    const filled = applyDefaults(prune(object, schema).object, schema);
    return core?.defaults?.(filled) ?? filled;
  }

  /** What the endpoint does not write stays as it is. */
  #kept(object: JsonObject, subresource: string): JsonObject {
    const { statusSubresource } = this.options;
    const ready = this.#prepared(object);
    if (!statusSubresource) return ready;
    if (subresource === "status") {
      const { managedFields } = ready.metadata as JsonObject;
      const owned = managedFields === undefined ? {} : { managedFields };
      const metadata = { ...this.#live?.metadata as JsonObject, ...owned };
      return { ...this.#live, status: ready.status ?? null, metadata };
    }
    const { status: given, ...rest } = ready;
    const brings = this.#live === undefined && this.options.core?.statusOnCreate;
    const status = brings ? given : this.#live?.status;
    return this.#prepared(status === undefined ? rest : { ...rest, status });
  }
}

/** As the server sees it: in its namespace and with a version. */
function placed(object: JsonObject, { meta }: CoreKind): JsonObject {
  const place = meta.namespaced
    ? { namespace: "a", resourceVersion: "1" }
    : { resourceVersion: "1" };
  return { ...object, metadata: { ...object.metadata as JsonObject, ...place } };
}

function namesOf({ apiVersion, kind, metadata }: JsonObject) {
  const [group = ""] = String(apiVersion).includes("/") ? String(apiVersion).split("/") : [""];
  return { group, kind: String(kind), name: String((metadata as JsonObject).name ?? "") };
}

function withServerFields(wanted: JsonObject, live: JsonObject): JsonObject {
  const { metadata } = live;
  if (!isObject(metadata)) return wanted;
  const names = ["name", "namespace", "uid", "creationTimestamp"];
  const fixed = Object.fromEntries(
    names.filter((name) => metadata[name] !== undefined).map((
      name,
    ) => [name, metadata[name] as Json]),
  );
  return { ...wanted, metadata: { ...wanted.metadata as JsonObject, ...fixed } };
}
