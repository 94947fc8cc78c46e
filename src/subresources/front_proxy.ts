/** Whom the aggregator's headers are believed from, as the API server publishes it. */
import type { KubeObject } from "../kube/object.ts";
import type { TlsRequest } from "../runtime/mutual_tls_server.ts";

/** Namespace and name of the ConfigMap. */
export const FRONT_PROXY_CONFIG = {
  namespace: "kube-system",
  name: "extension-apiserver-authentication",
};

export interface FrontProxyConfigMap extends KubeObject {
  data?: Record<string, string>;
}

export interface FrontProxy {
  /** PEM bundle; empty when aggregation is not set up, and then nobody is believed. */
  clientCa: string;
  allowedNames: readonly string[];
  usernameHeaders: readonly string[];
  groupHeaders: readonly string[];
  extraHeaderPrefixes: readonly string[];
  uidHeaders: readonly string[];
}

/** The caller behind the front proxy. */
export interface UserIdentity {
  user: string;
  groups: readonly string[];
  uid?: string;
  extra: Readonly<Record<string, readonly string[]>>;
}

/** Lists are JSON inside strings there. Throws when one is not: half a configuration must not be acted on. */
export function readFrontProxy(configMap: FrontProxyConfigMap | undefined): FrontProxy {
  const data = configMap?.data ?? {};
  return {
    clientCa: data["requestheader-client-ca-file"] ?? "",
    allowedNames: list(data, "requestheader-allowed-names"),
    usernameHeaders: lower(list(data, "requestheader-username-headers")),
    groupHeaders: lower(list(data, "requestheader-group-headers")),
    extraHeaderPrefixes: lower(list(data, "requestheader-extra-headers-prefix")),
    uidHeaders: lower(list(data, "requestheader-uid-headers")),
  };
}

/**
 * Who the headers say is calling; `undefined` for nobody. Believed only from a caller whose client certificate was
 * verified: the server guarantees that by `peer`.
 */
export function identityOf(request: TlsRequest, proxy: FrontProxy): UserIdentity | undefined {
  if (request.peer === undefined) return undefined;
  const user = firstValue(request, proxy.usernameHeaders);
  if (user === undefined || user === "") return undefined;
  const uid = firstValue(request, proxy.uidHeaders);
  const groups = proxy.groupHeaders.flatMap((name) => request.headers.get(name) ?? []);
  return {
    user,
    groups,
    ...(uid === undefined ? {} : { uid }),
    extra: extraOf(request, proxy.extraHeaderPrefixes),
  };
}

function extraOf(
  request: TlsRequest,
  prefixes: readonly string[],
): Record<string, readonly string[]> {
  const extra: [string, readonly string[]][] = [];
  for (const [name, values] of request.headers) {
    const prefix = prefixes.find((one) => name.startsWith(one));
    if (prefix !== undefined) extra.push([decode(name.slice(prefix.length)), values]);
  }
  return Object.fromEntries(extra);
}

/** Keys come percent-encoded; what is not, is taken as it is. */
function decode(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function firstValue(request: TlsRequest, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = request.headers.get(name)?.[0];
    if (value !== undefined) return value;
  }
  return undefined;
}

function list(data: Readonly<Record<string, string>>, key: string): string[] {
  const text = data[key];
  if (text === undefined || text === "") return [];
  const value: unknown = JSON.parse(text);
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw new TypeError(`Cannot read ${key}: must be a list of strings: got ${text}`);
}

function lower(names: readonly string[]): string[] {
  return names.map((name) => name.toLowerCase());
}
