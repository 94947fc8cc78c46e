/** The certificate authority of an installation, as it is kept in a Secret. */
import type { KubeObject } from "../kube/object.ts";
import { AUTHORITY_LIFE_MS, type AuthorityAction, decideAuthority, type Life } from "./decide.ts";
import { CLOCK_SKEW_MS, createAuthority, type KeyPairPem, readValidity } from "./x509.ts";

/** Name of the Secret with the keys, and of the ConfigMap with the bundle. */
export const AUTHORITY_NAME = "kubevirt-ca";
/** Key of the bundle in the ConfigMap, as upstream. */
export const BUNDLE_KEY = "ca-bundle";

/** What signs now, what will sign next, and what signed before. */
export interface Authority {
  current: KeyPairPem;
  next?: KeyPairPem;
  /** Certificate only: its key is forgotten when it stops signing. */
  previous?: string;
}

export interface AuthoritySecret extends KubeObject {
  type?: string;
  data?: Record<string, string>;
}

/** Reads the Secret. `undefined` when it holds no usable authority: it is then filled anew. */
export function readAuthority(secret: AuthoritySecret | undefined): Authority | undefined {
  const data = secret?.data ?? {};
  const current = readPair(data["tls.crt"], data["tls.key"]);
  if (current === undefined) return undefined;
  const next = readPair(data["next.crt"], data["next.key"]);
  const previous = readText(data["previous.crt"]);
  return {
    current,
    ...(next === undefined ? {} : { next }),
    ...(previous === undefined || lifeOf(previous) === undefined ? {} : { previous }),
  };
}

/** The `data` of the Secret. */
export function authorityData(authority: Authority): Record<string, string> {
  return {
    "tls.crt": btoa(authority.current.certificate),
    "tls.key": btoa(authority.current.key),
    ...(authority.next === undefined ? {} : {
      "next.crt": btoa(authority.next.certificate),
      "next.key": btoa(authority.next.key),
    }),
    ...(authority.previous === undefined ? {} : { "previous.crt": btoa(authority.previous) }),
  };
}

/** What everybody believes: the present, the next and the previous authority, as far as they are valid. */
export function bundleOf(authority: Authority, nowMs: number): string {
  return [authority.current.certificate, authority.next?.certificate, authority.previous]
    .filter((pem) => pem !== undefined)
    .filter((pem, index) => index === 0 || nowMs < (lifeOf(pem)?.notAfterMs ?? 0))
    .map((pem) => `${pem.trim()}\n`)
    .join("");
}

/** What is to be done with the authority now. */
export function dueAction(authority: Authority | undefined, nowMs: number): AuthorityAction {
  return decideAuthority({
    nowMs,
    current: authority && lifeOf(authority.current.certificate),
    next: authority?.next && lifeOf(authority.next.certificate),
  });
}

/** The authority after an action. The names tell generations apart, so that no chain is built over the wrong one. */
export function advanceAuthority(
  authority: Authority | undefined,
  options: { action: AuthorityAction; nowMs: number },
): Authority | undefined {
  const { action, nowMs } = options;
  if (action === "keep") return authority;
  if (action === "create") {
    const previous = authority?.current.certificate;
    return { current: mint(nowMs), ...(previous === undefined ? {} : { previous }) };
  }
  if (authority === undefined) return undefined;
  if (action === "publish_next") return { ...authority, next: mint(nowMs) };
  if (authority.next === undefined) return authority;
  return { current: authority.next, previous: authority.current.certificate };
}

/** When a PEM certificate is valid; `undefined` when it cannot be read. */
export function lifeOf(pem: string): Life | undefined {
  try {
    const { notBefore, notAfter } = readValidity(pem);
    return { notBeforeMs: notBefore.getTime(), notAfterMs: notAfter.getTime() };
  } catch {
    return undefined;
  }
}

function mint(nowMs: number): KeyPairPem {
  return createAuthority(`kubevirt.io@${Math.floor(nowMs / 1000)}`, {
    notBefore: new Date(nowMs - CLOCK_SKEW_MS),
    notAfter: new Date(nowMs + AUTHORITY_LIFE_MS),
  });
}

function readPair(
  certificate: string | undefined,
  key: string | undefined,
): KeyPairPem | undefined {
  const pair = { certificate: readText(certificate), key: readText(key) };
  if (pair.certificate === undefined || pair.key === undefined) return undefined;
  if (lifeOf(pair.certificate) === undefined) return undefined;
  return { certificate: pair.certificate, key: pair.key };
}

function readText(base64: string | undefined): string | undefined {
  if (base64 === undefined || base64 === "") return undefined;
  try {
    return atob(base64);
  } catch {
    return undefined;
  }
}
