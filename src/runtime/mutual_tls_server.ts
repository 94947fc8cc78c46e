/**
 * An HTTPS server (HTTP/1.1, with websockets) that knows its callers by client certificate. Before it serves it proves
 * to itself, on a loopback listener of the same configuration, that strangers are not taken for somebody: TLS stacks
 * exist that ask for a certificate and then report success without one.
 */
import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
// @ts-types="@types/ws"
import { type WebSocket, WebSocketServer } from "ws";
import {
  type IdentifyingListener,
  proveCallersAreToldApart,
  type Stranger,
  type TlsCredential,
  UnprovenError,
} from "./caller_proof.ts";
import type { UnverifiableCallers } from "./unverifiable_callers.ts";

/** An AdmissionReview carries two objects of up to 3 MiB each, and their managed fields. */
const BODY_BYTES_MAX = 8 * 1024 * 1024;
/** For the TLS handshake, and again for the head of a request. */
const HEADERS_TIMEOUT_MS = 10_000;
/** How often the timeouts are looked at; Node's own 30 s would make ten seconds forty. */
const TIMEOUT_CHECK_MS = 1_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the idle timeout of Go's HTTP client (90 s), so that the caller closes first and never meets a reset. */
const KEEP_ALIVE_TIMEOUT_MS = 120_000;
const CONNECTIONS_MAX = 1024;
const WEBSOCKETS_MAX = 256;
/** A websocket message is buffered whole; consoles send a few bytes, clients of KubeVirt at most 10 KiB. */
const MESSAGE_BYTES_MAX = 1024 * 1024;
const DRAIN_TIMEOUT_MS = 10_000;
/** Policy violation, RFC 6455 section 7.4.1: there are too many websockets already. */
const TOO_MANY_WEBSOCKETS = 503;

/** Who the server is and whom it believes. Replaced as a whole by {@link MutualTlsServer.reload}. */
export interface TlsTrust {
  credential: TlsCredential;
  /** PEM of the authorities that may sign client certificates. Empty: nobody is identified. */
  clientCas: readonly string[];
  /** Common names that are identified. Empty: every name that a client authority signed. */
  allowedCommonNames: readonly string[];
}

/** A caller whose certificate was verified against the client authorities and whose name is allowed. */
export interface TlsPeer {
  commonName: string;
}

/** One request with its whole body. */
export interface TlsRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  /** Lower-case names. A header that came several times has several values. */
  headers: ReadonlyMap<string, readonly string[]>;
  body: Uint8Array<ArrayBuffer>;
  /** `undefined`: anonymous. */
  peer: TlsPeer | undefined;
  /** Aborted when the caller hangs up or the server closes. */
  signal: AbortSignal;
}

export interface TlsResponse {
  status: number;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
}

/** What to do with a websocket request: refuse it with an ordinary answer, or take it. */
export type UpgradeDecision =
  | { refuse: TlsResponse }
  | {
    /** The subprotocol to echo; it must be one that the caller offered. */
    protocol?: string;
    /** Owns the websocket until it is closed. A rejection closes it with code 1011. */
    accept: (socket: WebSocket, signal: AbortSignal) => Promise<void> | void;
  };

export interface MutualTlsServerOptions {
  /** @default "0.0.0.0" */
  hostname?: string;
  /** 0 picks a free one, see {@link MutualTlsServer.port}. */
  port: number;
  trust: TlsTrust;
  /** Mints the caller of the proof. */
  stranger: (trust: TlsTrust) => Stranger;
  /**
   * When the proof fails: "stop" serves nothing, "refuse" serves public paths and answers everybody else with 503.
   * @default "stop"
   */
  unverifiableCallers?: UnverifiableCallers;
  /** Paths that anonymous callers may ask for. Everything else answers them with 401. */
  isPublic: (method: string, path: string) => boolean;
  handle: (request: TlsRequest) => Promise<TlsResponse> | TlsResponse;
  /** Absent: every upgrade is refused with 404. */
  upgrade?: (request: TlsRequest) => Promise<UpgradeDecision> | UpgradeDecision;
  /** Told about failures that no caller sees: handler errors, broken connections. */
  onError?: (message: string, error: unknown) => void;
  /** @default 8 MiB */
  bodyBytesMax?: number;
  /** @default 1024 */
  connectionsMax?: number;
  /** @default 10 000 */
  headersTimeoutMs?: number;
}

/** Construct, then {@link start}; {@link close} (or `await using`) drains. */
export class MutualTlsServer implements AsyncDisposable {
  readonly #options: MutualTlsServerOptions;
  #trust: TlsTrust;
  #server: Server | undefined;
  readonly #websockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES_MAX,
  });
  readonly #closing = new AbortController();
  /** Requests that go on for longer after the close are aborted. */
  readonly #drained = new AbortController();
  /** The client authorities a connection was verified against: a certificate outlives its authority on an open connection. */
  readonly #verifiedAgainst = new WeakMap<object, readonly string[]>();

  /** Requests under way, by connection. */
  readonly #requests = new Map<TLSSocket, number>();
  /** The proof failed: what the TLS stack says about a caller is not listened to. */
  #unproven = false;

  constructor(options: MutualTlsServerOptions) {
    this.#options = options;
    this.#trust = options.trust;
  }

  /**
   * Proves that callers are told apart, then listens. When the proof fails it throws and nothing was served, unless the
   * options say that callers are to be refused instead.
   */
  async start(signal?: AbortSignal): Promise<void> {
    await this.#prove(signal);
    const limits = {
      handshakeTimeout: this.#options.headersTimeoutMs ?? HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    };
    const tls = { ...tlsOptions(this.#trust), ...limits };
    const server = createServer(tls, (request, response) => {
      this.#answer(request, response).catch((error) => {
        this.#options.onError?.("request failed", error);
        response.destroy();
      });
    });
    this.#server = server;
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Uint8Array) => {
      this.#upgrade(request, socket as TLSSocket, head).catch((error) => {
        this.#options.onError?.("upgrade failed", error);
        socket.destroy();
      });
    });
    this.#limit(server);
    await listen(server, this.#options.port, this.#options.hostname ?? "0.0.0.0");
    signal?.addEventListener("abort", () => void this.close(), { once: true });
  }

  /** The port that is listened on. */
  get port(): number {
    return portOf(this.#server);
  }

  /**
   * Takes a new credential or new authorities without a restart. A connection that was verified against an authority
   * which is no longer there ends at its next request; websockets stay.
   */
  reload(trust: TlsTrust): void {
    this.#trust = trust;
    this.#server?.setSecureContext(tlsOptions(trust));
  }

  /** Stops listening, lets requests finish for a bounded time, closes websockets with code 1001. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined || this.#closing.signal.aborted) return;
    this.#closing.abort();
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    for (const socket of this.#websockets.clients) socket.close(1001, "server is stopping");
    const timer = setTimeout(() => {
      this.#drained.abort();
      for (const socket of this.#websockets.clients) socket.terminate();
      server.closeAllConnections();
      // Deno 2.6 may never say that it has closed.
      resolve();
    }, DRAIN_TIMEOUT_MS);
    // The server's own idea of idle leaves out connections on which nothing was asked yet.
    for (const [socket, requests] of this.#requests) if (requests === 0) socket.destroy();
    await closed;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #prove(signal?: AbortSignal): Promise<void> {
    try {
      const { trust, stranger: mint } = this.#options;
      await proveCallersAreToldApart({
        listener: (clientCas) => listenerOf({ ...trust, clientCas }),
        clientCas: trust.clientCas,
        stranger: mint(trust),
      }, signal);
    } catch (error) {
      if (!(error instanceof UnprovenError) || this.#options.unverifiableCallers !== "refuse") {
        throw error;
      }
      this.#unproven = true;
      this.#options.onError?.("callers are refused, only public paths are served", error);
    }
  }

  #identify(socket: TLSSocket): TlsPeer | undefined {
    return this.#unproven ? undefined : identify(socket, this.#trust);
  }

  /** The answer for a caller who would have to be somebody. */
  get #unknownCaller(): TlsResponse {
    return this.#unproven ? UNVERIFIABLE : UNAUTHORIZED;
  }

  #limit(server: Server): void {
    server.maxConnections = this.#options.connectionsMax ?? CONNECTIONS_MAX;
    server.headersTimeout = this.#options.headersTimeoutMs ?? HEADERS_TIMEOUT_MS;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
    server.on("secureConnection", (socket: TLSSocket) => {
      this.#verifiedAgainst.set(socket, this.#trust.clientCas);
      this.#requests.set(socket, 0);
      socket.on("close", () => this.#requests.delete(socket));
    });
    server.on("tlsClientError", (error: Error) => {
      this.#options.onError?.("handshake failed", error);
    });
    server.on("clientError", (_error: Error, socket: Duplex) => socket.destroy());
  }

  #isStale(socket: TLSSocket): boolean {
    if (this.#unproven) return false; // it is nobody's
    const authorities = this.#verifiedAgainst.get(socket);
    return authorities === undefined ||
      authorities.some((authority) => !this.#trust.clientCas.includes(authority));
  }

  #count(socket: TLSSocket, change: number): void {
    const requests = this.#requests.get(socket);
    if (requests === undefined) return;
    this.#requests.set(socket, requests + change);
    if (this.#closing.signal.aborted && requests + change === 0) socket.end();
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const socket = incoming.socket as TLSSocket;
    if (this.#isStale(socket)) return void socket.destroy();
    this.#count(socket, 1);
    outgoing.on("close", () => this.#count(socket, -1));
    const peer = this.#identify(socket);
    const { method, path, query } = target(incoming);
    if (peer === undefined && !this.#options.isPublic(method, path)) {
      return send(outgoing, this.#unknownCaller);
    }
    const body = await readBody(incoming, this.#options.bodyBytesMax ?? BODY_BYTES_MAX);
    if (body === undefined) return send(outgoing, TOO_LARGE);
    const hangUp = new AbortController();
    outgoing.on("close", () => hangUp.abort());
    const signal = AbortSignal.any([hangUp.signal, this.#drained.signal]);
    const headers = headersOf(incoming);
    const response = await this.#handled({ method, path, query, headers, body, peer, signal });
    if (this.#closing.signal.aborted && !outgoing.destroyed) {
      outgoing.setHeader("connection", "close");
    }
    send(outgoing, response);
  }

  async #handled(request: TlsRequest): Promise<TlsResponse> {
    try {
      return await this.#options.handle(request);
    } catch (error) {
      if (!request.signal.aborted) this.#options.onError?.("handler failed", error);
      return INTERNAL_ERROR;
    }
  }

  async #upgrade(incoming: IncomingMessage, socket: TLSSocket, head: Uint8Array): Promise<void> {
    socket.on("error", () => socket.destroy());
    this.#count(socket, 1);
    const { method, path, query } = target(incoming);
    const peer = this.#isStale(socket) ? undefined : this.#identify(socket);
    if (peer === undefined && !this.#options.isPublic(method, path)) {
      return refuse(socket, this.#unknownCaller);
    }
    if (this.#options.upgrade === undefined) return refuse(socket, NOT_FOUND);
    if (this.#websockets.clients.size >= WEBSOCKETS_MAX) return refuse(socket, TOO_MANY);
    const hangUp = new AbortController();
    socket.on("close", () => hangUp.abort());
    const signal = AbortSignal.any([hangUp.signal, this.#closing.signal]);
    const headers = headersOf(incoming);
    const body = new Uint8Array();
    const decision = await this.#options.upgrade({
      method,
      path,
      query,
      headers,
      body,
      peer,
      signal,
    });
    if ("refuse" in decision) return refuse(socket, decision.refuse);
    selectProtocol(incoming, decision.protocol);
    this.#websockets.handleUpgrade(incoming, socket, head as never, (websocket) => {
      // An error is always followed by "close"; without a listener it would end the process.
      websocket.on("error", () => {});
      void this.#own(websocket, decision.accept, signal);
    });
  }

  async #own(
    websocket: WebSocket,
    accept: (socket: WebSocket, signal: AbortSignal) => Promise<void> | void,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await accept(websocket, signal);
    } catch (error) {
      if (!signal.aborted) this.#options.onError?.("websocket failed", error);
      websocket.close(1011, "internal error");
    }
  }
}

const UNAUTHORIZED: TlsResponse = text(401, "Unauthorized");
const UNVERIFIABLE: TlsResponse = text(503, "This server cannot verify its callers");
const NOT_FOUND: TlsResponse = text(404, "Not found");
const TOO_LARGE: TlsResponse = text(413, "Request body is too large");
const INTERNAL_ERROR: TlsResponse = text(500, "Internal error");
const TOO_MANY: TlsResponse = text(TOO_MANY_WEBSOCKETS, "Too many websockets");

function text(status: number, body: string): TlsResponse {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

function tlsOptions(trust: TlsTrust): Record<string, unknown> {
  return {
    cert: trust.credential.certificate,
    key: trust.credential.key,
    // An absent list would mean the authorities of the system.
    ca: [...trust.clientCas],
    requestCert: true,
    // Strangers get an HTTP answer, and public paths; identify() decides who is somebody.
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    ALPNProtocols: ["http/1.1"],
  };
}

function listenerOf(trust: TlsTrust): IdentifyingListener {
  return { tls: tlsOptions(trust), identify: (socket) => identify(socket, trust) };
}

/** The whole rule of who is somebody. */
function identify(socket: TLSSocket, trust: TlsTrust): TlsPeer | undefined {
  if (trust.clientCas.length === 0) return undefined;
  if (socket.authorized !== true) return undefined;
  const commonName: unknown = socket.getPeerCertificate()?.subject?.CN;
  if (typeof commonName !== "string" || commonName === "") return undefined;
  const allowed = trust.allowedCommonNames;
  if (allowed.length > 0 && !allowed.includes(commonName)) return undefined;
  return { commonName };
}

function listen(server: Server, port: number, hostname: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function portOf(server: Server | undefined): number {
  const address = server?.address() as AddressInfo | null | undefined;
  if (address === null || address === undefined) {
    throw new Error("Cannot tell the port: the server is not listening");
  }
  return address.port;
}

function target(request: IncomingMessage): {
  method: string;
  path: string;
  query: URLSearchParams;
} {
  const url = request.url ?? "/";
  const mark = url.indexOf("?");
  return {
    method: request.method ?? "GET",
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1)),
  };
}

function headersOf(request: IncomingMessage): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = (request.rawHeaders[index] ?? "").toLowerCase();
    const values = headers.get(name);
    const value = request.rawHeaders[index + 1] ?? "";
    if (values === undefined) headers.set(name, [value]);
    else values.push(value);
  }
  return headers;
}

/** `undefined`: longer than allowed. */
async function readBody(
  request: IncomingMessage,
  bytesMax: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { "content-length": announced, "transfer-encoding": encoding } = request.headers;
  // RFC 9112, section 6.3: then there is none. Deno 2.6 would wait for its end.
  if (announced === undefined && encoding === undefined) return new Uint8Array();
  if (Number(announced ?? 0) > bytesMax) return undefined;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > bytesMax) return undefined;
    chunks.push(chunk);
  }
  const body = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.length;
  }
  return body;
}

function send(outgoing: ServerResponse, response: TlsResponse): void {
  if (outgoing.destroyed) return;
  const body = typeof response.body === "string"
    ? new TextEncoder().encode(response.body)
    : response.body ?? new Uint8Array();
  // A body that was not read to its end would be taken for the next request.
  if (response.status === 413) outgoing.setHeader("connection", "close");
  outgoing.writeHead(response.status, {
    "x-content-type-options": "nosniff",
    ...response.headers,
    "content-length": String(body.length),
  });
  outgoing.end(body);
}

function refuse(socket: Duplex, response: TlsResponse): void {
  const body = typeof response.body === "string"
    ? new TextEncoder().encode(response.body)
    : response.body ?? new Uint8Array();
  const head = [
    `HTTP/1.1 ${response.status} Refused`,
    ...Object.entries(response.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${body.length}`,
    "connection: close",
    "",
    "",
  ].join("\r\n");
  socket.write(head);
  socket.end(body);
}

/** `ws` takes the first offered protocol; with one offered, that is the chosen one. */
function selectProtocol(request: IncomingMessage, protocol: string | undefined): void {
  if (protocol === undefined) delete request.headers["sec-websocket-protocol"];
  else request.headers["sec-websocket-protocol"] = protocol;
}
