/** Who is known to the server, and what each may do: two roles, admin and read-only. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { UserInfo } from "../objects/write_request.ts";

/** Everything. */
export const ADMIN_GROUP = "system:masters";
/** Reading, secrets aside. */
export const READ_ONLY_GROUP = "denovirt:view";
const AUTHENTICATED_GROUP = "system:authenticated";

/** A bearer token and whom it makes of its bearer. */
export interface TokenIdentity {
  token: string;
  user: UserInfo;
}

/** A client certificate that was verified against the server's authority. */
export interface CertificateSubject {
  commonName: string;
  organizations: readonly string[];
}

/** Tokens are found by their hash, and compared in constant time. */
export class Authenticator {
  readonly #tokens = new Map<string, { digest: Uint8Array; user: UserInfo }>();

  constructor(tokens: readonly TokenIdentity[]) {
    for (const { token, user } of tokens) {
      const digest = digestOf(token);
      this.#tokens.set(digest.toString("hex"), { digest, user });
    }
  }

  /** `undefined`: somebody unknown; "anonymous" is nobody, and may do nothing but ask for health and version. */
  identify(
    proof: { authorization: string | undefined; certificate: CertificateSubject | undefined },
  ): UserInfo | "anonymous" | undefined {
    const { authorization, certificate } = proof;
    if (certificate !== undefined) return known(certificate.commonName, certificate.organizations);
    if (authorization === undefined) return "anonymous";
    const [, token] = /^Bearer\s+(\S+)$/i.exec(authorization) ?? [];
    if (token === undefined) return undefined;
    const digest = digestOf(token);
    const found = this.#tokens.get(digest.toString("hex"));
    if (found === undefined || !timingSafeEqual(found.digest, digest)) return undefined;
    return known(found.user.username, found.user.groups);
  }
}

function known(username: string, groups: readonly string[]): UserInfo {
  return { username, groups: [...new Set([...groups, AUTHENTICATED_GROUP])] };
}

function digestOf(token: string) {
  return createHash("sha256").update(token).digest();
}

/** What somebody wants to do. */
export type Attributes =
  | {
    verb: string;
    group: string;
    resource: string;
    subresource?: string | undefined;
    namespace?: string | undefined;
    name?: string | undefined;
  }
  | { verb: string; path: string };

const READING = new Set(["get", "list", "watch"]);
/** What everybody may ask about themselves. */
const SELF_REVIEWS = new Set([
  "selfsubjectaccessreviews",
  "selfsubjectrulesreviews",
  "selfsubjectreviews",
]);

/** The rule of those who may do everything. */
export const ADMIN_RULE = "role admin";

/** `undefined`: not allowed. Otherwise by which rule. */
export function allowedBy(user: UserInfo, wanted: Attributes): string | undefined {
  if (user.groups.includes(ADMIN_GROUP)) return ADMIN_RULE;
  if (!user.groups.includes(AUTHENTICATED_GROUP)) return undefined;
  if ("path" in wanted) return READING.has(wanted.verb) ? "role discovery" : undefined;
  if (wanted.verb === "create" && SELF_REVIEWS.has(wanted.resource)) return "role self";
  if (!user.groups.includes(READ_ONLY_GROUP)) return undefined;
  // A console, a port and a dump are more than reading.
  const plain = wanted.subresource === undefined || wanted.subresource === "status" ||
    wanted.subresource === "scale";
  const readable = READING.has(wanted.verb) && plain && wanted.resource !== "secrets";
  return readable ? "role view" : undefined;
}

/** Paths that say nothing about anybody's objects. */
export function isPublicPath(path: string): boolean {
  return /^\/(healthz|livez|readyz)(\/|$)/.test(path) || path === "/version";
}
