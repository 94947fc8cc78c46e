/** DELETE: at once, or as a mark that waits for finalizers and for whoever ends the object. */
import { isObject, type JsonObject } from "../../../kube/json.ts";
import { toServed } from "../kinds/kind.ts";
import { type FieldError, invalidValue, notSupported } from "../field_error.ts";
import { badRequest, invalid } from "../status_error.ts";
import { RevisionConflictError } from "../store/store.ts";
import { modified, notFound, preconditionFailed } from "./api_error.ts";
import { listOf, type ListRequest, ObjectReader, selectionOf } from "./object_reader.ts";
import type { Current, ObjectWriter } from "./object_writer.ts";
import { isPending, metaOf, withMeta } from "./prepare_object.ts";
import type { Target, WriteParameters } from "./write_request.ts";

/** metav1.DeleteOptions. */
export interface DeleteParameters {
  gracePeriodSeconds?: number;
  propagationPolicy?: string;
  orphanDependents?: boolean;
  preconditions?: { uid?: string; resourceVersion?: string };
}

/** What is left of an object: its last state, which is also its end when nothing waits. */
export interface Deleted {
  object: JsonObject;
  gone: boolean;
}

const ORPHAN = "orphan";
const FOREGROUND = "foregroundDeletion";
const POLICIES = ["Background", "Foreground", "Orphan"];
const ATTEMPTS_MAX = 5;

export class ObjectDeleter {
  readonly #writer: ObjectWriter;
  readonly #reader: ObjectReader;

  constructor(parts: { writer: ObjectWriter; reader: ObjectReader }) {
    this.#writer = parts.writer;
    this.#reader = parts.reader;
  }

  async delete(
    target: Target,
    options: DeleteParameters,
    parameters: WriteParameters,
  ): Promise<Deleted> {
    checkOptions(options);
    for (let attempt = 1;; attempt++) {
      const current = this.#writer.current(target);
      if (current === undefined) throw notFound(target.served, target.name);
      checkPreconditions(target, current, options);
      try {
        return await this.#deleteCurrent(target, { current, options, parameters });
      } catch (error) {
        if (!(error instanceof RevisionConflictError)) throw error;
        if (attempt === ATTEMPTS_MAX) throw modified(target.served, target.name);
      }
    }
  }

  /** Everything that is selected; answers with the list of it. */
  async deleteCollection(
    request: ListRequest,
    options: DeleteParameters,
    parameters: WriteParameters,
  ): Promise<JsonObject> {
    checkOptions(options);
    selectionOf(request);
    const page = await this.#reader.list(request);
    const { served } = request;
    for (const { metadata } of page.items) {
      const { namespace, name } = metadata as { namespace?: string; name: string };
      try {
        await this.delete({ served, namespace, name }, options, parameters);
      } catch (error) {
        if ((error as { code?: number }).code !== 404) throw error;
      }
    }
    return listOf(served, page);
  }

  async #deleteCurrent(
    target: Target,
    { current, options, parameters }: {
      current: Current;
      options: DeleteParameters;
      parameters: WriteParameters;
    },
  ): Promise<Deleted> {
    const { served } = target;
    await this.#writer.admission.validate({
      ...target,
      operation: "DELETE",
      oldObject: toServed(served, current.object),
      parameters,
    });
    const marked = counted(this.#marked(target, current.object, options), current.object);
    const { dryRun } = parameters;
    if (!isPending(marked)) {
      // Of kinds that nobody ends, the answer has no mark.
      const isEnded = served.kind.rules.graceSeconds !== undefined;
      const last = isEnded ? marked : current.object;
      const object = await this.#writer.remove(current, last, { dryRun });
      return { object: toServed(served, object), gone: true };
    }
    const object = await this.#writer.put(current, marked, { dryRun });
    return { object: toServed(served, object), gone: false };
  }

  /** The object as it waits for its end, or as it ends. */
  #marked({ served }: Target, object: JsonObject, options: DeleteParameters): JsonObject {
    const { kind } = served;
    const meta = metaOf(object);
    const requested = kind.rules.graceSeconds?.(object, options.gracePeriodSeconds) ?? 0;
    const grace = meta.deletionTimestamp === undefined
      ? requested
      : Math.min(requested, meta.deletionGracePeriodSeconds ?? 0);
    const marked = withMeta(object, {
      finalizers: finalizersOf(meta.finalizers ?? [], options),
      // A namespace waits for its content, however long that takes.
      deletionGracePeriodSeconds: kind.kind === "Namespace" ? undefined : grace,
    });
    if (meta.deletionTimestamp === undefined) {
      return withPhase(withMeta(marked, { deletionTimestamp: this.#end(grace) }));
    }
    if (grace === meta.deletionGracePeriodSeconds) return withPhase(marked);
    return withMeta(marked, { deletionTimestamp: this.#end(grace) });
  }

  #end(graceSeconds: number): string {
    const now = Date.parse(this.#writer.timestamp());
    return new Date(now + graceSeconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
  }
}

/** A deletion is a change of what is wanted. */
function counted(marked: JsonObject, old: JsonObject): JsonObject {
  const { generation = 0 } = metaOf(marked);
  if (generation === 0 || metaOf(old).deletionTimestamp !== undefined) return marked;
  return withMeta(marked, { generation: generation + 1 });
}

/** Namespaces show that they are on their way. */
function withPhase(object: JsonObject): JsonObject {
  if (object.kind !== "Namespace") return object;
  const status = isObject(object.status) ? object.status : {};
  return { ...object, status: { ...status, phase: "Terminating" } };
}

function finalizersOf(
  finalizers: readonly string[],
  { propagationPolicy, orphanDependents }: DeleteParameters,
): string[] | undefined {
  const policy = propagationPolicy ??
    (orphanDependents === undefined ? undefined : orphanDependents ? "Orphan" : "Background");
  const own = policy === undefined
    ? finalizers
    : finalizers.filter((each) => each !== ORPHAN && each !== FOREGROUND);
  const all = [
    ...own,
    ...(policy === "Orphan" ? [ORPHAN] : []),
    ...(policy === "Foreground" ? [FOREGROUND] : []),
  ];
  return all.length === 0 ? undefined : all;
}

function checkOptions(options: DeleteParameters): void {
  const { propagationPolicy, orphanDependents, gracePeriodSeconds } = options;
  const errors: FieldError[] = [];
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    errors.push(
      invalidValue(
        "propagationPolicy",
        propagationPolicy,
        "orphanDependents and deletionPropagation cannot be both set",
      ),
    );
  }
  if (propagationPolicy !== undefined && !POLICIES.includes(propagationPolicy)) {
    errors.push(
      notSupported("propagationPolicy", propagationPolicy, [
        "Foreground",
        "Background",
        "Orphan",
        "nil",
      ]),
    );
  }
  if (errors.length > 0) {
    throw invalid({ group: "meta.k8s.io", kind: "DeleteOptions", name: "" }, errors);
  }
  if (gracePeriodSeconds !== undefined && !Number.isInteger(gracePeriodSeconds)) {
    throw badRequest(`gracePeriodSeconds must be an integer: got ${gracePeriodSeconds}`);
  }
}

function checkPreconditions(
  { served, name }: Target,
  { object }: Current,
  { preconditions = {} }: DeleteParameters,
): void {
  const { uid, resourceVersion } = metaOf(object);
  if (preconditions.uid !== undefined && preconditions.uid !== uid) {
    const why =
      `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw preconditionFailed(served, name, why);
  }
  const wanted = preconditions.resourceVersion;
  if (wanted !== undefined && wanted !== resourceVersion) {
    const why =
      `the ResourceVersion in the precondition (${wanted}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    throw preconditionFailed(served, name, why);
  }
}
