/** The aggregated API where API server and aggregated server are one process: it is called with who asks. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
// @ts-types="@types/ws"
import type { WebSocket, WebSocketServer } from "ws";
import { SUBRESOURCES_GROUP, SUBRESOURCES_VERSIONS } from "../../api/registry.ts";
import type { TlsRequest, TlsResponse } from "../../runtime/mutual_tls_server.ts";
import type { FrontProxy } from "../../subresources/front_proxy.ts";
import { SERVED_SUBRESOURCES } from "../../subresources/served_subresources.ts";
import type { SubresourceServer } from "../../subresources/server.ts";
import type { Extension } from "../apiserver/http/api_handler.ts";
import type { ApiRequest, ApiResponse } from "../apiserver/http/api_request.ts";

const BASE = `/apis/${SUBRESOURCES_GROUP}/`;
const USER_HEADER = "x-remote-user";
const GROUP_HEADER = "x-remote-group";
const PROTOCOL_HEADER = "sec-websocket-protocol";
/** A console's keystrokes. */
const MESSAGE_BYTES_MAX = 1024 * 1024;
const WEBSOCKETS_MAX = 256;

/** Whom the subresource server is to believe: this process alone makes such requests. */
export const IN_PROCESS_FRONT_PROXY: FrontProxy = {
  clientCa: "",
  allowedNames: [],
  usernameHeaders: [USER_HEADER],
  groupHeaders: [GROUP_HEADER],
  extraHeaderPrefixes: [],
  uidHeaders: [],
};

export class InProcessSubresources {
  #server: SubresourceServer | undefined;
  #websockets: Promise<WebSocketServer> | undefined;

  /** It asks the API server that calls it, which is there first. */
  use(server: SubresourceServer): void {
    this.#server = server;
  }

  #started(): SubresourceServer {
    if (this.#server !== undefined) return this.#server;
    throw new Error("Cannot answer: the aggregated API is still starting");
  }

  /** For the API server: discovery is its own, each path below a version is answered here. */
  get extension(): Extension {
    return {
      group: {
        group: SUBRESOURCES_GROUP,
        versions: SUBRESOURCES_VERSIONS,
        resources: SERVED_SUBRESOURCES.map((name) => ({
          name,
          singularName: "",
          namespaced: true,
          kind: "",
          verbs: [],
        })),
      },
      handle: (request) => this.#handle(request),
    };
  }

  async upgrade(
    request: ApiRequest,
    { incoming, socket, head }: { incoming: IncomingMessage; socket: Duplex; head: Uint8Array },
  ): Promise<void> {
    if (!request.path.startsWith(BASE)) return refuse(socket, NOT_FOUND);
    const websockets = await (this.#websockets ??= openWebSockets());
    if (websockets.clients.size >= WEBSOCKETS_MAX) return refuse(socket, TOO_MANY);
    const decision = await this.#started().upgrade(await tlsRequest(request));
    if ("refuse" in decision) return refuse(socket, decision.refuse);
    if (decision.protocol === undefined) delete incoming.headers[PROTOCOL_HEADER];
    else incoming.headers[PROTOCOL_HEADER] = decision.protocol;
    websockets.handleUpgrade(incoming, socket, head as never, (websocket) => {
      // An error is always followed by "close"; without a listener it would end the process.
      websocket.on("error", () => {});
      void own(websocket, decision.accept, request.signal);
    });
  }

  async #handle(request: ApiRequest): Promise<ApiResponse | undefined> {
    if (!request.path.startsWith(BASE) || isGroupVersion(request.path)) return undefined;
    const answer = await this.#started().handle(await tlsRequest(request));
    return {
      status: answer.status,
      headers: { ...answer.headers },
      body: answer.body ?? "",
    };
  }
}

/** A server can start without them. */
async function openWebSockets(): Promise<WebSocketServer> {
  // @ts-types="@types/ws"
  const { WebSocketServer } = await import("ws");
  return new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
  });
}

function isGroupVersion(path: string): boolean {
  return path.slice(BASE.length).replace(/\/$/, "").split("/").length === 1;
}

async function own(
  websocket: WebSocket,
  accept: (socket: WebSocket, signal: AbortSignal) => Promise<void> | void,
  signal: AbortSignal,
): Promise<void> {
  try {
    await accept(websocket, signal);
  } catch {
    websocket.close(1011, "internal error");
  }
}

/** Who asks is who was recognised, whatever headers came along. */
async function tlsRequest(request: ApiRequest): Promise<TlsRequest> {
  const { method, path, query, user, signal } = request;
  const headers = new Map<string, readonly string[]>();
  if (user !== undefined) {
    headers.set(USER_HEADER, [user.username]);
    headers.set(GROUP_HEADER, user.groups);
  }
  for (const name of [PROTOCOL_HEADER, "content-type"]) {
    const value = request.header(name);
    if (value !== undefined) headers.set(name, [value]);
  }
  const hasBody = method !== "GET" && method !== "HEAD";
  const body = hasBody ? Uint8Array.from(await request.body()) : new Uint8Array();
  return { method, path, query, headers, body, peer: { commonName: "in-process" }, signal };
}

const NOT_FOUND: TlsResponse = { status: 404, body: "404 page not found\n" };
const TOO_MANY: TlsResponse = { status: 503, body: "Too many consoles are open\n" };

function refuse(socket: Duplex, { status, headers = {}, body = "" }: TlsResponse): void {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const lines = [
    `HTTP/1.1 ${status} Refused`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${bytes.length}`,
    "connection: close",
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  socket.end(bytes);
}
