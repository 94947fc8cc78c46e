/** Requests on collections and objects: from parameters and bodies to reads, writes and watches, and back to answers. */
import type { JsonObject } from "../../../kube/json.ts";
import { isObject } from "../../../kube/json.ts";
import { internalError, methodNotAllowed, resourceNotFound } from "../objects/api_error.ts";
import type { DeleteParameters, ObjectDeleter } from "../objects/object_deleter.ts";
import {
  listOf,
  type ListRequest,
  type ObjectPage,
  type ObjectReader,
} from "../objects/object_reader.ts";
import type { ObjectWriter, Written } from "../objects/object_writer.ts";
import { scaleOf, withScale } from "../objects/scale.ts";
import type { FieldValidation } from "../schema/field_validation.ts";
import type { Target, WriteParameters } from "../objects/write_request.ts";
import { applyJsonPatch } from "../patch/json_patch.ts";
import { applyMergePatch } from "../patch/merge_patch.ts";
import { applyStrategicMergePatch } from "../patch/strategic_merge_patch.ts";
import { badRequest, invalid, statusError } from "../status_error.ts";
import { forbidden as forbiddenField, notSupported, required } from "../field_error.ts";
import { validateFieldManager } from "../core/object_meta.ts";
import type { WatchHub } from "../watch/watch_hub.ts";
import { watchObjects } from "../watch/watch_objects.ts";
import type { ServedKind } from "../kinds/kind.ts";
import { type ApiRequest, type ApiResponse, jsonAnswer } from "./api_request.ts";
import {
  type AnswerForm,
  answerForm,
  bodyObject,
  mediaType,
  patchBody,
  unsupportedMediaType,
} from "./negotiate.ts";
import { isTrue } from "./resource_request.ts";
import { type IncludeObject, partialMetadata, tableOf } from "./table.ts";
import { watchLines } from "./watch_answer.ts";

export interface ObjectHandlerOptions {
  reader: ObjectReader;
  writer: ObjectWriter;
  deleter: ObjectDeleter;
  hub: WatchHub;
  now: () => Date;
}

/** What a request is about. */
export interface ObjectRequest {
  request: ApiRequest;
  served: ServedKind;
  namespace?: string;
  name?: string;
  subresource?: string;
}

/** Watches that run at once; more are told to come back. */
export const WATCHES_MAX = 1_000;
const MANAGER_LENGTH_MAX = 128;
const PATCHES = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
} as const;

export class ObjectHandler {
  readonly #options: ObjectHandlerOptions;
  #watches = 0;

  constructor(options: ObjectHandlerOptions) {
    this.#options = options;
  }

  async handle(asked: ObjectRequest): Promise<ApiResponse> {
    const { request, served, name } = asked;
    const warnings: string[] = [];
    if (served.form.deprecationWarning !== undefined) warnings.push(served.form.deprecationWarning);
    const form = answerForm(request.header("accept"));
    const context = { asked, form, warnings };
    const answer = name === undefined
      ? await this.#collection(context)
      : await this.#object(context, { ...asked, name });
    return warnings.length === 0 ? answer : { ...answer, warnings };
  }

  async #collection(context: Context): Promise<ApiResponse> {
    const { request, served } = context.asked;
    switch (request.method) {
      case "GET":
      case "HEAD":
        return isTrue(request.query.get("watch"))
          ? this.#watch(context)
          : await this.#list(context);
      case "POST":
        if (served.kind.namespaced && context.asked.namespace === undefined) {
          throw methodNotAllowed();
        }
        return await this.#create(context);
      case "DELETE":
        if (served.kind.kind === "Namespace") throw methodNotAllowed();
        return await this.#deleteCollection(context);
      default:
        throw methodNotAllowed();
    }
  }

  async #object(context: Context, target: Target): Promise<ApiResponse> {
    const { request, subresource } = context.asked;
    if (subresource !== undefined) return await this.#part(context, target, subresource);
    switch (request.method) {
      case "GET":
      case "HEAD":
        if (isTrue(request.query.get("watch"))) return this.#watch(context, target.name);
        return this.#shown(context, 200, await this.#get(context, target));
      case "PUT":
        return await this.#update(context, target);
      case "PATCH":
        return await this.#patch(context, target);
      case "DELETE":
        return await this.#delete(context, target);
      default:
        throw methodNotAllowed();
    }
  }

  async #part(context: Context, target: Target, subresource: string): Promise<ApiResponse> {
    const { kind } = target.served;
    const { method } = context.asked.request;
    const main = { ...target, subresource: undefined };
    if (subresource === "status" && kind.statusSubresource) {
      if (method === "GET") return this.#shown(context, 200, await this.#get(context, main));
      if (method === "PUT") return await this.#update(context, target);
      if (method === "PATCH") return await this.#patch(context, target);
      throw methodNotAllowed();
    }
    if (subresource === "scale" && kind.scale !== undefined) {
      return await this.#scale(context, main);
    }
    if (subresource === "finalize" && kind.kind === "Namespace") {
      if (method !== "PUT") throw methodNotAllowed();
      return await this.#update(context, target);
    }
    if (kind.kind === "Pod" && subresource === "binding") return await this.#bind(context, main);
    if (kind.kind === "Pod" && subresource === "eviction") return await this.#evict(context, main);
    throw resourceNotFound();
  }

  async #get({ asked }: Context, target: Target): Promise<JsonObject> {
    return await this.#options.reader.get(
      target,
      asked.request.query.get("resourceVersion") ?? undefined,
    );
  }

  async #list(context: Context): Promise<ApiResponse> {
    const { served } = context.asked;
    const page = await this.#options.reader.list(listRequest(context.asked));
    return this.#shownList(context, served, page);
  }

  #shownList({ asked, form }: Context, served: ServedKind, page: ObjectPage): ApiResponse {
    const list = listOf(served, page);
    const metadata = listMeta(list, form);
    if (form.as === "Table") {
      return jsonAnswer(
        200,
        tableOf(page.items, {
          kind: served.kind,
          include: includeOf(asked),
          now: this.#options.now(),
          metadata,
        }),
      );
    }
    if (form.as !== undefined) {
      const items = page.items.map(partialMetadata);
      return jsonAnswer(200, {
        kind: "PartialObjectMetadataList",
        apiVersion: "meta.k8s.io/v1",
        metadata,
        items,
      });
    }
    return jsonAnswer(200, list);
  }

  #shown({ asked, form }: Context, status: number, object: JsonObject): ApiResponse {
    if (form.as === "Table") {
      const { resourceVersion = "" } = (object.metadata ?? {}) as JsonObject;
      const { served } = asked;
      return jsonAnswer(
        status,
        tableOf([object], {
          kind: served.kind,
          include: includeOf(asked),
          now: this.#options.now(),
          metadata: { resourceVersion },
        }),
      );
    }
    return jsonAnswer(status, form.as === undefined ? object : partialMetadata(object));
  }

  #watch({ asked, form }: Context, name?: string): ApiResponse {
    if (this.#watches >= WATCHES_MAX) {
      throw statusError(429, "TooManyRequests", `too many watches: ${WATCHES_MAX} run already`, {
        retryAfterSeconds: 1,
      });
    }
    const { request, served } = asked;
    const { query } = request;
    const fields = [
      query.get("fieldSelector"),
      name === undefined ? null : `metadata.name=${name}`,
    ];
    const initial = query.get("sendInitialEvents");
    const { now } = this.#options;
    const batches = watchObjects({
      ...listRequest(asked),
      fieldSelector: fields.filter((each) => each).join(","),
      allowBookmarks: isTrue(query.get("allowWatchBookmarks")),
      ...(initial === null ? {} : { sendInitialEvents: isTrue(initial) }),
      timeoutSeconds: integerOf(query, "timeoutSeconds"),
      signal: request.signal,
    }, this.#options);
    const as = form.as === "Table"
      ? "Table"
      : form.as === undefined
      ? undefined
      : "PartialObjectMetadata";
    const lines = watchLines(batches, {
      served,
      ...(as === undefined ? {} : { as }),
      include: includeOf(asked),
      now,
    });
    const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
    return { status: 200, headers, body: this.#counted(lines) };
  }

  async *#counted(lines: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.#watches++;
    try {
      yield* lines;
    } finally {
      this.#watches--;
    }
  }

  async #create(context: Context): Promise<ApiResponse> {
    const { served, namespace } = context.asked;
    const duplicates: string[] = [];
    const parameters = { ...writeParameters(context), duplicates };
    const body = await readObject(context, served.kind.kind, duplicates);
    const target = { served, namespace, name: "" };
    return this.#shown(context, 201, await this.#options.writer.create(target, body, parameters));
  }

  async #update(context: Context, target: Target): Promise<ApiResponse> {
    const duplicates: string[] = [];
    const parameters = { ...writeParameters(context), duplicates };
    const { kind } = target.served;
    const body = await readObject(context, kind.kind, duplicates);
    const written = await this.#options.writer.change({
      target,
      parameters,
      versioned: true,
      wanted: () => body,
      ...(kind.rules.createOnUpdate ? { createFrom: () => body } : {}),
    });
    return this.#written(context, written);
  }

  async #patch(context: Context, target: Target): Promise<ApiResponse> {
    const { request } = context.asked;
    const { served } = target;
    const type = patchType(request, served);
    const parameters = writeParameters(context, { patch: true, apply: type === "apply" });
    const patch = await patchBody(await request.body(), type === "apply");
    if (type === "apply") {
      if (!isObject(patch)) throw badRequest("error decoding YAML: the patch must be an object");
      const force = isTrue(request.query.get("force"));
      return this.#written(
        context,
        await this.#options.writer.apply({ target, body: patch, force, parameters }),
      );
    }
    const wanted = (current: JsonObject) => patched(type, current, { patch, served });
    return this.#written(
      context,
      await this.#options.writer.change({ target, parameters, wanted }),
    );
  }

  #written(context: Context, { object, created }: Written): ApiResponse {
    return this.#shown(context, created ? 201 : 200, object);
  }

  async #delete(context: Context, target: Target): Promise<ApiResponse> {
    const { options, parameters } = await deleteParameters(context);
    const { object, gone } = await this.#options.deleter.delete(target, options, parameters);
    const { kind } = target.served;
    if (!gone || kind.rules.returnsDeleted) return this.#shown(context, 200, object);
    return jsonAnswer(200, deletedStatus(target, object));
  }

  async #deleteCollection(context: Context): Promise<ApiResponse> {
    const { options, parameters } = await deleteParameters(context);
    const request = listRequest(context.asked);
    return jsonAnswer(
      200,
      await this.#options.deleter.deleteCollection(request, options, parameters),
    );
  }

  async #scale(context: Context, target: Target): Promise<ApiResponse> {
    const { request } = context.asked;
    const paths = target.served.kind.scale!;
    if (request.method === "GET") {
      return jsonAnswer(200, scaleOf(await this.#options.reader.get(target), paths));
    }
    if (request.method !== "PUT" && request.method !== "PATCH") throw methodNotAllowed();
    const parameters = writeParameters(context, { patch: request.method === "PATCH" });
    const change = request.method === "PUT"
      ? await readObject(context, "Scale")
      : await patchBody(await request.body(), false);
    const type = request.method === "PUT" ? undefined : patchType(request, target.served);
    const written = await this.#options.writer.change({
      target: { ...target, subresource: "scale" },
      parameters,
      wanted: (current) => {
        const scale = scaleOf(current, paths);
        if (type === "apply") throw unsupportedMediaType(Object.keys(PATCHES).slice(0, 2));
        const wanted = type === undefined
          ? change as JsonObject
          : patched(type, scale, { patch: change, served: target.served });
        return withScale(current, wanted, paths);
      },
    });
    return jsonAnswer(200, scaleOf(written.object, paths));
  }

  /** Gives a pod its node, once. */
  async #bind(context: Context, target: Target): Promise<ApiResponse> {
    if (context.asked.request.method !== "POST") throw methodNotAllowed();
    const parameters = writeParameters(context);
    const binding = await readObject(context, "Binding");
    const node = (binding.target as { name?: string } | undefined)?.name ?? "";
    if (node === "") {
      throw invalid({ group: "", kind: "Binding", name: target.name }, [required("target.name")]);
    }
    await this.#options.writer.change({
      target: { ...target, subresource: "binding" },
      parameters,
      // Nobody owns the node of a pod.
      tracked: true,
      wanted: (pod) => boundTo(pod, node, this.#options.writer.timestamp()),
    });
    return jsonAnswer(201, {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Success",
      code: 201,
    });
  }

  /** There are no disruption budgets here: an eviction is a deletion. */
  async #evict(context: Context, target: Target): Promise<ApiResponse> {
    if (context.asked.request.method !== "POST") throw methodNotAllowed();
    const parameters = writeParameters(context);
    const eviction = await readObject(context, "Eviction");
    const options = isObject(eviction.deleteOptions)
      ? eviction.deleteOptions as DeleteParameters
      : {};
    await this.#options.deleter.delete(target, options, parameters);
    return jsonAnswer(201, {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Success",
      code: 201,
    });
  }
}

interface Context {
  asked: ObjectRequest;
  form: AnswerForm;
  warnings: string[];
}

/** Tables and metadata say of a next page only that there is one. */
function listMeta({ metadata }: JsonObject, form: AnswerForm): JsonObject {
  const { continue: next, ...rest } = metadata as JsonObject;
  return form.as === undefined || next === "" || next === undefined
    ? form.as === undefined ? metadata as JsonObject : rest
    : { ...rest, continue: next };
}

function listRequest({ request, served, namespace }: ObjectRequest): ListRequest {
  const { query } = request;
  const text = (name: string) => query.get(name) ?? undefined;
  return {
    served,
    namespace,
    labelSelector: text("labelSelector"),
    fieldSelector: text("fieldSelector"),
    limit: integerOf(query, "limit"),
    continue: text("continue"),
    resourceVersion: text("resourceVersion"),
    resourceVersionMatch: text("resourceVersionMatch"),
  };
}

function integerOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function includeOf({ request }: ObjectRequest): IncludeObject {
  const text = request.query.get("includeObject");
  return text === "None" || text === "Object" ? text : "Metadata";
}

const VALIDATIONS: readonly FieldValidation[] = ["Ignore", "Strict", "Warn"];

function writeParameters(
  { asked, warnings }: Context,
  what: { patch?: boolean; apply?: boolean; delete?: boolean } = {},
): WriteParameters {
  const { request } = asked;
  const { query } = request;
  const dryRun = query.getAll("dryRun").filter((each) => each !== "");
  const given = query.get("fieldManager") ?? "";
  const validation = query.get("fieldValidation") ?? "";
  const kind = what.delete
    ? "DeleteOptions"
    : what.patch
    ? "PatchOptions"
    : request.method === "PUT"
    ? "UpdateOptions"
    : "CreateOptions";
  const errors = [
    ...(dryRun.some((each) => each !== "All") ? [notSupported("dryRun", dryRun, ["All"])] : []),
    ...(what.apply && given === ""
      ? [required("fieldManager", "is required for apply patch")]
      : []),
    ...(what.patch && !what.apply && query.has("force")
      ? [forbiddenField("force", "may not be specified for non-apply patch")]
      : []),
    ...validateFieldManager(given, "fieldManager"),
    ...(validation !== "" && !VALIDATIONS.includes(validation as FieldValidation)
      ? [notSupported("fieldValidation", validation, ["", ...VALIDATIONS])]
      : []),
  ];
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", kind, name: "" }, errors);
  const agent = (request.header("user-agent") ?? "").split("/")[0] ?? "";
  return {
    user: request.user ?? { username: "system:anonymous", groups: [] },
    manager: given || agent.slice(0, MANAGER_LENGTH_MAX) || "unknown",
    dryRun: dryRun.length > 0,
    fieldValidation: (validation || "Warn") as FieldValidation,
    warn: (text) => void warnings.push(text),
  };
}

/** `duplicates` gets the paths that the body has more than once. */
async function readObject(
  context: Context,
  kind: string,
  duplicates: string[] = [],
): Promise<JsonObject> {
  const { request } = context.asked;
  const contentType = request.header("content-type");
  return await bodyObject(await request.body(), { contentType, kind, duplicates });
}

/** Options of a deletion come in the body, in the query, or not at all. */
async function deleteParameters(
  context: Context,
): Promise<{ options: DeleteParameters; parameters: WriteParameters }> {
  const { request } = context.asked;
  const { query } = request;
  const bytes = await request.body();
  const body = bytes.length === 0 ? {} : await bodyObject(bytes, {
    contentType: request.header("content-type"),
    kind: "DeleteOptions",
  });
  if (body.kind !== undefined && body.kind !== "DeleteOptions") {
    throw badRequest(`expect a DeleteOptions: got ${body.kind}`);
  }
  const grace = integerOf(query, "gracePeriodSeconds");
  const policy = query.get("propagationPolicy") ?? undefined;
  const options = {
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(policy === undefined ? {} : { propagationPolicy: policy }),
    ...(query.has("orphanDependents")
      ? { orphanDependents: isTrue(query.get("orphanDependents")) }
      : {}),
    ...withoutNull(body),
  } as DeleteParameters;
  const parameters = writeParameters(context, { delete: true });
  const dryRun = parameters.dryRun || (Array.isArray(body.dryRun) && body.dryRun.includes("All"));
  return { options, parameters: { ...parameters, dryRun } };
}

function withoutNull(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

function patchType(
  request: ApiRequest,
  { kind }: ServedKind,
): (typeof PATCHES)[keyof typeof PATCHES] {
  const type = mediaType(request.header("content-type"));
  const types = Object.keys(PATCHES).filter((each) =>
    !kind.custom || PATCHES[each as keyof typeof PATCHES] !== "strategic"
  );
  if (!Object.hasOwn(PATCHES, type)) {
    throw statusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
  }
  if (!types.includes(type)) throw unsupportedMediaType(types);
  return PATCHES[type as keyof typeof PATCHES];
}

function patched(
  type: "json" | "merge" | "strategic",
  current: JsonObject,
  { patch, served }: { patch: unknown; served: ServedKind },
): JsonObject {
  switch (type) {
    case "json":
      return applyJsonPatch(current, patch);
    case "merge":
      return applyMergePatch(current, patch);
    case "strategic":
      return applyStrategicMergePatch(current, patch, served.form.schema());
  }
}

function deletedStatus({ served }: Target, { metadata }: JsonObject): JsonObject {
  const { name = "", uid = "" } = metadata as JsonObject;
  const { group } = served.form;
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name, ...(group === "" ? {} : { group }), kind: served.kind.plural, uid },
  };
}

function boundTo(pod: JsonObject, node: string, now: string): JsonObject {
  const spec = (pod.spec ?? {}) as JsonObject;
  if (spec.nodeName) {
    const { name = "" } = pod.metadata as JsonObject;
    const message = `Operation cannot be fulfilled on pods/binding ${
      JSON.stringify(name)
    }: pod ${name} is already assigned to node ${JSON.stringify(spec.nodeName)}`;
    throw statusError(409, "Conflict", message, { name: String(name), kind: "pods/binding" });
  }
  const status = (pod.status ?? {}) as JsonObject & { conditions?: JsonObject[] };
  const others = (status.conditions ?? []).filter(({ type }) => type !== "PodScheduled");
  const scheduled = {
    type: "PodScheduled",
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: now,
  };
  return {
    ...pod,
    spec: { ...spec, nodeName: node },
    status: { ...status, conditions: [...others, scheduled] },
  };
}

/** For what cannot happen. */
export function unexpected(error: unknown): ReturnType<typeof internalError> {
  return internalError(error instanceof Error ? error.message : String(error));
}
