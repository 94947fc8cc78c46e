/**
 * Suites of the controllers run on both API servers: the real kube-apiserver, with the controller as a process, and the embedded
 * one, with what standalone runs beside it. Not on the embedded one:
 *
 * - access_test: roles are a cluster's, there are two users here
 * - node_credentials_test, and of controller_test all about certificates, the front proxy, replicas and leases: programs of a
 *   cluster prove to each other who they are, here they are one process
 * - quota_test's exceeded quota: quotas are kept and not enforced
 * - tests/faults, tests/leaks: they cut connections that are not there, or measure the controller as a process of its own
 */
import type { Connection } from "../../src/kube/connection.ts";
import { FetchClient } from "../../src/kube/fetch_client.ts";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import { JsonLogger } from "../../src/runtime/log.ts";
import { MetricsRegistry } from "../../src/runtime/metrics.ts";
import type { Agents } from "../../src/subresources/agent_client.ts";
import { NAMESPACES } from "../../src/kube/core_resources.ts";
import { ControlPlane, INSTALLATION } from "../../src/standalone/control_plane/control_plane.ts";
import { InProcessAdmission } from "../../src/standalone/control_plane/in_process_admission.ts";
import { InProcessSubresources } from "../../src/standalone/control_plane/in_process_subresources.ts";
import {
  listenForTests,
  openServerBed,
} from "../../src/standalone/apiserver/testing/server_bed.ts";
import type { AccountOptions } from "./account.ts";
import { startController } from "./controller_process.ts";
import { allDefinitions } from "./api_suite/embedded_subject.ts";

/** An API server with the controllers, webhooks and subresources at work. */
export interface Installation extends AsyncDisposable {
  /** Of an administrator. */
  admin: FetchClient;
  /** The same, to make one's own client of. */
  connection: Connection;
  /** As one of the installation's accounts. */
  clientOf(account: string, boundNode?: AccountOptions["boundNode"]): Promise<FetchClient>;
  log(): string;
}

export interface InstallationUnderTest {
  /** "on the embedded API server": for the name of the test. */
  where: string;
  embedded: boolean;
  ignore: boolean;
  open(): Promise<Installation>;
}

const REAL: InstallationUnderTest = {
  where: `on a real API server${SKIP_NOTE}`,
  embedded: false,
  ignore: TEST_KUBECONFIG === undefined,
  open: () => startController(TEST_KUBECONFIG ?? ""),
};

export const EMBEDDED: InstallationUnderTest = {
  where: "on the embedded API server",
  embedded: true,
  ignore: false,
  open: openEmbeddedInstallation,
};

export const INSTALLATIONS: readonly InstallationUnderTest[] = [REAL, EMBEDDED];

const NO_AGENTS: Agents = {
  put: () => Promise.reject(new Error("Cannot reach the agent: there is no node")),
  openConsole: () => Promise.reject(new Error("Cannot reach the agent: there is no node")),
};

async function openEmbeddedInstallation(): Promise<Installation> {
  await using stack = new AsyncDisposableStack();
  const admission = new InProcessAdmission();
  const subresources = new InProcessSubresources();
  const bed = stack.use(
    await openServerBed({
      definitions: allDefinitions(),
      admission,
      extensions: [subresources.extension],
    }),
  );
  let log = "";
  const system = stack.use(bed.server.client());
  const controlPlane = new ControlPlane({
    client: system,
    agents: NO_AGENTS,
    instance: "test",
    version: "0",
    logger: new JsonLogger({ level: "debug", write: (line) => void (log += line) }),
    metrics: new MetricsRegistry(),
  });
  admission.use(controlPlane.admission);
  subresources.use(controlPlane.subresources);
  const stop = new AbortController();
  const running = Promise.all([
    controlPlane.inform(stop.signal),
    controlPlane.run({ owners: stop.signal, instances: stop.signal }),
  ]);
  running.catch(() => {}); // told at the end
  stack.defer(async () => {
    stop.abort();
    await running;
  });
  await controlPlane.informed(stop.signal);
  const { admin: connection } = await listenForTests(bed.server);
  const admin = stack.use(new FetchClient({ connection, userAgent: "denovirt-test/0" }));
  await admin.create(NAMESPACES, { metadata: { name: INSTALLATION } });
  const kept = stack.move();
  return {
    admin,
    connection,
    clientOf: () => Promise.resolve(bed.server.client()),
    log: () => log,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
