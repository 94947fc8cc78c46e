/**
 * Webhooks and the aggregated API on API servers, and what src/controller.ts as a process of a cluster has besides: certificates,
 * replicas, agents behind a network; see controller_process.ts.
 */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { request as httpsRequest } from "node:https";
// @ts-types="@types/ws"
import WebSocket from "ws";
import { VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "../../src/api/registry.ts";
import type { VirtualMachine } from "../../src/api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import { readBundle } from "../../src/certificates/bundle.ts";
import { requestNodeCertificate } from "../../src/certificates/node_request.ts";
import { CertificateStore } from "../../src/certificates/store.ts";
import { mintStranger } from "../../src/certificates/stranger.ts";
import { isSignedBy } from "../../src/certificates/x509.ts";
import { InvalidError, KubeError } from "../../src/kube/client.ts";
import {
  CONFIG_MAPS,
  MUTATING_WEBHOOK_CONFIGURATIONS,
  NAMESPACES,
  NODES,
  PODS,
  SECRETS,
  SERVICE_ACCOUNTS,
} from "../../src/kube/core_resources.ts";
import type { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import { BUILT_IN_DEFAULTS } from "../../src/resources/cluster_defaults.ts";
import { SYSTEM_CLOCK } from "../../src/runtime/clock.ts";
import { JsonLogger } from "../../src/runtime/log.ts";
import { MutualTlsServer } from "../../src/runtime/mutual_tls_server.ts";
import { AgentClient } from "../../src/subresources/agent_client.ts";
import { readFrontProxy } from "../../src/subresources/front_proxy.ts";
import { SubresourceServer } from "../../src/subresources/server.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { type ControllerProcess, startController } from "./controller_process.ts";
import { EMBEDDED, type Installation } from "./installations.ts";
import { playKubelet } from "./played_kubelet.ts";

const BASE = "/apis/subresources.kubevirt.io/v1";
/** A loopback address of its own, so that the agent's port is free there. */
const AGENT_ADDRESS = "127.77.0.2";
const AGENT_PORT = 8186;
const TIMEOUT_MS = 30_000;

function vm(name: string, spec: Partial<VirtualMachine["spec"]> = {}): Record<string, unknown> {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name },
    spec: {
      runStrategy: "Halted",
      template: {
        spec: {
          domain: {
            memory: { guest: "64Mi" },
            devices: {
              disks: [{ name: "root", disk: { bus: "virtio" } }],
              interfaces: [{ name: "default", masquerade: {} }],
            },
          },
          networks: [{ name: "default", pod: {} }],
          volumes: [{ name: "root", containerDisk: { image: "denovirt.local/debian-guest:dev" } }],
          schedulerName: "nobody",
        },
      },
      ...spec,
    },
  };
}

class Bench<T extends Installation = Installation> {
  readonly controller: T;
  readonly namespace: string;

  constructor(controller: T, namespace: string) {
    this.controller = controller;
    this.namespace = namespace;
  }

  get admin(): FetchClient {
    return this.controller.admin;
  }

  async create(object: Record<string, unknown>): Promise<VirtualMachine> {
    return await this.admin.create<VirtualMachine>(VIRTUAL_MACHINES, object, {
      namespace: this.namespace,
    });
  }

  async vm(name: string): Promise<VirtualMachine | undefined> {
    return await this.admin.get<VirtualMachine>(VIRTUAL_MACHINES, this.key(name));
  }

  async vmi(name: string): Promise<VirtualMachineInstance | undefined> {
    return await this.admin.get<VirtualMachineInstance>(
      VIRTUAL_MACHINE_INSTANCES,
      this.key(name),
    );
  }

  key(name: string): { namespace: string; name: string } {
    return { namespace: this.namespace, name };
  }

  /** A verb through the aggregator; the error otherwise. */
  async call(resource: string, verb: string, body: unknown = {}): Promise<KubeError | undefined> {
    const [plural, name] = resource.split("/");
    const path = `${BASE}/namespaces/${this.namespace}/${plural}/${name}/${verb}`;
    try {
      await this.admin.raw("PUT", path, { body });
      return undefined;
    } catch (error) {
      if (error instanceof KubeError) return error;
      throw error;
    }
  }

  async until<T>(what: string, look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
    return await waitUntil({ what, timeoutMs: TIMEOUT_MS, look, until: holds });
  }
}

Deno.test({
  name: `controller: serves admission and the aggregated API of a real API server${SKIP_NOTE}`,
  ignore: TEST_KUBECONFIG === undefined,
  fn: async (test) => {
    await using controller = await startController(TEST_KUBECONFIG ?? "");
    await play(test, controller, [...STEPS, ...STEPS_OF_A_CLUSTER]);
  },
});

Deno.test("controller: serves admission and the aggregated API of the embedded API server", async (test) => {
  await using installation = await EMBEDDED.open();
  await play(test, installation, STEPS);
});

async function play<T extends Installation>(
  test: Deno.TestContext,
  controller: T,
  steps: readonly Step<T>[],
): Promise<void> {
  const namespace = `controller-${crypto.randomUUID().slice(0, 8)}`;
  const bench = new Bench(controller, namespace);
  await bench.admin.create(NAMESPACES, { metadata: { name: namespace } });
  await serviceAccount(bench);
  try {
    for (const [name, step] of steps) {
      if (await test.step(name, () => step(bench))) continue;
      Deno.stderr.writeSync(new TextEncoder().encode(controller.log()));
      break;
    }
  } finally {
    await bench.admin.delete(NAMESPACES, { name: namespace });
  }
}

/** Pods need it, and a control plane without its controllers does not make it. */
async function serviceAccount(bench: Bench): Promise<void> {
  try {
    await bench.admin.create(SERVICE_ACCOUNTS, { metadata: { name: "default" } }, {
      namespace: bench.namespace,
    });
  } catch (error) {
    if (!(error instanceof KubeError && error.reason === "AlreadyExists")) throw error;
  }
}

type Step<T extends Installation = Installation> = [string, (bench: Bench<T>) => Promise<void>];

const STEPS: readonly Step[] = [
  ["discovery says what is served", discovery],
  ["a bad VM is refused with the path of each bad field", refusal],
  ["a good VM gets its defaults", defaults],
  ["start and stop change the run strategy", startAndStop],
  ["Manual is started and restarted by requests", manual],
  ["a user may not write the status of a VMI", statusGuard],
];

const STEPS_OF_A_CLUSTER: readonly Step<ControllerProcess>[] = [
  ["a caller without the front proxy's certificate is nobody", strangers],
  ["a user without the right gets 401 and the reason", denied],
  ["a node's agent gets a certificate, and for no other node", nodeCertificates],
  ["pause and console reach the node's agent", agent],
  ["bundles that were lost are put back", injection],
  ["replicas that start together agree on one authority", race],
  ["SIGTERM ends it cleanly", shutdown],
];

async function discovery({ admin }: Bench): Promise<void> {
  const list = await admin.raw("GET", BASE) as { resources: { name: string }[] };
  assert.deepEqual(list.resources.map(({ name }) => name).sort(), [
    "expand-vm-spec",
    "virtualmachineinstances/console",
    "virtualmachineinstances/pause",
    "virtualmachineinstances/portforward",
    "virtualmachineinstances/unpause",
    "virtualmachines/expand-spec",
    "virtualmachines/migrate",
    "virtualmachines/portforward",
    "virtualmachines/restart",
    "virtualmachines/start",
    "virtualmachines/stop",
  ]);
  const version = await admin.raw("GET", `${BASE}/version`) as { gitVersion: string };
  assert.match(version.gitVersion, /^v1\.9\.0-denovirt\./);
  const health = await admin.raw("GET", `${BASE}/healthz`) as {
    apiserver: { connectivity: string };
  };
  assert.equal(health.apiserver.connectivity, "ok");
  const old = await admin.raw("GET", "/apis/subresources.kubevirt.io/v1alpha3") as {
    groupVersion: string;
  };
  assert.equal(old.groupVersion, "subresources.kubevirt.io/v1alpha3");
}

async function refusal(bench: Bench): Promise<void> {
  const object = vm("bad", {
    running: true,
    runStrategy: "Sometimes",
    template: {
      spec: {
        domain: { memory: { guest: "64Mi" }, devices: { disks: [{ name: "ghost" }] } },
        hostname: "not.a.label",
      },
    },
  });
  const error = await bench.create(object).then(() => undefined, (thrown) => thrown);
  assert.ok(error instanceof InvalidError, String(error));
  assert.deepEqual(error.status.details?.causes?.map((cause) => cause.field), [
    "spec.running",
    "spec.runStrategy",
    "spec.template.spec.domain.devices.disks[0].name",
    "spec.template.spec.hostname",
  ]);
}

async function defaults(bench: Bench): Promise<void> {
  const made = await bench.create(vm("good"));
  const spec = made.spec.template.spec;
  assert.equal(spec?.architecture, "amd64");
  assert.equal(spec?.domain.machine?.type, "q35");
  assert.match(spec?.domain.firmware?.uuid ?? "", /^[0-9a-f-]{36}$/);
  assert.ok(
    made.metadata.finalizers?.includes("kubevirt.io/virtualMachineControllerFinalize"),
  );
}

async function startAndStop(bench: Bench): Promise<void> {
  assert.equal(await bench.call("virtualmachines/good", "start", { dryRun: ["All"] }), undefined);
  assert.equal((await bench.vm("good"))?.spec.runStrategy, "Halted");
  assert.equal(await bench.call("virtualmachines/good", "start"), undefined);
  assert.equal((await bench.vm("good"))?.spec.runStrategy, "Always");
  const vmi = await bench.until("a VMI", () => bench.vmi("good"), (seen) => seen !== undefined);
  assert.equal(vmi?.spec.domain.cpu?.sockets, 1);
  const finalizers = vmi?.metadata.finalizers ?? [];
  assert.ok(finalizers.includes("kubevirt.io/foregroundDeleteVirtualMachine"));
  assert.equal(await bench.call("virtualmachines/good", "stop"), undefined);
  assert.equal((await bench.vm("good"))?.spec.runStrategy, "Halted");
  await bench.until("no VMI", () => bench.vmi("good"), (seen) => seen === undefined);
  const again = await bench.call("virtualmachines/good", "restart");
  assert.equal(again?.code, 409);
  assert.match(again?.message ?? "", /RunStategy Halted does not support manual restart requests/);
  const missing = await bench.call("virtualmachines/nothing", "start");
  assert.equal(missing?.code, 404);
}

async function manual(bench: Bench): Promise<void> {
  await bench.create(vm("manual", { runStrategy: "Manual" }));
  assert.equal(await bench.call("virtualmachines/manual", "start"), undefined);
  const first = await bench.until(
    "a VMI",
    () => bench.vmi("manual"),
    (seen) => (seen?.status?.phase ?? "Pending") !== "Pending",
  );
  const again = await bench.call("virtualmachines/manual", "start");
  assert.match(again?.message ?? "", /VM is already running/);
  assert.equal(await bench.call("virtualmachines/manual", "restart"), undefined);
  await bench.until(
    "another VMI",
    () => bench.vmi("manual"),
    (seen) => seen !== undefined && seen.metadata.uid !== first?.metadata.uid,
  );
  await bench.admin.delete(VIRTUAL_MACHINES, bench.key("manual"));
  await bench.until("no VM", () => bench.vm("manual"), (seen) => seen === undefined);
}

function instance(name: string): Record<string, unknown> {
  const { template } = vm(name).spec as VirtualMachine["spec"];
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name },
    spec: template.spec,
  };
}

async function statusGuard(bench: Bench): Promise<void> {
  const { admin, controller, namespace } = bench;
  const vmi = await admin.create<VirtualMachineInstance>(
    VIRTUAL_MACHINE_INSTANCES,
    { ...instance("guarded"), status: { phase: "Running" } },
    { namespace },
  );
  assert.equal(vmi.status?.phase, "Pending");
  const patch = { status: { reason: "written" } };
  await assert.rejects(
    admin.patch(VIRTUAL_MACHINE_INSTANCES, bench.key("guarded"), patch),
    (error) =>
      error instanceof InvalidError && error.status.details?.causes?.[0]?.field === "status",
  );
  using installation = await controller.clientOf("denovirt-controller");
  const written = await installation.patch<VirtualMachineInstance>(
    VIRTUAL_MACHINE_INSTANCES,
    bench.key("guarded"),
    patch,
  );
  assert.equal(written.status?.reason, "written");
  await admin.delete(VIRTUAL_MACHINE_INSTANCES, bench.key("guarded"));
}

async function strangers({ controller }: Bench<ControllerProcess>): Promise<void> {
  const options = {
    hostname: controller.address,
    port: controller.port,
    path: `${BASE}/namespaces/default/virtualmachines/x/start`,
    method: "PUT",
    headers: { "x-remote-user": "admin", "x-remote-group": "system:masters" },
    rejectUnauthorized: false,
    agent: false as const,
  };
  const bundle = await frontProxyCa(controller.admin);
  const { credential: stranger } = await mintStranger({
    credential: { certificate: "", key: "" },
    clientCas: [bundle],
    allowedCommonNames: ["front-proxy-client"],
  });
  const identities = [{}, { cert: stranger.certificate, key: stranger.key }];
  for (const identity of identities) {
    const status = await new Promise<number>((resolve, reject) => {
      const request = httpsRequest({ ...options, ...identity }, (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode ?? 0));
      });
      request.on("error", reject);
      request.end();
    });
    assert.equal(status, 401);
  }
}

async function frontProxyCa(admin: FetchClient): Promise<string> {
  const key = { namespace: "kube-system", name: "extension-apiserver-authentication" };
  return readFrontProxy(await admin.get(CONFIG_MAPS, key)).clientCa;
}

/** The API server asks first, so our own question is asked in this process. */
async function denied({ admin, namespace }: Bench): Promise<void> {
  const configMap = { namespace: "kube-system", name: "extension-apiserver-authentication" };
  const proxy = readFrontProxy(await admin.get(CONFIG_MAPS, configMap));
  const trust = () => ({ credential: { certificate: "", key: "" }, authorities: [] });
  const server = new SubresourceServer({
    client: admin,
    agents: new AgentClient({ client: admin, trust }),
    sizes: { find: () => Promise.resolve({}), infer: () => Promise.resolve({}) },
    cluster: () => BUILT_IN_DEFAULTS,
    frontProxy: () => proxy,
    version: { gitVersion: "v0.0.0", gitCommit: "", buildDate: "", platform: "" },
    logger: new JsonLogger({ write: () => {} }),
  });
  const ask = (user: string, groups: string[]) =>
    server.handle({
      method: "PUT",
      path: `${BASE}/namespaces/${namespace}/virtualmachines/nothing/start`,
      query: new URLSearchParams(),
      headers: new Map([["x-remote-user", [user]], ["x-remote-group", groups]]),
      body: new Uint8Array(),
      peer: { commonName: "front-proxy-client" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  assert.equal((await ask("jane", ["system:authenticated"])).status, 401);
  assert.equal((await ask("root", ["system:masters"])).status, 404);
}

async function node({ admin }: Bench, name: string, ip: string): Promise<KubeObject> {
  await admin.delete(NODES, { name });
  const made = await admin.create<KubeObject>(NODES, { metadata: { name } });
  const status = { addresses: [{ type: "InternalIP", address: ip }] };
  await admin.patch(NODES, { name }, { status }, { subresource: "status" });
  return made;
}

async function nodeCertificates(bench: Bench<ControllerProcess>): Promise<void> {
  const { admin, controller } = bench;
  const { metadata: { name, uid } } = await node(bench, "test-agent", AGENT_ADDRESS);
  await node(bench, "test-other", "127.77.0.3");
  using agent = await controller.clientOf("denovirt-node", { name, uid });
  const options = { client: agent, clock: SYSTEM_CLOCK, log: new JsonLogger({ write: () => {} }) };
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const ips = [AGENT_ADDRESS];
  const own = await requestNodeCertificate({ ...options, nodeName: name, ips }, signal);
  const { subject, subjectAltName } = new X509Certificate(own.certificate);
  assert.equal(subject, "CN=system:denovirt-node:test-agent");
  assert.equal(subjectAltName, `IP Address:${AGENT_ADDRESS}`);
  const [authority = ""] = await readBundle(admin, { namespace: "kubevirt", signal });
  assert.ok(isSignedBy(own.certificate, authority));
  await assert.rejects(
    requestNodeCertificate({ ...options, nodeName: "test-other", ips: ["127.77.0.3"] }, signal),
    /must be bound to node test-other/,
  );
  await assert.rejects(
    requestNodeCertificate({ ...options, nodeName: name, ips: ["127.77.0.3"] }, signal),
    /not an address of the node/,
  );
  await admin.delete(NODES, { name: "test-other" });
}

/** The controllers' part of the road to Running is walked for real; the kubelet's and the agent's are played here. */
async function runOnTestNode(
  bench: Bench<ControllerProcess>,
  name: string,
  agent: FetchClient,
): Promise<void> {
  const { admin, namespace } = bench;
  const vmi = await admin.create<VirtualMachineInstance>(
    VIRTUAL_MACHINE_INSTANCES,
    instance(name),
    { namespace },
  );
  await playKubelet(admin, { vmi, nodeName: "test-agent" });
  await agent.patch(VIRTUAL_MACHINE_INSTANCES, bench.key(name), { status: { phase: "Running" } });
}

async function agent(bench: Bench<ControllerProcess>): Promise<void> {
  const { admin, controller, namespace } = bench;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const found = await admin.get<KubeObject>(NODES, { name: "test-agent" });
  assert.ok(found);
  const { name, uid } = found.metadata;
  using client = await controller.clientOf("denovirt-node", { name, uid });
  const credential = await requestNodeCertificate({
    client,
    clock: SYSTEM_CLOCK,
    log: new JsonLogger({ write: () => {} }),
    nodeName: name,
    ips: [AGENT_ADDRESS],
  }, signal);
  const paused: string[] = [];
  await using server = new MutualTlsServer({
    hostname: AGENT_ADDRESS,
    port: AGENT_PORT,
    trust: {
      credential,
      clientCas: await readBundle(client, { namespace: "kubevirt", signal }),
      allowedCommonNames: ["kubevirt.io:virt-api"],
    },
    stranger: mintStranger,
    isPublic: () => false,
    handle: (request) => {
      paused.push(`${request.peer?.commonName} ${request.method} ${request.path}`);
      return { status: 200 };
    },
    upgrade: () => ({
      protocol: "plain.kubevirt.io",
      accept: (socket) => {
        socket.send("login: ", { binary: true });
        socket.on("message", (data) => socket.send(`echo ${data}`, { binary: true }));
      },
    }),
  });
  await server.start();
  await runOnTestNode(bench, "talker", client);
  assert.equal(await bench.call("virtualmachineinstances/talker", "pause"), undefined);
  assert.deepEqual(paused, [
    `kubevirt.io:virt-api PUT /v1/namespaces/${namespace}/virtualmachineinstances/talker/pause`,
  ]);
  const refused = await bench.call("virtualmachineinstances/talker", "unpause");
  assert.match(refused?.message ?? "", /VMI is not paused/);
  assert.deepEqual(await converse(controller, `${namespace}/virtualmachineinstances/talker`), {
    protocol: "plain.kubevirt.io",
    heard: "login: echo root",
    code: 1000,
  });
  await admin.delete(VIRTUAL_MACHINE_INSTANCES, bench.key("talker"));
}

/** A console through the aggregator: waits for the prompt, types, reads the answer, hangs up. */
async function converse(
  controller: ControllerProcess,
  target: string,
): Promise<{ protocol: string; heard: string; code: number }> {
  const { server, caCerts, cert, key } = controller.connection;
  const url = `${server.replace(/^http/, "ws")}${BASE}/namespaces/${target}/console`;
  const socket = new WebSocket(url, ["plain.kubevirt.io"], {
    ca: caCerts,
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    perMessageDeflate: false,
  });
  let heard = "";
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  socket.on("error", reject);
  socket.on("close", resolve);
  socket.on("message", (data) => {
    heard += String(data);
    if (heard === "login: ") socket.send("root");
    if (heard.endsWith("echo root")) socket.close(1000);
  });
  const code = await promise;
  return { protocol: socket.protocol, heard, code };
}

async function injection(bench: Bench): Promise<void> {
  const { admin } = bench;
  const name = "virt-api-mutator";
  const bundleOf = async () => {
    const found = await admin.get<
      KubeObject & { webhooks: { clientConfig: { caBundle?: string } }[] }
    >(MUTATING_WEBHOOK_CONFIGURATIONS, { name });
    return found?.webhooks[0]?.clientConfig.caBundle;
  };
  const before = await bundleOf();
  assert.ok(before);
  const patch = [{ op: "remove", path: "/webhooks/0/clientConfig/caBundle" }];
  await admin.patch(MUTATING_WEBHOOK_CONFIGURATIONS, { name }, patch, { type: "json" });
  await bench.until("the bundle to be back", bundleOf, (seen) => seen === before);
  const secret = await admin.get<KubeObject & { type: string }>(SECRETS, {
    namespace: "kubevirt",
    name: "kubevirt-ca",
  });
  assert.equal(secret?.type, "kubernetes.io/tls");
}

async function race({ admin, namespace }: Bench): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const replica = () => new CertificateStore({ client: admin, namespace, now: () => new Date() });
  const seen = await Promise.all(Array.from({ length: 5 }, () => replica().ensure(signal)));
  const authorities = new Set(seen.map(({ authority }) => authority.current.certificate));
  assert.equal(authorities.size, 1);
  const published = await readBundle(admin, { namespace, signal });
  assert.deepEqual(published.map((pem) => pem.trim()), [...authorities].map((pem) => pem.trim()));
}

async function shutdown(bench: Bench<ControllerProcess>): Promise<void> {
  const { admin, namespace } = bench;
  await admin.delete(VIRTUAL_MACHINES, bench.key("good"));
  await bench.until("no VM", () => bench.vm("good"), (seen) => seen === undefined);
  // Nobody ends the pod that was bound by hand.
  const pods = await admin.list<KubeObject>(PODS, { namespace });
  for (const { metadata: { name } } of pods.items) {
    await admin.delete(PODS, bench.key(name), { gracePeriodSeconds: 0 });
  }
  await bench.until(
    "no VMI",
    () => admin.list(VIRTUAL_MACHINE_INSTANCES, { namespace }),
    (seen) => seen.items.length === 0,
  );
  await bench.admin.delete(NODES, { name: "test-agent" });
  assert.equal(await bench.controller.stop(), 0);
  assert.match(bench.controller.log(), /released the lease/);
}
