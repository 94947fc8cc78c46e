/**
 * The port to a Kubernetes API server. `fetch_client.ts` is the adapter for a real one; its contract suite runs against
 * every adapter. Bodies are raw JSON in both directions: nothing is parsed by a schema and written back.
 */
import type { KubeObject, ObjectKey } from "./object.ts";

/** A resource as the API server serves it: what a URL is made of. */
export interface Resource {
  /** Empty for the core group. */
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
}

export interface CallOptions {
  signal?: AbortSignal;
}

export interface ListOptions extends CallOptions {
  /** Absent: all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Page size; the caller follows `metadata.continue`. */
  limit?: number;
  continue?: string;
  resourceVersion?: string;
  resourceVersionMatch?: "NotOlderThan" | "Exact";
}

export interface ObjectList<T> {
  metadata: { resourceVersion: string; continue?: string };
  items: T[];
}

export interface WatchOptions extends CallOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion?: string;
  /** The server ends the watch after this long; it is then resumed. */
  timeoutSeconds?: number;
}

/** One line of a watch. A server-sent ERROR line is thrown as a {@link KubeError} (410 as `GoneError`). */
export type WatchEvent<T> =
  | { type: "ADDED" | "MODIFIED" | "DELETED"; object: T }
  | { type: "BOOKMARK"; object: { metadata: { resourceVersion: string } } };

export interface WriteOptions extends CallOptions {
  /** "status", "scale", "eviction", … Absent: the object itself. */
  subresource?: string;
  fieldManager?: string;
  dryRun?: boolean;
}

export interface PatchOptions extends WriteOptions {
  /** merge: RFC 7386; json: RFC 6902; apply: server-side apply; strategic: core kinds only. @default "merge" */
  type?: "merge" | "json" | "apply" | "strategic";
  /** With "apply": take over fields that others own. */
  force?: boolean;
}

export interface DeleteOptions extends CallOptions {
  preconditions?: { uid?: string; resourceVersion?: string };
  gracePeriodSeconds?: number;
  propagationPolicy?: "Orphan" | "Background" | "Foreground";
}

export interface KubeClient {
  /**
   * `undefined` only when the server said that this object does not exist: every other failure throws, because unknown
   * is not absent. A 404 for the whole resource (its definition is not installed) throws `NotFoundError`.
   */
  get<T extends KubeObject>(
    resource: Resource,
    key: ObjectKey,
    options?: CallOptions,
  ): Promise<T | undefined>;
  list<T extends KubeObject>(resource: Resource, options?: ListOptions): Promise<ObjectList<T>>;
  /** Ends normally when the server closes the watch, throws on errors; never retries by itself. */
  watch<T extends KubeObject>(
    resource: Resource,
    options?: WatchOptions,
  ): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(
    resource: Resource,
    object: unknown,
    options?: WriteOptions & { namespace?: string },
  ): Promise<T>;
  update<T extends KubeObject>(resource: Resource, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject>(
    resource: Resource,
    key: ObjectKey,
    patch: unknown,
    options?: PatchOptions,
  ): Promise<T>;
  /**
   * Idempotent: an object that is already gone is success. Failed preconditions throw `ConflictError`. Answers with the
   * object as it waits for its end (finalizers, grace); `undefined`: it is gone.
   */
  delete(
    resource: Resource,
    key: ObjectKey,
    options?: DeleteOptions,
  ): Promise<KubeObject | undefined>;
  /** A request outside the object model, such as `/version` or `/apis`. Throws {@link KubeError} for status >= 400. */
  raw(
    method: string,
    path: string,
    options?: CallOptions & { body?: unknown; contentType?: string },
  ): Promise<unknown>;
}

/** metav1.Status, as far as an error needs it. */
export interface StatusBody {
  kind?: string;
  status?: string;
  message?: string;
  reason?: string;
  code?: number;
  details?: {
    name?: string;
    group?: string;
    kind?: string;
    causes?: { reason?: string; message?: string; field?: string }[];
    retryAfterSeconds?: number;
  };
}

/**
 * A server that is away is asked again at least this often: asking costs it nothing, and all wait for its return. For one
 * that answers with errors, back-offs grow longer.
 */
export const UNREACHABLE_RETRY_MS_MAX = 1_000;

/** No answer, or the beginning of one: whether a write was carried out is not known. */
export class UnreachableError extends Error {
  override name = "UnreachableError";
}

/** An answer of the API server that is not success. Subclasses exist for what callers catch. */
export class KubeError extends Error {
  override name = "KubeError";
  constructor(
    readonly code: number,
    readonly status: StatusBody,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
  get reason(): string {
    return this.status.reason ?? "";
  }
  /** 429, 5xx and server-requested retries: worth trying again unchanged. */
  get retriable(): boolean {
    return this.code === 429 || this.code >= 500;
  }
  /** What the server asked for in `Retry-After` or in the status details. */
  get retryAfterMs(): number | undefined {
    const seconds = this.status.details?.retryAfterSeconds;
    return seconds === undefined ? undefined : seconds * 1000;
  }
}
/** 404. */
export class NotFoundError extends KubeError {
  override name = "NotFoundError";
}
/** 409 with reason AlreadyExists. */
export class AlreadyExistsError extends KubeError {
  override name = "AlreadyExistsError";
}
/** 409: the object changed since it was read, or a precondition failed. */
export class ConflictError extends KubeError {
  override name = "ConflictError";
}
/** 410: the resourceVersion is too old; list again. */
export class GoneError extends KubeError {
  override name = "GoneError";
}
/** 422, and 400 with causes: the object is not acceptable as it is. */
export class InvalidError extends KubeError {
  override name = "InvalidError";
}
