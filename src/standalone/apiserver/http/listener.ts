/** HTTPS for {@link ApiHandler}: connections, bodies within bounds, watches that are ended when their readers are slow. */
import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex, Writable } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { IdentifyingListener } from "../../../runtime/caller_proof.ts";
import type { Authenticator, CertificateSubject } from "../access/identity.ts";
import { statusError } from "../status_error.ts";
import type { UserInfo } from "../objects/write_request.ts";
import { type ApiRequest, type ApiResponse, errorAnswer } from "./api_request.ts";

export interface ListenerOptions {
  handle: (request: ApiRequest) => Promise<ApiResponse>;
  authenticator: Authenticator;
  tls: {
    /** PEM. */
    certificate: string;
    key: string;
    /** Whose client certificates are believed. PEM. */
    clientCas: readonly string[];
  };
  /** Resolves once it is proven that certificates tell callers apart; until then whoever shows one waits. Absent: it is proven. */
  proven?: Promise<void>;
  hostname: string;
  /** 0: any free one. */
  port: number;
  /** For requests that ask for another protocol, such as a console. Absent: they are refused. */
  upgrade?: (
    request: ApiRequest,
    connection: { incoming: IncomingMessage; socket: Duplex; head: Uint8Array },
  ) => Promise<void>;
  /** Told about failures that no caller sees. */
  onError?: (message: string, error: unknown) => void;
}

/** kube-apiserver reads no longer body: 3 MiB. */
export const BODY_BYTES_MAX = 3 * 1024 * 1024;
const URL_LENGTH_MAX = 16 * 1024;
const CONNECTIONS_MAX = 2_000;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_TIMEOUT_MS = 120_000;
/** Who reads nothing of a watch for so long is not reading. */
const SLOW_READER_MS = 30_000;
const DRAIN_TIMEOUT_MS = 2_000;

export class ApiListener implements AsyncDisposable {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #closing = new AbortController();
  /** Of connections: a client's certificate is read once, and cannot change while it is connected. */
  readonly #subjects = new WeakMap<TLSSocket, CertificateSubject | "none">();
  /** Until then, and where the proof fails, nobody is known by a certificate. */
  #proven: boolean;

  private constructor(options: ListenerOptions) {
    this.#options = options;
    const { proven } = options;
    this.#proven = proven === undefined;
    void proven?.then(() => this.#proven = true, () => {});
    const { tls } = identifyingListener(options.tls);
    this.#server = createServer(
      tls,
      (incoming, outgoing) =>
        void this.#answer(incoming, outgoing).catch((error) =>
          this.#giveUp(incoming, { stream: outgoing, error })
        ),
    );
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.headersTimeout = HEADERS_TIMEOUT_MS;
    this.#server.requestTimeout = REQUEST_TIMEOUT_MS;
    this.#server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
    this.#server.on("tlsClientError", () => {});
    this.#server.on("clientError", (_error: Error, socket: Duplex) => socket.destroy());
    this.#server.on(
      "upgrade",
      (incoming, socket, head) =>
        void this.#upgrade(incoming, socket, head).catch((error) =>
          this.#giveUp(incoming, { stream: socket, error })
        ),
    );
  }

  /** Resolves when connections are accepted. */
  static async listen(options: ListenerOptions): Promise<ApiListener> {
    const listener = new ApiListener(options);
    await new Promise<void>((resolve, reject) => {
      listener.#server.once("error", reject);
      listener.#server.listen(options.port, options.hostname, () => {
        listener.#server.off("error", reject);
        resolve();
      });
    });
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends watches, lets other requests finish for a bounded time. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => {
      this.#server.closeAllConnections();
      resolve();
    }, DRAIN_TIMEOUT_MS);
    await promise;
    clearTimeout(timer);
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    outgoing.on("error", () => {}); // "close" follows
    const caller = new Caller(outgoing, this.#closing.signal);
    const response = await this.#handled(incoming, caller);
    try {
      await send(outgoing, response, caller);
    } catch {
      outgoing.destroy(); // The caller has left, or does not read.
    }
  }

  async #handled(incoming: IncomingMessage, caller: Caller): Promise<ApiResponse> {
    if ((incoming.url ?? "").length > URL_LENGTH_MAX) {
      return errorAnswer(
        statusError(
          414,
          "RequestURITooLong",
          `the URL is longer than ${URL_LENGTH_MAX} characters`,
        ),
      );
    }
    if (!this.#proven) await this.#untilProven(incoming.socket as TLSSocket);
    const user = this.#identify(incoming);
    if (user === undefined) return errorAnswer(statusError(401, "Unauthorized", "Unauthorized"));
    return await this.#options.handle(requestOf(incoming, { user, caller }));
  }

  async #upgrade(incoming: IncomingMessage, socket: Duplex, head: Uint8Array): Promise<void> {
    socket.on("error", () => socket.destroy());
    if (!this.#proven) await this.#untilProven(incoming.socket as TLSSocket);
    const user = this.#identify(incoming);
    if (user === undefined || this.#options.upgrade === undefined) {
      socket.end(
        `HTTP/1.1 ${
          user === undefined ? "401 Unauthorized" : "404 Not Found"
        }\r\nconnection: close\r\n\r\n`,
      );
      return;
    }
    const caller = new Caller(socket, this.#closing.signal);
    await this.#options.upgrade(requestOf(incoming, { user, caller }), { incoming, socket, head });
  }

  /** Nobody waits for what is done for a caller: its failure would end the process. One who has left is no failure. */
  #giveUp(
    { method, url = "" }: IncomingMessage,
    { stream, error }: { stream: Writable; error: unknown },
  ): void {
    if (!stream.destroyed) this.#options.onError?.(`Cannot answer ${method} ${url}`, error);
    stream.destroy();
  }

  /** Whoever started the listener says why where the proof fails. */
  async #untilProven(socket: TLSSocket): Promise<void> {
    if (hasCertificate(socket)) await this.#options.proven?.catch(() => {});
  }

  /** `undefined`: somebody who claims to be somebody, and is not. */
  #identify(incoming: IncomingMessage): UserInfo | undefined {
    const identity = this.#options.authenticator.identify({
      authorization: incoming.headers.authorization,
      certificate: this.#subjectOf(incoming.socket as TLSSocket),
    });
    return identity === "anonymous"
      ? { username: "system:anonymous", groups: ["system:unauthenticated"] }
      : identity;
  }

  #subjectOf(socket: TLSSocket): CertificateSubject | undefined {
    let subject = this.#subjects.get(socket);
    if (subject === undefined) {
      const isBelieved = this.#proven && this.#options.tls.clientCas.length > 0;
      subject = (isBelieved ? subjectOf(socket) : undefined) ?? "none";
      this.#subjects.set(socket, subject);
    }
    return subject === "none" ? undefined : subject;
  }
}

/** Most requests are answered before anybody asks for their signal, so it is made only then. */
class Caller {
  readonly #stream: Writable;
  readonly #closing: AbortSignal;
  #signal: AbortSignal | undefined;

  constructor(stream: Writable, closing: AbortSignal) {
    this.#stream = stream;
    this.#closing = closing;
  }

  /** Aborts when the caller has left, or the server closes. */
  get signal(): AbortSignal {
    if (this.#signal !== undefined) return this.#signal;
    const hangUp = new AbortController();
    if (this.#stream.destroyed) hangUp.abort();
    this.#stream.on("close", () => hangUp.abort());
    return this.#signal = AbortSignal.any([hangUp.signal, this.#closing]);
  }
}

/** As it is configured, for the proof that it tells callers apart. */
export function identifyingListener(
  { certificate, key, clientCas }: ListenerOptions["tls"],
): IdentifyingListener {
  return {
    tls: {
      cert: certificate,
      key,
      ca: [...clientCas],
      requestCert: true,
      // Tokens are another way to prove who one is.
      rejectUnauthorized: false,
      minVersion: "TLSv1.2",
      ALPNProtocols: ["http/1.1"],
    },
    identify: subjectOf,
  };
}

function hasCertificate(socket: TLSSocket): boolean {
  return Object.keys(socket.getPeerCertificate() ?? {}).length > 0;
}

function subjectOf(socket: TLSSocket): CertificateSubject | undefined {
  if (socket.authorized !== true) return undefined;
  const subject = socket.getPeerCertificate()?.subject as { CN?: unknown; O?: unknown } | undefined;
  if (typeof subject?.CN !== "string" || subject.CN === "") return undefined;
  const organizations = [subject.O ?? []].flat().filter((each) => typeof each === "string");
  return { commonName: subject.CN, organizations };
}

function requestOf(
  incoming: IncomingMessage,
  { user, caller }: { user: UserInfo; caller: Caller },
): ApiRequest {
  const url = incoming.url ?? "/";
  const mark = url.indexOf("?");
  return {
    method: incoming.method ?? "GET",
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1)),
    header: (name) => {
      const value = incoming.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    body: () => readBody(incoming),
    user,
    get signal() {
      return caller.signal;
    },
  };
}

async function readBody(incoming: IncomingMessage): Promise<Uint8Array> {
  const { "content-length": announced, "transfer-encoding": encoding } = incoming.headers;
  if (announced === undefined && encoding === undefined) return new Uint8Array();
  if (Number(announced ?? 0) > BODY_BYTES_MAX) throw tooLarge();
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const chunks: Uint8Array[] = [];
  let length = 0;
  incoming.on("data", (chunk: Uint8Array) => {
    length += chunk.length;
    if (length <= BODY_BYTES_MAX) return void chunks.push(chunk);
    incoming.pause();
    reject(tooLarge());
  });
  incoming.on("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
  incoming.on("error", reject);
  incoming.on("close", () => {
    if (incoming.readableEnded) return; // as nearly always: no error is made for nothing
    reject(new Error("Cannot read a body: the caller has left"));
  });
  return await promise;
}

function tooLarge(): Error {
  return statusError(
    413,
    "RequestEntityTooLarge",
    `Request entity too large: limit is ${BODY_BYTES_MAX}`,
    {},
  );
}

async function send(
  outgoing: ServerResponse,
  response: ApiResponse,
  caller: Caller,
): Promise<void> {
  if (outgoing.destroyed) return;
  const { status, body, warnings = [] } = response;
  const headers: Record<string, string | string[]> = {
    "cache-control": "no-cache, private",
    ...response.headers,
  };
  if (warnings.length > 0) {
    headers["warning"] = warnings.map((text) => `299 - ${JSON.stringify(text)}`);
  }
  // A body that was not read to its end would be taken for the next request.
  if (status === 413) headers["connection"] = "close";
  if (typeof body === "string" || body instanceof Uint8Array) {
    outgoing.writeHead(status, { ...headers, "content-length": String(Buffer.byteLength(body)) });
    outgoing.end(body);
    return;
  }
  outgoing.writeHead(status, headers);
  outgoing.flushHeaders();
  const { signal } = caller;
  for await (const chunk of body) {
    if (signal.aborted) break;
    if (!outgoing.write(chunk)) await drained(outgoing, signal);
  }
  outgoing.end();
}

/** Rejects when nothing is read for too long: what a slow reader misses is not kept for it. */
async function drained(outgoing: ServerResponse, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(
    () => reject(new Error("Cannot write: nothing is read")),
    SLOW_READER_MS,
  );
  const stop = () => reject(new Error("Cannot write: the caller has left"));
  outgoing.once("drain", resolve);
  signal.addEventListener("abort", stop);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    outgoing.off("drain", resolve);
    signal.removeEventListener("abort", stop);
  }
}
