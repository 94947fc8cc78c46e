/**
 * One case of the suite of API behaviour: requests in order, in a namespace of its own. What a server answers is compared
 * with what another one answers; the status that stands beside each request only guards against a case that misses its point.
 *
 * `{ns}` in paths and bodies stands for the case's namespace; objects without a namespace take it into their names.
 */

/** What a request may say beyond its body. */
export interface RequestOptions {
  contentType?: string;
  accept?: string;
  headers?: Record<string, string>;
  /** Who asks. @default "admin" */
  as?: "admin" | "nobody" | "stranger";
  /** Ask again until the status is the expected one: for what the server does in its own time. */
  eventually?: boolean;
  /** Read this many lines of a stream, then leave. */
  lines?: number;
  /** Compare the status alone: for bodies that are another program's by nature. The reason is for the reader. */
  statusOnly?: string;
}

export interface ApiRequest extends RequestOptions {
  status: number;
  method: string;
  path: string;
  /** A string goes out as it is, everything else as JSON. */
  body?: unknown;
}

export interface ApiAnswer {
  status: number;
  /** Without parameters. */
  contentType: string;
  body: unknown;
}

/** A request, or one that needs what was answered before. */
export type Step = ApiRequest | ((answers: readonly ApiAnswer[]) => ApiRequest);

export interface ApiCase {
  name: string;
  steps: readonly Step[];
}

export function get(status: number, path: string, options: RequestOptions = {}): ApiRequest {
  return { status, method: "GET", path, ...options };
}

export function post(
  status: number,
  path: string,
  body: unknown,
  options: RequestOptions = {},
): ApiRequest {
  return { status, method: "POST", path, body, ...options };
}

export function put(
  status: number,
  path: string,
  body: unknown,
  options: RequestOptions = {},
): ApiRequest {
  return { status, method: "PUT", path, body, ...options };
}

export function remove(
  status: number,
  path: string,
  body?: unknown,
  options: RequestOptions = {},
): ApiRequest {
  return { status, method: "DELETE", path, ...(body === undefined ? {} : { body }), ...options };
}

const PATCH_TYPES = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

export type PatchType = keyof typeof PATCH_TYPES;

/** A function for each patch type: `patch.merge(200, path, body)`. */
export const patch: Record<
  PatchType,
  (status: number, path: string, body: unknown, options?: RequestOptions) => ApiRequest
> = {
  json: (...rest) => patchRequest("json", ...rest),
  merge: (...rest) => patchRequest("merge", ...rest),
  strategic: (...rest) => patchRequest("strategic", ...rest),
  apply: (...rest) => patchRequest("apply", ...rest),
};

function patchRequest(
  type: PatchType,
  status: number,
  path: string,
  body: unknown,
  options: RequestOptions = {},
): ApiRequest {
  return { status, method: "PATCH", path, body, contentType: PATCH_TYPES[type], ...options };
}

/** The object of the answer before, or of the one with this number from 0, changed by `change`. */
export function objectOf(answers: readonly ApiAnswer[], index = answers.length - 1): Body {
  return structuredClone(answers[index]?.body) as Body;
}

/** As much of an object as cases look into. */
export interface Body {
  metadata: {
    name?: string;
    uid?: string;
    resourceVersion?: string;
    continue?: string;
    labels?: Record<string, string>;
    finalizers?: string[];
    [key: string]: unknown;
  };
  [key: string]: unknown;
}
