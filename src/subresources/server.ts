/** The aggregated API: who asks, what for, whether they may, and which file answers. */
import type { SizeLookup } from "../admission/size_lookup.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Logger } from "../runtime/log.ts";
import type { ClusterDefaults } from "../resources/cluster_defaults.ts";
import type { TlsRequest, TlsResponse, UpgradeDecision } from "../runtime/mutual_tls_server.ts";
import type { Agents } from "./agent_client.ts";
import { accessReview, whyForbidden } from "./authorization.ts";
import { denyConsole } from "./console.ts";
import { discoveryDocuments, type VersionInfo } from "./discovery.ts";
import { expandSpec, expandVmSpec } from "./expand_spec.ts";
import { type FrontProxy, identityOf, type UserIdentity } from "./front_proxy.ts";
import { forwardAddress, forwardPort, parseForwardedPort } from "./port_forward.ts";
import { EXPAND_VM_SPEC, parseSubresourcePath, type SubresourcePath } from "./route.ts";
import { CONSOLE, EXPAND_SPEC, PORT_FORWARDS, SERVED_SUBRESOURCES } from "./served_subresources.ts";
import { denialResponse, jsonResponse, statusResponse } from "./status_response.ts";
import { findInstance, noInstance, VERBS } from "./verbs.ts";

/** The only subprotocol: raw bytes in binary messages. */
const CONSOLE_PROTOCOL = "plain.kubevirt.io";

export interface SubresourceServerOptions {
  client: KubeClient;
  agents: Agents;
  sizes: SizeLookup;
  /** The cluster's settings as they are now. */
  cluster: () => ClusterDefaults;
  /** As it is published now. */
  frontProxy: () => FrontProxy;
  version: VersionInfo;
  logger: Logger;
}

type Admitted = { path: SubresourcePath; identity: UserIdentity } | { refuse: TlsResponse };

export class SubresourceServer {
  readonly #options: SubresourceServerOptions;
  readonly #documents: ReadonlyMap<string, unknown>;

  constructor(options: SubresourceServerOptions) {
    this.#options = options;
    this.#documents = discoveryDocuments(SERVED_SUBRESOURCES, options.version);
  }

  /** Paths that say nothing about anybody's objects. */
  isPublic(method: string, path: string): boolean {
    if (method === "OPTIONS") return true;
    if (method !== "GET" && method !== "HEAD") return false;
    return this.#documents.has(path) || isHealthPath(path);
  }

  async handle(request: TlsRequest): Promise<TlsResponse> {
    if (request.method === "OPTIONS") return { status: 204, headers: CORS };
    if (this.isPublic(request.method, request.path)) return await this.#document(request);
    const admitted = await this.#admit(request);
    if ("refuse" in admitted) return admitted.refuse;
    const { path, identity } = admitted;
    const answer = await this.#answer(request, admitted);
    const { logger } = this.#options;
    logger.info("verb answered", {
      verb: nameOf(path),
      object: formatTarget(path),
      user: identity.user,
      status: answer.status,
    });
    return answer;
  }

  async #answer(
    request: TlsRequest,
    { path, identity }: { path: SubresourcePath; identity: UserIdentity },
  ): Promise<TlsResponse> {
    const name = nameOf(path);
    const { namespace } = path;
    const key = { namespace, name: path.name };
    const { body, signal } = request;
    if (name === EXPAND_SPEC) {
      if (request.method !== "GET") return wrongMethod();
      return await expandSpec({ key, identity, signal }, this.#options);
    }
    const verb = VERBS[name];
    if (verb === undefined && name !== EXPAND_VM_SPEC) return unknownSubresource(name);
    if (request.method !== "PUT") return wrongMethod();
    if (verb !== undefined) return await verb({ key, body, signal }, this.#options);
    return await expandVmSpec({ namespace, body, identity, signal }, this.#options);
  }

  async upgrade(request: TlsRequest): Promise<UpgradeDecision> {
    const admitted = await this.#admit(request);
    if ("refuse" in admitted) return admitted;
    const { path, identity } = admitted;
    const asked = { path, user: identity.user };
    if (PORT_FORWARDS.includes(nameOf(path))) return await this.#portForward(request, asked);
    if (nameOf(path) !== CONSOLE) return { refuse: unknownSubresource(nameOf(path)) };
    return await this.#console(request, asked);
  }

  async #portForward(
    request: TlsRequest,
    { path, user }: { path: SubresourcePath; user: string },
  ): Promise<UpgradeDecision> {
    const { namespace, name, rest = "" } = path;
    const key = { namespace, name };
    const asked = parseForwardedPort(rest);
    if ("code" in asked) return { refuse: denialResponse(asked) };
    const vmi = await findInstance({ key, signal: request.signal }, this.#options);
    if (vmi === undefined) return { refuse: noInstance(key) };
    const found = forwardAddress(vmi);
    if ("code" in found) return { refuse: denialResponse(found) };
    const target = { ...asked, ...found };
    const fields = { object: formatTarget(path), port: asked.port, user };
    const { logger } = this.#options;
    logger.info("port forwarded", fields);
    return {
      ...(offersProtocol(request) ? { protocol: CONSOLE_PROTOCOL } : {}),
      accept: async (socket, signal) => {
        await forwardPort(socket, target, signal);
        logger.info("port no longer forwarded", fields);
      },
    };
  }

  async #console(
    request: TlsRequest,
    asked: { path: SubresourcePath; user: string },
  ): Promise<UpgradeDecision> {
    const { agents, logger } = this.#options;
    const { namespace, name } = asked.path;
    const key = { namespace, name };
    const { signal } = request;
    const vmi = await findInstance({ key, signal }, this.#options);
    if (vmi === undefined) return { refuse: noInstance(key) };
    const denied = denyConsole(vmi);
    if (denied !== undefined) return { refuse: denialResponse(denied) };
    const nodeName = vmi.status?.nodeName ?? "";
    const target = { nodeName, key, protocol: CONSOLE_PROTOCOL };
    const answer = await agents.openConsole(target, signal);
    if ("refused" in answer) return { refuse: answer.refused };
    const fields = { object: formatTarget(asked.path), user: asked.user };
    logger.info("console opened", fields);
    return {
      ...(offersProtocol(request) ? { protocol: CONSOLE_PROTOCOL } : {}),
      accept: async (socket, signal) => {
        await answer.accept(socket, signal);
        logger.info("console closed", fields);
      },
    };
  }

  /** Who asks for what, and whether they may: denied is 401 with plain text, as upstream. */
  async #admit(request: TlsRequest): Promise<Admitted> {
    const identity = identityOf(request, this.#options.frontProxy());
    if (identity === undefined) return { refuse: unauthorized("no user behind a front proxy") };
    const path = parseSubresourcePath(request.path);
    if (path === undefined) return { refuse: unknownPath(request.path) };
    const review = accessReview(identity, { method: request.method, path });
    if (review === undefined) return { refuse: unauthorized("unsupported HTTP method") };
    const why = await whyForbidden(this.#options.client, review, request.signal);
    return why === undefined ? { path, identity } : { refuse: unauthorized(why) };
  }

  async #document(request: TlsRequest): Promise<TlsResponse> {
    if (isHealthPath(request.path)) return jsonResponse(200, await this.#health(request.signal));
    return jsonResponse(200, this.#documents.get(request.path));
  }

  /** Always 200: restarting this process does not bring the API server back. */
  async #health(signal: AbortSignal): Promise<unknown> {
    try {
      const version = await this.#options.client.raw("GET", "/version", { signal });
      return { apiserver: { connectivity: "ok", version } };
    } catch (error) {
      return { apiserver: { connectivity: "failed", error: String(error) } };
    }
  }
}

const CORS = {
  "access-control-allow-methods": "GET, PUT, OPTIONS",
  "access-control-allow-headers": "authorization, content-type",
};

function isHealthPath(path: string): boolean {
  return path === "/healthz" ||
    /^\/apis\/subresources\.kubevirt\.io\/v1(alpha3)?\/healthz$/.test(path);
}

function unauthorized(why: string): TlsResponse {
  return { status: 401, headers: { "content-type": "text/plain; charset=utf-8" }, body: why };
}

function wrongMethod(): TlsResponse {
  const message = "the server does not allow this method on the requested resource";
  return statusResponse(405, { reason: "MethodNotAllowed", message });
}

/** As in the discovery document: "virtualmachines/start", or "expand-vm-spec". */
function nameOf({ resource, subresource }: SubresourcePath): string {
  return subresource === "" ? resource : `${resource}/${subresource}`;
}

function unknownPath(path: string): TlsResponse {
  const message = `the server could not find the requested resource: ${path}`;
  return statusResponse(404, { reason: "NotFound", message });
}

/** Clients that know more of KubeVirt than is there show this to people. */
function unknownSubresource(name: string): TlsResponse {
  const message = `the server could not find the requested resource: ${name} is not served`;
  return statusResponse(404, { reason: "NotFound", message });
}

function formatTarget({ namespace, name }: SubresourcePath): string {
  return name === "" ? namespace : `${namespace}/${name}`;
}

/** Browsers offer more than one: they carry their credentials in another. */
function offersProtocol(request: TlsRequest): boolean {
  return (request.headers.get("sec-websocket-protocol") ?? [])
    .some((value) => value.split(",").some((offered) => offered.trim() === CONSOLE_PROTOCOL));
}
