/** GET and LIST: what is stored, selected and paged, as a form of its kind shows it. */
import type { JsonObject } from "../../../kube/json.ts";
import { type FieldError, forbidden as forbiddenField, notSupported } from "../field_error.ts";
import { apiVersionOf, type ServedKind, storeKey, toServed } from "../kinds/kind.ts";
import { badRequest, invalid, statusError } from "../status_error.ts";
import { CompactedError, type Store, type StoredValue } from "../store/store.ts";
import { expired, notFound, tooLargeVersion } from "./api_error.ts";
import { decodeContinue, encodeContinue } from "./continue_token.ts";
import { parseFieldSelector } from "./field_selector.ts";
import { parseLabelSelector } from "./label_selector.ts";
import { metaOf } from "./prepare_object.ts";
import type { Target } from "./write_request.ts";

/** The parameters of a list. */
export interface ListRequest {
  served: ServedKind;
  /** Absent: all namespaces. */
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  limit?: number | undefined;
  continue?: string | undefined;
  resourceVersion?: string | undefined;
  resourceVersionMatch?: string | undefined;
}

/** One page. */
export interface ObjectPage {
  items: JsonObject[];
  revision: number;
  continue?: string;
  remaining?: number;
}

/** Whether an object in its stored form belongs to what was asked for. */
export type Selection = (object: JsonObject) => boolean;

/** Objects read from the store at a time, so that a selective list holds few of them. */
const CHUNK = 500;

/** Throws a 400 for selectors that are none. */
export function selectionOf(
  request: Pick<ListRequest, "served" | "labelSelector" | "fieldSelector">,
): Selection | undefined {
  const labels = parseLabelSelector(request.labelSelector ?? "");
  const fields = parseFieldSelector(request.fieldSelector ?? "", request.served);
  if (!request.labelSelector && !request.fieldSelector) return undefined;
  return (object) => labels(metaOf(object).labels ?? {}) && fields.matches(object);
}

export class ObjectReader {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Throws a 404 for an object that is not there. */
  async get({ served, namespace, name }: Target, resourceVersion?: string): Promise<JsonObject> {
    this.checkVersion(versionNumber(resourceVersion, "get"));
    const stored = this.#store.get(storeKey(served.kind, { namespace, name }));
    await this.#store.settled();
    if (stored === undefined) throw notFound(served, name);
    return toServed(served, JSON.parse(stored.value));
  }

  async list(request: ListRequest): Promise<ObjectPage> {
    const { served, namespace, limit } = request;
    const selection = selectionOf(request);
    const at = this.#position(request);
    const prefix = storeKey(served.kind, { namespace });
    try {
      const page = this.#page({ prefix, selection, limit, ...at });
      await this.#store.settled();
      return { ...page, items: page.items.map((object) => toServed(served, object)) };
    } catch (error) {
      if (!(error instanceof CompactedError)) throw error;
      throw request.continue
        ? expired(
          "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
        )
        : expired("The resourceVersion for the provided list is too old.");
    }
  }

  /** Throws a 504 for a version that is still to come. */
  checkVersion(version: number): void {
    if (version > this.#store.revision) throw tooLargeVersion(version, this.#store.revision);
  }

  #position(request: ListRequest): { after: string; revision: number | undefined } {
    checkVersionMatch(request);
    if (request.continue) {
      if (request.resourceVersion && request.resourceVersion !== "0") {
        throw badRequest("specifying resource version is not allowed when using continue");
      }
      const { after, revision } = decodeContinue(request.continue);
      return { after: storeKey(request.served.kind, request) + after, revision };
    }
    const version = versionNumber(request.resourceVersion);
    this.checkVersion(version);
    const exact = request.resourceVersionMatch === "Exact" ||
      (version > 0 && request.limit !== undefined && request.limit > 0 &&
        request.resourceVersionMatch === undefined);
    return { after: "", revision: exact ? version : undefined };
  }

  #page(
    request: {
      prefix: string;
      selection: Selection | undefined;
      limit: number | undefined;
      after: string;
      revision: number | undefined;
    },
  ): ObjectPage {
    const { prefix, selection, revision: at } = request;
    const revision = at ?? this.#store.revision;
    const limit = request.limit || Number.MAX_SAFE_INTEGER;
    const items: JsonObject[] = [];
    let after = request.after;
    for (;;) {
      const chunk = Math.min(limit - items.length, selection === undefined ? limit : CHUNK);
      const { values, more } = this.#store.list({
        prefix,
        after,
        limit: chunk,
        ...(at === undefined ? {} : { revision: at }),
      });
      for (const stored of values) {
        const object = parse(stored);
        if (selection?.(object) ?? true) items.push(object);
        after = stored.key;
      }
      if (!more) return { items, revision };
      if (items.length < limit) continue;
      const remaining = selection === undefined && at === undefined && request.after === ""
        ? this.#store.count(prefix) - items.length
        : undefined;
      return {
        items,
        revision,
        continue: encodeContinue({ revision, after: after.slice(prefix.length) }),
        ...(remaining === undefined ? {} : { remaining }),
      };
    }
  }
}

function parse({ value }: StoredValue): JsonObject {
  return JSON.parse(value);
}

/** 0 for none. Throws a 400 for a text that is no version. */
export function versionNumber(text: string | undefined, verb?: "get"): number {
  if (text === undefined || text === "") return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const why = `resourceVersion: Invalid value: ${
    JSON.stringify(text)
  }: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
  // kube-apiserver takes it for a failure of its own there.
  if (verb === "get") throw statusError(500, "", why);
  throw badRequest(`invalid resource version: ${why}`);
}

const MATCHES = ["Exact", "NotOlderThan"];

function checkVersionMatch(request: ListRequest): void {
  const { resourceVersionMatch: match, resourceVersion: version = "" } = request;
  if (match === undefined || match === "") return;
  const errors: FieldError[] = [];
  const field = "resourceVersionMatch";
  if (request.continue) {
    errors.push(forbiddenField(field, `${field} is forbidden when continue is provided`));
  }
  if (version === "") {
    errors.push(forbiddenField(field, `${field} is forbidden unless resourceVersion is provided`));
  }
  if (!MATCHES.includes(match)) {
    errors.push(notSupported(field, match, ["Exact", "NotOlderThan", ""]));
  }
  if (match === "Exact" && version === "0") {
    errors.push(forbiddenField(field, `${field} "exact" is forbidden for resourceVersion "0"`));
  }
  if (errors.length > 0) {
    throw invalid({ group: "meta.k8s.io", kind: "ListOptions", name: "" }, errors);
  }
}

/** The list object of a page. Items of core kinds do not say what they are, those of custom kinds do. */
export function listOf(served: ServedKind, page: ObjectPage): JsonObject {
  const { custom } = served.kind;
  const next = page.continue ?? (custom ? "" : undefined);
  return {
    kind: `${served.kind.kind}List`,
    apiVersion: apiVersionOf(served.form),
    metadata: {
      resourceVersion: String(page.revision),
      ...(next === undefined ? {} : { continue: next }),
      ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
    },
    items: custom ? page.items : page.items.map(({ apiVersion: _, kind: __, ...item }) => item),
  };
}
