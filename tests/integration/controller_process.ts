/**
 * The controller as a process of this machine, installed into the control plane of DENOVIRT_TEST_KUBECONFIG with the
 * manifests of deploy/ and the rights of its own service account. The API server runs on this machine too and reaches it
 * through the Service, which here is a name for the loopback address (so aggregator routing must be off).
 */
import { NotFoundError, type Resource } from "../../src/kube/client.ts";
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

const ROOT = new URL("../../", import.meta.url).pathname;
const NAMESPACE = "kubevirt";
const ADDRESS = "127.0.0.1";
const READY_TIMEOUT_MS = 60_000;
const FROM_SOURCES = [
  Deno.execPath(),
  "run",
  "--no-check",
  "--allow-all",
  `${ROOT}src/controller.ts`,
];
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

export interface ControllerProcess extends AsyncDisposable {
  /** Of a cluster administrator. */
  admin: FetchClient;
  connection: Connection;
  /** Where the controller listens. */
  address: string;
  port: number;
  /** A client with the token of one of the installation's accounts, if asked bound to a node. */
  clientOf(account: string, boundNode?: AccountOptions["boundNode"]): Promise<FetchClient>;
  /** The same, to make one's own client of. */
  connectionOf(account: string, boundNode?: AccountOptions["boundNode"]): Promise<Connection>;
  pid: number;
  /** When it was executed, in milliseconds since the epoch. */
  executedAtMs: number;
  /** Everything it has logged so far. */
  log(): string;
  /** SIGTERM; resolves with its exit code. */
  stop(): Promise<number>;
}

export interface ControllerOptions {
  logLevel?: "debug" | "info";
  /** @default the sources, run by the Deno that runs the tests */
  program?: readonly string[];
  flags?: readonly string[];
}

/** Installs and starts it, and waits until the aggregated API is available. */
export async function startController(
  kubeconfig: string,
  { logLevel = "debug", program = FROM_SOURCES, flags = [] }: ControllerOptions = {},
): Promise<ControllerProcess> {
  const connection = await kubeconfigConnection(kubeconfig);
  const admin = new FetchClient({ connection, userAgent: "denovirt-test/0" });
  await installDefinitions(admin);
  await applyManifests(admin, MANIFESTS);
  const port = freePort(ADDRESS);
  await publishEndpoint(admin, port);
  const directory = await Deno.makeTempDir();
  const connectionOf = (account: string, boundNode?: AccountOptions["boundNode"]) =>
    accountConnection(admin, { connection, account, boundNode });
  const clientOf = async (account: string, boundNode?: AccountOptions["boundNode"]) =>
    new FetchClient({
      connection: await connectionOf(account, boundNode),
      userAgent: "denovirt-test/0",
    });
  const path = `${directory}/kubeconfig`;
  const own = await connectionOf("denovirt-controller");
  await Deno.writeTextFile(path, await kubeconfigText(own));
  const executedAtMs = Date.now();
  const child = new Deno.Command(program[0] ?? "", {
    args: [
      ...program.slice(1),
      "run",
      `--kubeconfig=${path}`,
      "--envelope-image=denovirt.local/envelope:dev",
      `--hostname=${ADDRESS}`,
      `--port=${port}`,
      `--log-level=${logLevel}`,
      ...flags,
    ],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let log = "";
  const copied = child.stderr.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({ write: (text) => void (log += text) }),
  );
  let stopped: Promise<number> | undefined;
  const stop = () =>
    stopped ??= (async () => {
      try {
        child.kill("SIGTERM");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // it ended by itself
      }
      const { code } = await child.status;
      await copied;
      return code;
    })();
  const controller: ControllerProcess = {
    admin,
    connection,
    address: ADDRESS,
    port,
    clientOf,
    connectionOf,
    pid: child.pid,
    executedAtMs,
    log: () => log,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await uninstall(admin);
      admin[Symbol.dispose]();
      await Deno.remove(directory, { recursive: true });
    },
  };
  try {
    let ended = false;
    void child.status.then(() => ended = true);
    await untilAvailable(admin, () => ended);
    return controller;
  } catch (cause) {
    await controller[Symbol.asyncDispose]();
    throw new Error(`Cannot start the controller: it said:\n${log}`, { cause });
  }
}

/** What others' tests must not meet: from now on nobody asks the controller. */
async function uninstall(admin: FetchClient): Promise<void> {
  for (const [resource, key] of CALLERS) await admin.delete(resource, key);
  await admin.delete(SERVICES, { namespace: NAMESPACE, name: "virt-api" });
}

function freePort(hostname: string): number {
  using listener = Deno.listen({ hostname, port: 0 });
  return listener.addr.port;
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

async function kubeconfigText(connection: Connection): Promise<string> {
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

async function untilAvailable(admin: FetchClient, ended: () => boolean): Promise<void> {
  for (const version of ["v1", "v1alpha3"]) {
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
  }
}
