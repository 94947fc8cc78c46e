/** Approves and signs the serving certificates of node agents; the rule is in node_request_decision.ts. */
import type { KubeClient } from "../kube/client.ts";
import { CERTIFICATE_SIGNING_REQUESTS, NODES, SECRETS } from "../kube/core_resources.ts";
import type { KubeObject, ObjectKey } from "../kube/object.ts";
import type { Decision, Reconciler } from "../runtime/reconciler.ts";
import {
  type Authority,
  AUTHORITY_NAME,
  type AuthoritySecret,
  lifeOf,
  readAuthority,
} from "./ca.ts";
import {
  claimedNode,
  decideNodeRequest,
  NODE_SERVING_SIGNER,
  type NodeRequestAction,
  type NodeRequestWorld,
} from "./node_request_decision.ts";
import {
  readSigningRequest,
  type SigningRequestFacts,
  signSigningRequest,
} from "./signing_request.ts";

interface CsrCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

export interface CertificateSigningRequest extends KubeObject {
  spec: {
    request: string;
    signerName: string;
    username?: string;
    extra?: Record<string, string[]>;
    usages?: string[];
    expirationSeconds?: number;
  };
  status?: { certificate?: string; conditions?: CsrCondition[] };
}

interface NodeObject extends KubeObject {
  status?: { addresses?: { type: string; address: string }[] };
}

export interface CsrSignerWorld {
  csr: CertificateSigningRequest;
  authority: Authority;
  decided: NodeRequestWorld;
}

export interface CsrSignerOptions {
  client: KubeClient;
  namespace: string;
  now: () => Date;
}

/** A controller over CertificateSigningRequests; feed it with {@link CSR_FIELD_SELECTOR}. It keeps no status of its own. */
export class CsrSigner implements Reconciler<CsrSignerWorld, NodeRequestAction, undefined> {
  readonly name = "node-serving-signer";
  readonly #options: CsrSignerOptions;

  constructor(options: CsrSignerOptions) {
    this.#options = options;
  }

  async observe(key: ObjectKey, signal: AbortSignal): Promise<CsrSignerWorld | undefined> {
    const { client, namespace, now } = this.#options;
    const csr = await client.get<CertificateSigningRequest>(CERTIFICATE_SIGNING_REQUESTS, key, {
      signal,
    });
    if (csr === undefined || csr.spec.signerName !== NODE_SERVING_SIGNER) return undefined;
    const secretKey = { namespace, name: AUTHORITY_NAME };
    const authority = readAuthority(
      await client.get<AuthoritySecret>(SECRETS, secretKey, { signal }),
    );
    const life = authority && lifeOf(authority.current.certificate);
    if (authority === undefined || life === undefined) {
      throw new Error(`Cannot sign ${key.name}: there is no authority yet`);
    }
    const request = await readRequest(csr);
    const nodeName = claimedNode(request?.commonName ?? "");
    const node = nodeName === undefined
      ? undefined
      : await client.get<NodeObject>(NODES, { name: nodeName }, { signal });
    const decided = worldOf(csr, { nowMs: now().getTime(), namespace, request, node, life });
    return { csr, authority, decided };
  }

  decide(world: CsrSignerWorld): Decision<NodeRequestAction, undefined> {
    return { actions: decideNodeRequest(world.decided), status: undefined };
  }

  async act(action: NodeRequestAction, world: CsrSignerWorld, signal: AbortSignal): Promise<void> {
    switch (action.type) {
      case "approve":
        return await this.#condition(world, {
          subresource: "approval",
          condition: { type: "Approved", reason: "NodeVerified", message: "Requested by the node" },
          signal,
        });
      case "deny":
        return await this.#condition(world, {
          subresource: "approval",
          condition: { type: "Denied", reason: action.reason, message: action.message },
          signal,
        });
      case "fail":
        return await this.#condition(world, {
          subresource: "status",
          condition: { type: "Failed", reason: action.reason, message: action.message },
          signal,
        });
      case "sign":
        return await this.#sign(action, world, signal);
    }
  }

  writeStatus(): Promise<void> {
    return Promise.resolve();
  }

  async #condition(
    world: CsrSignerWorld,
    options: {
      subresource: "approval" | "status";
      condition: Omit<CsrCondition, "status">;
      signal: AbortSignal;
    },
  ): Promise<void> {
    const { name, resourceVersion } = world.csr.metadata;
    const conditions = [
      ...(world.csr.status?.conditions ?? []),
      { ...options.condition, status: "True", lastUpdateTime: this.#options.now().toISOString() },
    ];
    const patch = { metadata: { resourceVersion }, status: { conditions } };
    await this.#options.client.patch(CERTIFICATE_SIGNING_REQUESTS, { name }, patch, {
      subresource: options.subresource,
      signal: options.signal,
    });
  }

  async #sign(
    action: Extract<NodeRequestAction, { type: "sign" }>,
    world: CsrSignerWorld,
    signal: AbortSignal,
  ): Promise<void> {
    const certificate = signSigningRequest(world.authority.current, {
      signingRequest: atob(world.csr.spec.request),
      commonName: action.commonName,
      usage: "server",
      names: { ip: action.ip },
      validity: action.validity,
    });
    const patch = { status: { certificate: btoa(`${certificate.trim()}\n`) } };
    const { name } = world.csr.metadata;
    await this.#options.client.patch(CERTIFICATE_SIGNING_REQUESTS, { name }, patch, {
      subresource: "status",
      signal,
    });
  }
}

/** Selects the requests that concern the signer. */
export const CSR_FIELD_SELECTOR = `spec.signerName=${NODE_SERVING_SIGNER}`;

async function readRequest(
  csr: CertificateSigningRequest,
): Promise<SigningRequestFacts | undefined> {
  try {
    return await readSigningRequest(atob(csr.spec.request));
  } catch {
    return undefined; // whatever it is, it is denied
  }
}

function worldOf(
  csr: CertificateSigningRequest,
  seen: {
    nowMs: number;
    namespace: string;
    request: SigningRequestFacts | undefined;
    node: NodeObject | undefined;
    life: NodeRequestWorld["authority"];
  },
): NodeRequestWorld {
  return {
    nowMs: seen.nowMs,
    namespace: seen.namespace,
    signerName: csr.spec.signerName,
    username: csr.spec.username ?? "",
    extra: csr.spec.extra ?? {},
    usages: csr.spec.usages ?? [],
    expirationSeconds: csr.spec.expirationSeconds,
    conditions: (csr.status?.conditions ?? [])
      .filter((condition) => condition.status === "True")
      .map((condition) => condition.type),
    issued: (csr.status?.certificate ?? "") !== "",
    request: seen.request,
    nodeAddresses: seen.node && (seen.node.status?.addresses ?? []).map((it) => it.address),
    authority: seen.life,
  };
}
