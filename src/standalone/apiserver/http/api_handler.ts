/** The whole API on one function: who may ask, and what answers. It never throws. */
import { KubeError } from "../../../kube/client.ts";
import { isTrue, parseResourcePath, type ResourcePath, verbOf } from "./resource_request.ts";
import { allowedBy, type Attributes, isPublicPath } from "../access/identity.ts";
import { answerReview, REVIEW_RESOURCES } from "../access/access_reviews.ts";
import type { KindRegistry } from "../kinds/kind_registry.ts";
import { methodNotAllowed, resourceNotFound, unavailable } from "../objects/api_error.ts";
import { statusError } from "../status_error.ts";
import { StoreUnavailableError } from "../store/store.ts";
import {
  type ApiRequest,
  type ApiResponse,
  errorAnswer,
  jsonAnswer,
  textAnswer,
} from "./api_request.ts";
import {
  aggregatedDiscovery,
  coreVersions,
  type ExtraGroup,
  groupDocument,
  groupList,
  resourceList,
} from "./discovery.ts";
import { answerForm, bodyObject } from "./negotiate.ts";
import { type ObjectHandler, unexpected } from "./object_handler.ts";

/** Answers that are made elsewhere. */
export interface Extension {
  group: ExtraGroup;
  /** `undefined`: it does not know the path. */
  handle: (request: ApiRequest) => Promise<ApiResponse | undefined>;
}

export interface ApiHandlerOptions {
  kinds: KindRegistry;
  objects: ObjectHandler;
  /** Of `/version`. */
  version: Record<string, string>;
  /** Address that `/api` names. */
  address: () => string;
  /** Why it is not ready; `undefined`: it is. */
  notReadyBecause: () => string | undefined;
  extensions?: readonly Extension[];
  /** When the schemas of custom kinds, what admits their objects, and the extensions are there. @default at once */
  loaded?: Promise<void>;
  /** A document of `/openapi`, by path and hash. */
  openApi?: (path: string, query: URLSearchParams) => unknown;
  onError?: (message: string, error: unknown) => void;
}

const REVIEWS: readonly ExtraGroup[] = Object.entries(REVIEW_RESOURCES).map((
  [group, resources],
) => ({
  group,
  versions: ["v1"],
  resources,
}));
/** As long as the API server waits for a webhook, unless it is told otherwise. */
const LOADING_TIMEOUT_MS = 10_000;
const DISCOVERY_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

export class ApiHandler {
  readonly #options: ApiHandlerOptions;
  readonly #extra: readonly ExtraGroup[];
  #isLoaded: boolean;

  constructor(options: ApiHandlerOptions) {
    this.#options = options;
    this.#isLoaded = options.loaded === undefined;
    this.#extra = [...REVIEWS, ...(options.extensions ?? []).map(({ group }) => group)];
  }

  async handle(request: ApiRequest): Promise<ApiResponse> {
    try {
      return await this.#answer(request);
    } catch (error) {
      if (error instanceof KubeError) return errorAnswer(error);
      if (error instanceof StoreUnavailableError) return errorAnswer(unavailable(error.message));
      if (error instanceof URIError) return textAnswer(400, "400 Bad Request");
      this.#options.onError?.(`Cannot answer ${request.method} ${request.path}`, error);
      return errorAnswer(unexpected(error));
    }
  }

  async #answer(request: ApiRequest): Promise<ApiResponse> {
    const at = parseResourcePath(request.path);
    this.#authorize(request, at);
    if (!this.#isLoaded && this.#needsAll(request, at)) await this.#untilLoaded();
    for (const { handle } of this.#options.extensions ?? []) {
      const answer = await handle(request);
      if (answer !== undefined) return answer;
    }
    if (at !== undefined) return await this.#resource(request, at);
    if (request.method !== "GET" && request.method !== "HEAD") return notFoundPage();
    return this.#document(request) ?? notFoundPage();
  }

  /** Objects are read, listed and watched without their schemas, and discovery needs none. */
  #needsAll({ method, path }: ApiRequest, at: ResourcePath | undefined): boolean {
    if (at === undefined) return path.startsWith("/openapi/");
    const { extensions = [], kinds } = this.#options;
    if (extensions.some(({ group }) => group.group === at.group)) return true;
    return kinds.resource(at)?.kind.custom === true && method !== "GET" && method !== "HEAD";
  }

  async #untilLoaded(): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const why = `this part of the API is not loaded after ${LOADING_TIMEOUT_MS / 1_000} s`;
    const timer = setTimeout(() => reject(unavailable(why)), LOADING_TIMEOUT_MS);
    try {
      await Promise.race([this.#options.loaded, late]);
      this.#isLoaded = true;
    } finally {
      clearTimeout(timer);
    }
  }

  #authorize(request: ApiRequest, at: ResourcePath | undefined): void {
    if (isPublicPath(request.path)) return;
    const { user } = request;
    if (user === undefined) throw statusError(401, "Unauthorized", "Unauthorized");
    const watch = isTrue(request.query.get("watch"));
    const verb = at === undefined
      ? request.method.toLowerCase()
      : verbOf(request.method, { ...at, watch });
    if (verb === undefined) throw methodNotAllowed();
    const wanted: Attributes = at === undefined ? { verb, path: request.path } : {
      verb,
      group: at.group,
      resource: at.plural,
      subresource: at.subresource,
      namespace: at.namespace,
      name: at.name,
    };
    if (allowedBy(user, wanted) === undefined) throw denied(user.username, wanted);
  }

  async #resource(request: ApiRequest, at: ResourcePath): Promise<ApiResponse> {
    const reviewed = REVIEW_RESOURCES[at.group]?.some(({ name }) => name === at.plural) ?? false;
    if (reviewed && at.version === "v1" && at.name === undefined) {
      return await this.#review(request, at);
    }
    const served = this.#options.kinds.resource(at);
    if (served === undefined) return this.#unknownResource(at);
    if (!served.kind.namespaced && at.namespace !== undefined) throw resourceNotFound();
    if (served.kind.namespaced && at.namespace === undefined && at.name !== undefined) {
      throw resourceNotFound();
    }
    return await this.#options.objects.handle({ request, served, ...at });
  }

  /** Of a group that is there: a Status. Of another one: there is no such path. */
  #unknownResource({ group, version }: ResourcePath): ApiResponse {
    const known = this.#options.kinds.groupVersions().some((each) =>
      each.group === group && each.versions.includes(version)
    );
    if (known) throw resourceNotFound();
    return notFoundPage();
  }

  async #review(request: ApiRequest, { plural }: ResourcePath): Promise<ApiResponse> {
    if (request.method !== "POST") throw methodNotAllowed();
    const what = { contentType: request.header("content-type"), kind: plural };
    const body = await bodyObject(await request.body(), what);
    const answer = answerReview(plural, body, request.user ?? { username: "", groups: [] });
    if (answer === undefined) throw resourceNotFound();
    return jsonAnswer(201, answer);
  }

  #document(request: ApiRequest): ApiResponse | undefined {
    const { kinds, version, address, openApi } = this.#options;
    const path = request.path.length > 1 ? request.path.replace(/\/$/, "") : request.path;
    if (isPublicPath(path) && path !== "/version") return this.#health();
    const [, root, group, groupVersion, ...rest] = path.split("/");
    if (path === "/version") return jsonAnswer(200, version);
    if (path === "/" || path === "") {
      return jsonAnswer(200, {
        paths: ["/api", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"],
      });
    }
    if (root === "openapi") return this.#openApi(openApi?.(path, request.query));
    if (path === "/api" || path === "/apis") {
      if (answerForm(request.header("accept")).as === "APIGroupDiscoveryList") {
        const answer = jsonAnswer(
          200,
          aggregatedDiscovery(kinds, this.#extra, path === "/api" ? "api" : "apis"),
        );
        return {
          ...answer,
          headers: { ...answer.headers, "content-type": DISCOVERY_TYPE, vary: "Accept" },
        };
      }
      return jsonAnswer(
        200,
        path === "/api" ? coreVersions(address()) : groupList(kinds, this.#extra),
      );
    }
    if (rest.length > 0) return undefined;
    const found = root === "api" && groupVersion === undefined
      ? resourceList(kinds, this.#extra, { group: "", version: group ?? "" })
      : root !== "apis" || group === undefined
      ? undefined
      : groupVersion === undefined
      ? groupDocument(kinds, this.#extra, group)
      : resourceList(kinds, this.#extra, { group, version: groupVersion });
    return found === undefined ? undefined : jsonAnswer(200, found);
  }

  #openApi(document: unknown): ApiResponse | undefined {
    return document === undefined ? undefined : jsonAnswer(200, document);
  }

  #health(): ApiResponse {
    const why = this.#options.notReadyBecause();
    return why === undefined ? textAnswer(200, "ok") : textAnswer(500, `not ok: ${why}\n`);
  }
}

function notFoundPage(): ApiResponse {
  return textAnswer(404, "404 page not found\n");
}

function denied(username: string, wanted: Attributes): KubeError {
  const who = `User ${JSON.stringify(username)} cannot`;
  if ("path" in wanted) {
    const message = `forbidden: ${who} ${wanted.verb} path ${JSON.stringify(wanted.path)}`;
    return statusError(403, "Forbidden", message, {});
  }
  const { verb, group, resource, subresource, namespace, name = "" } = wanted;
  const part = subresource === undefined ? resource : `${resource}/${subresource}`;
  const qualified = group === "" ? resource : `${resource}.${group}`;
  const scope = namespace
    ? `in the namespace ${JSON.stringify(namespace)}`
    : "at the cluster scope";
  const message = `${qualified}${
    name === "" ? "" : ` ${JSON.stringify(name)}`
  } is forbidden: ${who} ${verb} resource ${JSON.stringify(part)} in API group ${
    JSON.stringify(group)
  } ${scope}`;
  return statusError(403, "Forbidden", message, {
    ...(name === "" ? {} : { name }),
    ...(group === "" ? {} : { group }),
    kind: resource,
  });
}
