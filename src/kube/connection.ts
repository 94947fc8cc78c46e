/**
 * Where the API server is and how to prove who we are: from a kubeconfig, or from what a pod is given.
 *
 * The kubeconfig is read here rather than by client-node: importing that package costs 1.3 s and 78 MB of RSS, because
 * it carries every generated model, and a kubeconfig is three short lists.
 */
import { dirname, resolve } from "node:path";
import { parse as parseYaml } from "yaml";
import { ServiceAccountToken } from "./service_account_token.ts";

/** A server, the TLS material, and what goes into the `Authorization` header. */
export interface Connection {
  /** Without a trailing slash; may have a path. */
  server: string;
  /** PEM; empty: the system's authorities. */
  caCerts: string[];
  /** PEM; both or none. */
  cert?: string;
  key?: string;
  /** Asked before each request, since tokens rotate. */
  authorization?: () => Promise<string>;
  /** The context's namespace, or the pod's. */
  namespace?: string;
}

/** Where the kubelet puts the pod's identity. */
export const SERVICE_ACCOUNT_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The connection of a pod. `host` and `port` are KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. */
export async function inClusterConnection(
  address: { host: string; port: string },
  directory: string = SERVICE_ACCOUNT_DIRECTORY,
): Promise<Connection> {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  const token = new ServiceAccountToken(`${directory}/token`);
  return {
    server: `https://${host}:${address.port}`,
    caCerts: [await readText(`${directory}/ca.crt`)],
    authorization: async () => `Bearer ${await token.read()}`,
    namespace: (await readText(`${directory}/namespace`)).trim(),
  };
}

/** The connection of a kubeconfig's current context, or of the named one. Exec plugins are refused by name. */
export async function kubeconfigConnection(
  path: string,
  options: { context?: string } = {},
): Promise<Connection> {
  const fail = (why: string) => new TypeError(`Cannot use kubeconfig "${path}": ${why}`);
  const config = section(parseYaml(await readText(path)));
  const contextName = options.context ?? string(config["current-context"]);
  const context = named(config, "contexts", contextName, "context");
  if (context === undefined) throw fail(`no such context: got "${contextName ?? ""}"`);
  const cluster = named(config, "clusters", string(context.cluster), "cluster");
  const server = string(cluster?.server);
  if (cluster === undefined || server === undefined) {
    throw fail(`context "${contextName}" names no cluster with a server`);
  }
  const user = named(config, "users", string(context.user), "user") ?? {};
  refuseUnsupported(cluster, user, fail);

  const at = dirname(resolve(path));
  const ca = await material(cluster, "certificate-authority", at);
  const cert = await material(user, "client-certificate", at);
  const key = await material(user, "client-key", at);
  if ((cert === undefined) !== (key === undefined)) {
    throw fail("a client certificate needs its key and the other way round");
  }
  const authorization = authorizationOf(user, at);
  const namespace = string(context.namespace);
  return {
    server: server.replace(/\/+$/, ""),
    caCerts: ca === undefined ? [] : [ca],
    ...(cert !== undefined && key !== undefined ? { cert, key } : {}),
    ...(authorization !== undefined ? { authorization } : {}),
    ...(namespace !== undefined ? { namespace } : {}),
  };
}

type Section = Record<string, unknown>;

/** Refusing is better than connecting otherwise than the file says. */
function refuseUnsupported(cluster: Section, user: Section, fail: (why: string) => Error): void {
  for (const field of ["insecure-skip-tls-verify", "tls-server-name", "proxy-url"]) {
    if (cluster[field]) throw fail(`cluster field "${field}" is not supported`);
  }
  for (const field of ["exec", "auth-provider", "as", "username"]) {
    if (user[field]) throw fail(`user field "${field}" is not supported`);
  }
}

function authorizationOf(user: Section, directory: string): (() => Promise<string>) | undefined {
  const token = string(user.token);
  if (token !== undefined) return () => Promise.resolve(`Bearer ${token}`);
  const path = string(user.tokenFile);
  if (path === undefined) return undefined;
  const file = new ServiceAccountToken(resolve(directory, path));
  return async () => `Bearer ${await file.read()}`;
}

/** `<field>-data` in base64, else the file that `<field>` names relative to the kubeconfig. */
async function material(
  from: Section,
  field: string,
  directory: string,
): Promise<string | undefined> {
  const data = string(from[`${field}-data`]);
  if (data !== undefined) return atob(data);
  const path = string(from[field]);
  return path === undefined ? undefined : await readText(resolve(directory, path));
}

function named(
  config: Section,
  list: string,
  name: string | undefined,
  field: string,
): Section | undefined {
  const entries = config[list];
  if (!Array.isArray(entries)) return undefined;
  const entry = entries.map(section).find((each) => each.name === name);
  return entry && section(entry[field]);
}

function section(value: unknown): Section {
  return typeof value === "object" && value !== null ? value as Section : {};
}

function string(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new Error(`Cannot read "${path}"`, { cause });
  }
}
