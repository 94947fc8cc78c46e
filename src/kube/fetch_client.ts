/** {@link KubeClient} for a real API server, on `fetch`. Thin: one call is one request, and nothing is retried. */
import {
  type CallOptions,
  type DeleteOptions,
  type KubeClient,
  KubeError,
  type ListOptions,
  type ObjectList,
  type PatchOptions,
  type Resource,
  UnreachableError,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
} from "./client.ts";
import type { Connection } from "./connection.ts";
import { Deadline } from "./deadline.ts";
import { isObjectNotFound, kubeErrorOf, statusOf } from "./kube_error.ts";
import { LineDecoder } from "./line_decoder.ts";
import { formatKey, keyOf, type KubeObject, type ObjectKey } from "./object.ts";
import { objectPath, queryString, resourcePath } from "./resource_path.ts";

/** How a {@link FetchClient} is made. */
export interface FetchClientOptions {
  connection: Connection;
  /** `<component>/<version>`: shown in the server's audit log and metrics. */
  userAgent: string;
  /** Limit of each request, and of a watch until it is accepted. @default {@link REQUEST_TIMEOUT_MS} */
  requestTimeoutMs?: number;
  /** @default {@link RESPONSE_BYTES_MAX} */
  responseBytesMax?: number;
  /** @default {@link WATCH_LINE_BYTES_MAX} */
  watchLineBytesMax?: number;
  /** How requests are sent. @default over the network */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** The API server gives up on its own requests after 60 s; the margin lets its answer arrive. */
export const REQUEST_TIMEOUT_MS = 65_000;
/** A page of 500 objects of 256 KiB. */
export const RESPONSE_BYTES_MAX = 128 * 1024 * 1024;
/** etcd holds objects of up to 1.5 MiB; JSON may need more bytes than what is stored. */
export const WATCH_LINE_BYTES_MAX = 16 * 1024 * 1024;

const PATCH_CONTENT_TYPES = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

interface Call {
  method: string;
  path: string;
  /** For errors: "patch pods default/x". */
  what: string;
  body?: unknown;
  contentType?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** Close it when done: it holds connections. */
export class FetchClient implements KubeClient, Disposable {
  readonly #connection: Connection;
  readonly #userAgent: string;
  readonly #requestTimeoutMs: number;
  readonly #responseBytesMax: number;
  readonly #watchLineBytesMax: number;
  /** Absent: requests go another way. */
  readonly #http: Deno.HttpClient | undefined;
  readonly #fetch: NonNullable<FetchClientOptions["fetch"]>;

  constructor(options: FetchClientOptions) {
    const { caCerts, cert, key } = options.connection;
    this.#connection = options.connection;
    this.#userAgent = options.userAgent;
    this.#requestTimeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
    this.#responseBytesMax = options.responseBytesMax ?? RESPONSE_BYTES_MAX;
    this.#watchLineBytesMax = options.watchLineBytesMax ?? WATCH_LINE_BYTES_MAX;
    this.#fetch = options.fetch ?? fetch;
    this.#http = options.fetch !== undefined ? undefined : Deno.createHttpClient({
      caCerts,
      // One connection per watch: on HTTP/2 all streams share one, and its death or its full window stops them all.
      http2: false,
      ...(cert !== undefined && key !== undefined ? { cert, key } : {}),
    });
  }

  [Symbol.dispose](): void {
    this.#http?.close();
  }

  async get<T extends KubeObject>(
    resource: Resource,
    key: ObjectKey,
    options: CallOptions = {},
  ): Promise<T | undefined> {
    try {
      const path = objectPath(resource, key);
      return await this.#json<T>({
        method: "GET",
        path,
        what: what("get", resource, key),
        ...options,
      });
    } catch (error) {
      if (isObjectNotFound(error)) return undefined;
      throw error;
    }
  }

  async list<T extends KubeObject>(
    resource: Resource,
    options: ListOptions = {},
  ): Promise<ObjectList<T>> {
    const { signal, namespace, ...parameters } = options;
    const path = resourcePath(resource, { namespace }) + queryString(parameters);
    return await this.#json({ method: "GET", path, what: what("list", resource), signal });
  }

  async *watch<T extends KubeObject>(
    resource: Resource,
    options: WatchOptions = {},
  ): AsyncGenerator<WatchEvent<T>> {
    const { signal, namespace, ...parameters } = options;
    const query = queryString({ ...parameters, watch: true, allowWatchBookmarks: true });
    const path = resourcePath(resource, { namespace }) + query;
    const call: Call = { method: "GET", path, what: what("watch", resource) };
    const { what: name } = call;
    using deadline = new Deadline({
      what: name,
      parent: signal,
      timeoutMs: this.#requestTimeoutMs,
    });
    const response = await this.#send(call, deadline.signal);
    deadline.disarm();
    for await (const line of this.#lines(response, name, deadline.signal)) {
      yield watchEventOf<T>(line, name);
    }
  }

  async create<T extends KubeObject>(
    resource: Resource,
    object: unknown,
    options: WriteOptions & { namespace?: string } = {},
  ): Promise<T> {
    const metadata = (object as { metadata?: { name?: string; namespace?: string } }).metadata;
    const namespace = options.namespace ?? metadata?.namespace;
    if (resource.namespaced && !namespace) {
      throw new TypeError(`Cannot create ${resource.kind}: it needs a namespace`);
    }
    const name = metadata?.name;
    const path = options.subresource !== undefined
      ? objectPath(
        resource,
        { name: name ?? "", ...(namespace ? { namespace } : {}) },
        options.subresource,
      )
      : resourcePath(resource, { namespace });
    return await this.#json({
      method: "POST",
      path: path + writeQuery(options),
      what: what("create", resource, { name: name ?? "", ...(namespace ? { namespace } : {}) }),
      body: object,
      signal: options.signal,
    });
  }

  async update<T extends KubeObject>(
    resource: Resource,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const key = keyOf(object);
    return await this.#json({
      method: "PUT",
      path: objectPath(resource, key, options.subresource) + writeQuery(options),
      what: what("update", resource, key),
      body: object,
      signal: options.signal,
    });
  }

  async patch<T extends KubeObject>(
    resource: Resource,
    key: ObjectKey,
    patch: unknown,
    options: PatchOptions = {},
  ): Promise<T> {
    return await this.#json({
      method: "PATCH",
      path: objectPath(resource, key, options.subresource) + writeQuery(options),
      what: what("patch", resource, key),
      body: patch,
      contentType: PATCH_CONTENT_TYPES[options.type ?? "merge"],
      signal: options.signal,
    });
  }

  async delete(
    resource: Resource,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<KubeObject | undefined> {
    const { signal, ...body } = options;
    try {
      const left = await this.#json<KubeObject>({
        method: "DELETE",
        path: objectPath(resource, key),
        what: what("delete", resource, key),
        body: { apiVersion: "v1", kind: "DeleteOptions", ...body },
        signal,
      });
      // Of what is gone at once there is a status; a pod that was killed is shown as it was.
      return isWaitingForItsEnd(left) ? left : undefined;
    } catch (error) {
      if (isObjectNotFound(error)) return undefined;
      throw error;
    }
  }

  async raw(
    method: string,
    path: string,
    options: CallOptions & { body?: unknown; contentType?: string } = {},
  ): Promise<unknown> {
    return await this.#json({ method, path, what: `${method} ${path}`, ...options });
  }

  async #json<T>(call: Call): Promise<T> {
    const { what, signal } = call;
    using deadline = new Deadline({ what, parent: signal, timeoutMs: this.#requestTimeoutMs });
    const response = await this.#send(call, deadline.signal);
    return parseBody(response, await this.#readText(response, what, deadline.signal)) as T;
  }

  /** A response that is success; its body is the caller's to read. */
  async #send(call: Call, signal: AbortSignal): Promise<Response> {
    const { method, path, what, body, contentType = "application/json" } = call;
    const headers = new Headers({ "accept": "application/json", "user-agent": this.#userAgent });
    if (body !== undefined) headers.set("content-type", contentType);
    const authorization = await this.#connection.authorization?.();
    if (authorization !== undefined) headers.set("authorization", authorization);
    const response = await explain(what, signal, () =>
      this.#fetch(this.#connection.server + path, {
        method,
        headers,
        signal,
        ...(this.#http === undefined ? {} : { client: this.#http }),
        redirect: "error",
        ...(body !== undefined ? { body: JSON.stringify(body) } : {}),
      }));
    if (response.ok) return response;
    const status = statusOf(parseBody(response, await this.#readText(response, what, signal)));
    throw kubeErrorOf(response.status, withRetryAfter(status, response), what);
  }

  async #readText(response: Response, what: string, signal: AbortSignal): Promise<string> {
    if (response.body === null) return "";
    const decoder = new TextDecoder();
    const parts: string[] = [];
    let bytes = 0;
    await explain(what, signal, async () => {
      for await (const chunk of response.body ?? []) {
        bytes += chunk.length;
        if (bytes > this.#responseBytesMax) {
          throw new RangeError(`the answer exceeds ${this.#responseBytesMax} bytes`);
        }
        parts.push(decoder.decode(chunk, { stream: true }));
      }
    });
    return parts.join("") + decoder.decode();
  }

  /** Leaving the loop early cancels the body. */
  async *#lines(
    response: Response,
    what: string,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    const decoder = new LineDecoder({ lineBytesMax: this.#watchLineBytesMax });
    const reader = response.body?.getReader();
    if (reader === undefined) return;
    try {
      while (true) {
        const { done, value } = await explain(what, signal, () => reader.read());
        if (done) break;
        yield* decoder.push(value);
      }
    } finally {
      await reader.cancel().catch(() => {}); // Already broken or aborted: the error is on its way to the caller.
    }
    if (decoder.pendingBytes > 0) {
      throw new UnreachableError(`Cannot ${what}: the stream ended inside a line`);
    }
  }
}

/** Adds to errors of the transport what was being done; an abort stays the caller's own reason. */
async function explain<T>(
  what: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    const message = `Cannot ${what}: ${cause instanceof Error ? cause.message : cause}`;
    if (cause instanceof RangeError) throw new Error(message, { cause });
    throw new UnreachableError(message, { cause });
  }
}

function watchEventOf<T>(line: string, what: string): WatchEvent<T> {
  let event: { type?: unknown; object?: unknown };
  try {
    event = JSON.parse(line);
  } catch (cause) {
    throw new Error(`Cannot ${what}: not a JSON line: got "${line.slice(0, 100)}"`, { cause });
  }
  if (event.type === "ERROR") {
    const status = statusOf(event.object);
    throw kubeErrorOf(status.code ?? 500, status, what);
  }
  if (typeof event.object !== "object" || event.object === null) {
    throw new Error(`Cannot ${what}: a line without object: got "${line.slice(0, 100)}"`);
  }
  return event as WatchEvent<T>;
}

/** JSON where the server says so; some paths of `raw` are text. */
function parseBody(response: Response, text: string): unknown {
  if (!response.headers.get("content-type")?.includes("json")) return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new KubeError(response.status, {}, "Cannot read answer: not JSON", { cause });
  }
}

function withRetryAfter(status: ReturnType<typeof statusOf>, response: Response) {
  const seconds = Number(response.headers.get("retry-after") ?? NaN);
  if (!(seconds >= 0) || status.details?.retryAfterSeconds !== undefined) return status;
  return { ...status, details: { ...status.details, retryAfterSeconds: seconds } };
}

function writeQuery(options: PatchOptions): string {
  return queryString({
    fieldManager: options.fieldManager,
    force: options.force,
    dryRun: options.dryRun ? "All" : undefined,
  });
}

function what(verb: string, resource: Resource, key?: ObjectKey): string {
  return `${verb} ${resource.plural}${key === undefined ? "" : " " + formatKey(key)}`;
}

function isWaitingForItsEnd({ kind, metadata }: KubeObject): boolean {
  if (kind === "Status" || metadata.deletionTimestamp === undefined) return false;
  return (metadata.finalizers ?? []).length > 0 || (metadata.deletionGracePeriodSeconds ?? 0) > 0;
}
