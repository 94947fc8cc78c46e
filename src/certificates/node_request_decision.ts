/**
 * Whether a node agent gets the serving certificate that it asks for. Pure.
 *
 *   new --everything right--> approve, sign --> done
 *   new --something wrong--> deny --> done
 *   approved by somebody else --right--> sign; --wrong--> fail --> done
 */
import type { Life } from "./decide.ts";
import type { SigningRequestFacts } from "./signing_request.ts";
import { CLOCK_SKEW_MS, type Validity } from "./x509.ts";

export const NODE_SERVING_SIGNER = "denovirt.io/node-serving";
/** ServiceAccount of the DaemonSet. */
export const NODE_SERVICE_ACCOUNT = "denovirt-node";
const NODE_NAME_EXTRA = "authentication.kubernetes.io/node-name";
const COMMON_NAME_PREFIX = "system:denovirt-node:";
const LIFE_MS_MAX = 24 * 3_600_000;
const LIFE_MS_MIN = 600_000;
const USAGES: readonly string[] = ["digital signature", "key encipherment", "server auth"];

/** Common name of a node agent's certificate. */
export function nodeCommonName(nodeName: string): string {
  return `${COMMON_NAME_PREFIX}${nodeName}`;
}

/** The node that a common name claims. */
export function claimedNode(commonName: string): string | undefined {
  if (!commonName.startsWith(COMMON_NAME_PREFIX)) return undefined;
  return commonName.slice(COMMON_NAME_PREFIX.length) || undefined;
}

/** The parts of a CertificateSigningRequest that matter. */
export interface NodeRequestWorld {
  nowMs: number;
  namespace: string;
  signerName: string;
  username: string;
  extra: Readonly<Record<string, readonly string[]>>;
  usages: readonly string[];
  expirationSeconds: number | undefined;
  /** Types of the conditions with status True: "Approved", "Denied", "Failed". */
  conditions: readonly string[];
  issued: boolean;
  /** `undefined`: the request could not be read. */
  request: SigningRequestFacts | undefined;
  /** Addresses of the claimed Node; `undefined`: there is no such Node. */
  nodeAddresses: readonly string[] | undefined;
  authority: Life;
}

export type NodeRequestAction =
  | { type: "approve" }
  | { type: "deny"; reason: string; message: string }
  | { type: "fail"; reason: string; message: string }
  | { type: "sign"; commonName: string; ip: readonly string[]; validity: Validity };

/** The first thing that is wrong, or `undefined`. */
type Objection = (world: NodeRequestWorld) => string | undefined;

export function decideNodeRequest(world: NodeRequestWorld): NodeRequestAction[] {
  if (world.signerName !== NODE_SERVING_SIGNER || world.issued) return [];
  if (world.conditions.includes("Denied") || world.conditions.includes("Failed")) return [];
  const approved = world.conditions.includes("Approved");
  for (const objection of OBJECTIONS) {
    const message = objection(world);
    if (message === undefined) continue;
    return [{ type: approved ? "fail" : "deny", reason: "NotThisNode", message }];
  }
  const sign = signAction(world);
  return approved ? [sign] : [{ type: "approve" }, sign];
}

const OBJECTIONS: readonly Objection[] = [
  isUnreadable,
  hasOtherSubject,
  isNotBoundToNode,
  hasNoNode,
  hasForeignAddress,
  hasOtherNames,
  hasOtherUsages,
];

function isUnreadable(world: NodeRequestWorld): string | undefined {
  return world.request === undefined ? "the request is not a signed PKCS #10 request" : undefined;
}

function hasOtherSubject(world: NodeRequestWorld): string | undefined {
  const { commonName = "", organizations = [] } = world.request ?? {};
  if (organizations.length > 0) return "the subject must have no organization";
  if (claimedNode(commonName) !== undefined) return undefined;
  return `the common name must be ${COMMON_NAME_PREFIX}<node>: got ${JSON.stringify(commonName)}`;
}

function isNotBoundToNode(world: NodeRequestWorld): string | undefined {
  const node = claimedNode(world.request?.commonName ?? "");
  if (world.username === `system:node:${node}`) return undefined;
  const account = `system:serviceaccount:${world.namespace}:${NODE_SERVICE_ACCOUNT}`;
  if (world.username !== account) {
    return `the requester must be ${account} or the node itself: got ${world.username}`;
  }
  const bound = world.extra[NODE_NAME_EXTRA] ?? [];
  if (bound.length === 1 && bound[0] === node) return undefined;
  return `the requester's token must be bound to node ${node}: got ${bound.join(", ") || "none"}`;
}

function hasNoNode(world: NodeRequestWorld): string | undefined {
  return world.nodeAddresses === undefined ? "there is no such node" : undefined;
}

function hasForeignAddress(world: NodeRequestWorld): string | undefined {
  const addresses = world.nodeAddresses ?? [];
  const asked = world.request?.names.ip ?? [];
  if (asked.length === 0) return "the request must name an address of the node";
  const foreign = asked.filter((ip) => !addresses.includes(ip));
  return foreign.length === 0 ? undefined : `not an address of the node: ${foreign.join(", ")}`;
}

function hasOtherNames(world: NodeRequestWorld): string | undefined {
  const others = [...(world.request?.names.dns ?? []), ...(world.request?.otherNames ?? [])];
  return others.length === 0 ? undefined : `only addresses may be named: got ${others.join(", ")}`;
}

function hasOtherUsages(world: NodeRequestWorld): string | undefined {
  const others = world.usages.filter((usage) => !USAGES.includes(usage));
  if (others.length > 0) return `usages must be for serving: got ${others.join(", ")}`;
  return world.usages.includes("server auth") ? undefined : 'usages must have "server auth"';
}

function signAction(world: NodeRequestWorld): NodeRequestAction {
  const askedMs = (world.expirationSeconds ?? LIFE_MS_MAX / 1000) * 1000;
  const lifeMs = Math.min(LIFE_MS_MAX, Math.max(LIFE_MS_MIN, askedMs));
  return {
    type: "sign",
    commonName: world.request?.commonName ?? "",
    ip: world.request?.names.ip ?? [],
    validity: {
      notBefore: new Date(world.nowMs - CLOCK_SKEW_MS),
      notAfter: new Date(Math.min(world.nowMs + lifeMs, world.authority.notAfterMs)),
    },
  };
}
