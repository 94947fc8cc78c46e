/**
 * What the controller needs in the control plane of a kubeconfig: the manifests of deploy/, an account's credentials and a
 * Service that leads to this machine. The API server runs on this machine too and reaches the controller through the
 * Service, which here is a name for the loopback address (so aggregator routing must be off).
 */
import { KubeError, NotFoundError, type Resource } from "../../src/kube/client.ts";
import {
  API_SERVICES,
  MUTATING_WEBHOOK_CONFIGURATIONS,
  SERVICES,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
} from "../../src/kube/core_resources.ts";
import { type Connection, kubeconfigConnection } from "../../src/kube/connection.ts";
import { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject, ObjectKey } from "../../src/kube/object.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { accountConnection, type AccountOptions } from "./account.ts";
import { applyManifests, installDefinitions } from "./manifests.ts";

const NAMESPACE = "kubevirt";
/** Where controllers listen. */
export const ADDRESS = "127.0.0.1";
const READY_TIMEOUT_MS = 180_000;
/** Objects by which the API server calls the controller. */
const CALLERS: readonly [Resource, ObjectKey][] = [
  [MUTATING_WEBHOOK_CONFIGURATIONS, { name: "virt-api-mutator" }],
  [VALIDATING_WEBHOOK_CONFIGURATIONS, { name: "virt-api-validator" }],
  [API_SERVICES, { name: "v1.subresources.kubevirt.io" }],
  [API_SERVICES, { name: "v1alpha3.subresources.kubevirt.io" }],
];
const MANIFESTS = [
  "namespace.yaml",
  "controller_rbac.yaml",
  "node_rbac.yaml",
  "node_policy.yaml",
  "user_roles.yaml",
  "webhooks.yaml",
  "api_services.yaml",
];

interface ApiService extends KubeObject {
  status?: { conditions?: { type: string; status: string; message?: string }[] };
}

/** What else a program is to take for the API server. */
export type Way = Partial<Pick<Connection, "server" | "caCerts">>;

type BoundNode = AccountOptions["boundNode"];

/** To be held with `await using`: afterwards nobody asks a controller any more. */
export class ControllerInstallation implements AsyncDisposable {
  /** Of a cluster administrator. */
  readonly admin: FetchClient;
  readonly connection: Connection;
  /** Where the API server asks for the controller. */
  readonly port: number;
  readonly #directory: string;

  private constructor(
    parts: { admin: FetchClient; connection: Connection; port: number; directory: string },
  ) {
    this.admin = parts.admin;
    this.connection = parts.connection;
    this.port = parts.port;
    this.#directory = parts.directory;
  }

  static async create(kubeconfig: string): Promise<ControllerInstallation> {
    const connection = await kubeconfigConnection(kubeconfig);
    const admin = new FetchClient({ connection, userAgent: "denovirt-test/0" });
    await installDefinitions(admin);
    await applyManifests(admin, MANIFESTS);
    const port = freePort(ADDRESS);
    await publishEndpoint(admin, port);
    const directory = await Deno.makeTempDir();
    return new ControllerInstallation({ admin, connection, port, directory });
  }

  /** With the token of one of the installation's accounts, if asked bound to a node. */
  async connectionOf(account: string, boundNode?: BoundNode): Promise<Connection> {
    const { admin, connection } = this;
    return await accountConnection(admin, { connection, account, boundNode });
  }

  async clientOf(account: string, boundNode?: BoundNode): Promise<FetchClient> {
    const connection = await this.connectionOf(account, boundNode);
    return new FetchClient({ connection, userAgent: "denovirt-test/0" });
  }

  /** A kubeconfig of the controller's account; `way` leads through something on the way to the API server. */
  async writeKubeconfig(way: Way = {}): Promise<string> {
    const own = await this.connectionOf("denovirt-controller");
    const path = await Deno.makeTempFile({ dir: this.#directory, suffix: ".kubeconfig" });
    await Deno.writeTextFile(path, await kubeconfigText({ ...own, ...way }));
    return path;
  }

  /** Resolves when the API server reaches a controller; gives up when that has ended. */
  async untilAvailable(ended: () => boolean = () => false): Promise<void> {
    for (const version of ["v1", "v1alpha3"]) await untilAvailable(this.admin, version, ended);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await uninstall(this.admin);
    this.admin[Symbol.dispose]();
    await Deno.remove(this.#directory, { recursive: true });
  }
}

/** A port that nobody listens on now. */
export function freePort(hostname: string): number {
  using listener = Deno.listen({ hostname, port: 0 });
  return listener.addr.port;
}

/** What others' tests must not meet: from now on nobody asks the controller. */
async function uninstall(admin: FetchClient): Promise<void> {
  for (const [resource, key] of CALLERS) await admin.delete(resource, key);
  await admin.delete(SERVICES, { namespace: NAMESPACE, name: "virt-api" });
}

/** The API server uses the port of the reference when the Service is only a name. */
async function publishEndpoint(admin: FetchClient, port: number): Promise<void> {
  await admin.delete(SERVICES, { namespace: NAMESPACE, name: "virt-api" });
  const metadata = { name: "virt-api" };
  const spec = { type: "ExternalName", externalName: ADDRESS };
  await admin.create(SERVICES, { metadata, spec }, { namespace: NAMESPACE });
  for (const [resource, key] of CALLERS) {
    const object = await admin.get<KubeObject & { webhooks?: unknown[] }>(resource, key);
    const path = (index: number) => `/webhooks/${index}/clientConfig/service/port`;
    const paths = object?.webhooks?.map((_, index) => path(index)) ?? ["/spec/service/port"];
    const patch = paths.map((each) => ({ op: "add", path: each, value: port }));
    await admin.patch(resource, key, patch, { type: "json" });
  }
}

/** For another program. */
export async function kubeconfigText(connection: Connection): Promise<string> {
  const token = (await connection.authorization?.() ?? "").replace("Bearer ", "");
  const ca = btoa(connection.caCerts.join("\n"));
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{
      name: "test",
      cluster: { server: connection.server, "certificate-authority-data": ca },
    }],
    users: [{ name: "test", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    "current-context": "test",
  });
}

async function untilAvailable(
  admin: FetchClient,
  version: string,
  ended: () => boolean,
): Promise<void> {
  await waitUntil({
    what: `the aggregated API ${version} to be available`,
    timeoutMs: READY_TIMEOUT_MS,
    look: async () => {
      const name = `${version}.subresources.kubevirt.io`;
      const service = await admin.get<ApiService>(API_SERVICES, { name });
      if (service === undefined) throw new NotFoundError(404, {}, `no APIService ${name}`);
      return service.status?.conditions?.find(({ type }) => type === "Available");
    },
    until: (condition) => condition?.status === "True",
    hopeless: () => ended() ? "the controller has ended" : undefined,
  });
  // Its proxy learns of the condition from a watch of its own, so it refuses for a moment what is said to be available.
  await waitUntil({
    what: `the API server to pass on requests for the aggregated API ${version}`,
    timeoutMs: READY_TIMEOUT_MS,
    look: () => isPassedOn(admin, `/apis/subresources.kubevirt.io/${version}`),
    until: (isPassed) => isPassed,
    hopeless: () => ended() ? "the controller has ended" : undefined,
  });
}

async function isPassedOn(admin: FetchClient, path: string): Promise<boolean> {
  try {
    await admin.raw("GET", path);
    return true;
  } catch (error) {
    if (error instanceof KubeError && error.code === 503) return false;
    throw error;
  }
}
