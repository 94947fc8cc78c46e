/** The agent of the one node, in the same process: its server is asked without a network in between. */
import type { ObjectKey } from "../../kube/object.ts";
import { API_COMMON_NAME, type NodeServer } from "../../node/server.ts";
import type { TlsRequest, TlsResponse } from "../../runtime/mutual_tls_server.ts";
import type { Agents, ConsoleAnswer } from "../../subresources/agent_client.ts";

export class InProcessAgents implements Agents {
  readonly #server: () => NodeServer;

  constructor(server: () => NodeServer) {
    this.#server = server;
  }

  async put(
    { key, verb }: { nodeName: string; key: ObjectKey; verb: string },
    signal: AbortSignal,
  ): Promise<TlsResponse> {
    return await this.#server().handle(request("PUT", { key, verb, signal }));
  }

  openConsole(
    { key, protocol }: { nodeName: string; key: ObjectKey; protocol: string },
    signal: AbortSignal,
  ): Promise<ConsoleAnswer> {
    const headers = new Map([["sec-websocket-protocol", [protocol]]]);
    const asked = request("GET", { key, verb: "console", signal, headers });
    const decision = this.#server().upgrade(asked);
    if ("refuse" in decision) return Promise.resolve({ refused: decision.refuse });
    return Promise.resolve({
      accept: async (socket, signal) => void await decision.accept(socket, signal),
    });
  }
}

function request(
  method: string,
  { key, verb, signal, headers = new Map() }: {
    key: ObjectKey;
    verb: string;
    signal: AbortSignal;
    headers?: TlsRequest["headers"];
  },
): TlsRequest {
  return {
    method,
    path: `/v1/namespaces/${key.namespace ?? ""}/virtualmachineinstances/${key.name}/${verb}`,
    query: new URLSearchParams(),
    headers,
    body: new Uint8Array(),
    peer: { commonName: API_COMMON_NAME },
    signal,
  };
}
