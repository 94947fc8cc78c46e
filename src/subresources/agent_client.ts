/** Calls the agent of a node, known by a certificate for the node's address. */
import { request as httpsRequest } from "node:https";
// @ts-types="@types/ws"
import WebSocket from "ws";
import type { KubeClient } from "../kube/client.ts";
import { NODES } from "../kube/core_resources.ts";
import type { KubeObject, ObjectKey } from "../kube/object.ts";
import { type Clock, SYSTEM_CLOCK } from "../runtime/clock.ts";
import type { TlsCredential } from "../runtime/caller_proof.ts";
import type { TlsResponse } from "../runtime/mutual_tls_server.ts";
import { proxyWebSockets } from "./websocket_proxy.ts";

/** Where agents listen. */
export const AGENT_PORT = 8186;
const CALL_TIMEOUT_MS = 15_000;
/** As KubeVirt's clients have it. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 64 * 1024;
const MESSAGE_BYTES_MAX = 1024 * 1024;

/** What the controller shows agents, and whom it believes. */
export interface AgentTrust {
  credential: TlsCredential;
  authorities: readonly string[];
}

export interface AgentClientOptions {
  client: KubeClient;
  /** As it is now: certificates are renewed. */
  trust: () => AgentTrust;
  /** @default {@link AGENT_PORT} */
  port?: number;
  /** @default the system's clock */
  clock?: Clock;
}

interface NodeObject extends KubeObject {
  status?: { addresses?: { type: string; address: string }[] };
}

/** The answer of an agent, or a websocket to it. */
type DialResult = { refused: TlsResponse } | { socket: WebSocket };

/** Where a console leads, or why it is not opened. */
export type ConsoleAnswer =
  | { refused: TlsResponse }
  /** Owns the websocket until it is closed. */
  | { accept: (socket: WebSocket, signal: AbortSignal) => Promise<void> };

/** The agents of all nodes, wherever they are. */
export interface Agents {
  /** One verb on one instance. Throws when the agent cannot be reached. */
  put(
    target: { nodeName: string; key: ObjectKey; verb: string },
    signal: AbortSignal,
  ): Promise<TlsResponse>;
  openConsole(
    target: { nodeName: string; key: ObjectKey; protocol: string },
    signal: AbortSignal,
  ): Promise<ConsoleAnswer>;
}

export class AgentClient implements Agents {
  readonly #options: AgentClientOptions;

  constructor(options: AgentClientOptions) {
    this.#options = options;
  }

  /** One verb on one instance. Throws when the agent cannot be reached. */
  async put(
    target: { nodeName: string; key: ObjectKey; verb: string },
    signal: AbortSignal,
  ): Promise<TlsResponse> {
    const { nodeName, key, verb } = target;
    const address = await this.#address(nodeName, signal);
    const { promise, resolve, reject } = Promise.withResolvers<TlsResponse>();
    const request = httpsRequest({
      ...this.#tls(),
      hostname: address,
      port: this.#options.port ?? AGENT_PORT,
      path: agentPath(key, verb),
      method: "PUT",
      headers: { "content-length": "0" },
      // Verbs are rare, and a pooled connection may have been closed by an agent that was replaced.
      agent: false,
      signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
    }, (response) => {
      readAnswer(response).then(resolve, reject);
    });
    request.on("error", (cause: Error) => {
      reject(new Error(`Cannot reach the agent of node ${nodeName} at ${address}`, { cause }));
    });
    request.end();
    return await promise;
  }

  async openConsole(
    target: { nodeName: string; key: ObjectKey; protocol: string },
    signal: AbortSignal,
  ): Promise<ConsoleAnswer> {
    const dialled = await this.#dial({ ...target, verb: "console" }, signal);
    if ("refused" in dialled) return dialled;
    const { clock = SYSTEM_CLOCK } = this.#options;
    return { accept: (socket) => proxyWebSockets(socket, dialled.socket, { clock, signal }) };
  }

  /** Opens a websocket, paused: nothing is read before `resume()`. */
  async #dial(
    target: { nodeName: string; key: ObjectKey; verb: string; protocol: string },
    signal: AbortSignal,
  ): Promise<DialResult> {
    const { nodeName, key, verb, protocol } = target;
    const address = await this.#address(nodeName, signal);
    const host = address.includes(":") ? `[${address}]` : address;
    const url = `wss://${host}:${this.#options.port ?? AGENT_PORT}${agentPath(key, verb)}`;
    const socket = new WebSocket(url, [protocol], {
      ...this.#tls(),
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      perMessageDeflate: false,
      maxPayload: MESSAGE_BYTES_MAX,
    });
    const { promise, resolve, reject } = Promise.withResolvers<DialResult>();
    const abort = () => socket.terminate();
    signal.addEventListener("abort", abort, { once: true });
    socket.on("open", () => {
      socket.pause();
      resolve({ socket });
    });
    socket.on("unexpected-response", (_request, response) => {
      readAnswer(response).then((refused) => resolve({ refused }), reject);
    });
    socket.on("error", (cause: Error) => {
      reject(new Error(`Cannot reach the agent of node ${nodeName} at ${address}`, { cause }));
    });
    socket.on("close", () => signal.removeEventListener("abort", abort));
    return await promise;
  }

  #tls(): Record<string, unknown> {
    const { credential, authorities } = this.#options.trust();
    return {
      cert: credential.certificate,
      key: credential.key,
      ca: [...authorities],
      minVersion: "TLSv1.2",
      ALPNProtocols: ["http/1.1"],
    };
  }

  async #address(nodeName: string, signal: AbortSignal): Promise<string> {
    const node = await this.#options.client.get<NodeObject>(NODES, { name: nodeName }, { signal });
    const address = node?.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
    if (address !== undefined) return address;
    throw new Error(`Cannot reach the agent of node ${nodeName}: it has no InternalIP`);
  }
}

function agentPath({ namespace = "", name }: ObjectKey, verb: string): string {
  return `/v1/namespaces/${namespace}/virtualmachineinstances/${name}/${verb}`;
}

async function readAnswer(
  response: AsyncIterable<Uint8Array> & {
    statusCode?: number | undefined;
    headers: Record<string, string | string[] | undefined>;
  },
): Promise<TlsResponse> {
  const decoder = new TextDecoder();
  let body = "";
  let length = 0;
  for await (const chunk of response) {
    length += chunk.length;
    if (length > ANSWER_BYTES_MAX) break;
    body += decoder.decode(chunk, { stream: true });
  }
  const type = response.headers["content-type"];
  return {
    status: response.statusCode ?? 502,
    headers: { "content-type": typeof type === "string" ? type : "text/plain" },
    body,
  };
}
