/**
 * What an agent's credentials are good for, on a real API server with the RBAC and the policies of deploy/: each write that
 * an agent makes is done for its own node, and tried for another one's. A stolen token is to be worth no more than its node.
 */
import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_INSTANCES } from "../../src/api/registry.ts";
import { createSigningRequest, generateKeyPair } from "../../src/certificates/signing_request.ts";
import { nodeCommonName } from "../../src/certificates/node_request_decision.ts";
import { KubeError, NotFoundError, type Resource } from "../../src/kube/client.ts";
import { type Connection, kubeconfigConnection } from "../../src/kube/connection.ts";
import {
  CERTIFICATE_SIGNING_REQUESTS,
  CONFIG_MAPS,
  EVENTS,
  NAMESPACES,
  NODES,
  PODS,
  SECRETS,
  SERVICE_ACCOUNTS,
} from "../../src/kube/core_resources.ts";
import { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import { Heartbeat } from "../../src/node/heartbeat.ts";
import { nodeLabels } from "../../src/node/labels/node_labels.ts";
import { READINESS_GATE } from "../../src/node/virtual_machine_instance/readiness_gate.ts";
import { SYSTEM_CLOCK } from "../../src/runtime/clock.ts";
import { EventRecorder } from "../../src/runtime/event_recorder.ts";
import { SILENT_LOGGER } from "../../src/runtime/log.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { accountConnection } from "./account.ts";
import { kubeletConnection } from "./kubelet_identity.ts";
import { applyManifests, installDefinitions } from "./manifests.ts";

const TIMEOUT_MS = 60_000;
const OWN_FINALIZER = "kubevirt.io/foregroundDeleteVirtualMachine";
const FOREIGN_FINALIZER = "example.com/kept-by-somebody";
const GATE_OPEN = { type: READINESS_GATE, status: "True", lastProbeTime: null };

/** Two nodes with a guest each, and whoever tries something. */
class Bed {
  readonly admin: FetchClient;
  readonly connection: Connection;
  readonly id = crypto.randomUUID().slice(0, 8);
  readonly namespace = `credentials-${this.id}`;
  readonly own = `own-${this.id}`;
  readonly other = `other-${this.id}`;
  /** The agent of node `own`. */
  agent!: FetchClient;
  /** The same account, with a token that no node is bound to. */
  unbound!: FetchClient;
  /** The agent of node `own` under systemd, with the kubelet's identity. */
  kubelet!: FetchClient;

  constructor(admin: FetchClient, connection: Connection) {
    this.admin = admin;
    this.connection = connection;
  }

  key(name: string): { namespace: string; name: string } {
    return { namespace: this.namespace, name };
  }

  /** Tries a merge patch without leaving a trace. */
  async try(
    client: FetchClient,
    resource: Resource,
    name: string,
    patch: unknown,
    options: { subresource?: string } = {},
  ): Promise<unknown> {
    const key = resource.namespaced ? this.key(name) : { name };
    return await client.patch(resource, key, patch, { ...options, dryRun: true });
  }

  async instance(name: string): Promise<KubeObject> {
    const found = await this.admin.get<KubeObject>(VIRTUAL_MACHINE_INSTANCES, this.key(name));
    if (found === undefined) throw new Error(`Cannot find instance ${name}`);
    return found;
  }
}

interface Row {
  /** Completes "an agent …". */
  name: string;
  attempt: (bed: Bed) => Promise<unknown>;
  /** What the API server says; absent: it does it. */
  refusal?: (bed: Bed) => string;
}

// ---- what the agent does, for its own node -------------------------------------------------------------------------------

const ALLOWED: Row[] = [
  {
    name: "tells that its guest runs",
    attempt: async (bed) => {
      const { metadata: { uid, resourceVersion } } = await bed.instance("on-own");
      const patch = { metadata: { uid, resourceVersion }, status: { phase: "Running" } };
      return await bed.agent.patch(VIRTUAL_MACHINE_INSTANCES, bed.key("on-own"), patch);
    },
  },
  {
    name: "opens the readiness gate of its guest's pod",
    attempt: ({ agent, key }) =>
      agent.patch(PODS, key("launcher-own"), { status: { conditions: [GATE_OPEN] } }, {
        type: "strategic",
        subresource: "status",
      }),
  },
  { name: "sends heartbeats", attempt: ({ agent, own }) => heartbeat(agent, own) },
  {
    name: "labels its node with what guests can have",
    attempt: ({ agent, own }) =>
      agent.patch(NODES, { name: own }, { metadata: { labels: labellerLabels() } }),
  },
  {
    name: "takes its node's labels away again",
    attempt: ({ agent, own }) => {
      const labels = Object.fromEntries(Object.keys(labellerLabels()).map((key) => [key, null]));
      return agent.patch(NODES, { name: own }, { metadata: { labels } });
    },
  },
  {
    name: "records an event twice about its guest, and one about its node",
    attempt: async (bed) => {
      const instance = await bed.instance("on-own");
      const node = await bed.admin.get<KubeObject>(NODES, { name: bed.own });
      await record(bed.agent, bed.own, [instance, instance, node ?? instance]);
    },
  },
  {
    name: "asks for its serving certificate",
    attempt: async ({ agent, own }) =>
      await agent.create(
        CERTIFICATE_SIGNING_REQUESTS,
        await signingRequest(own, "denovirt.io/node-serving"),
        { dryRun: true },
      ),
  },
  {
    name: "ends an instance that is being deleted, with its final phase",
    attempt: async (bed) => {
      await bed.admin.delete(VIRTUAL_MACHINE_INSTANCES, bed.key("ending"));
      const patch = {
        metadata: { finalizers: [FOREIGN_FINALIZER] },
        status: { phase: "Succeeded" },
      };
      return await bed.agent.patch(VIRTUAL_MACHINE_INSTANCES, bed.key("ending"), patch);
    },
  },
  {
    name: "reads instances, launcher pods, its node and the installation's authorities",
    attempt: async ({ agent, own }) => {
      await agent.list(VIRTUAL_MACHINE_INSTANCES, {
        labelSelector: `kubevirt.io/nodeName=${own}`,
      });
      await agent.list(PODS, { fieldSelector: `spec.nodeName=${own}` });
      await agent.get(NODES, { name: own });
      await agent.get(CONFIG_MAPS, { namespace: "kubevirt", name: "kubevirt-ca" });
    },
  },
];

// ---- what whoever has the token of one node tries ------------------------------------------------------------------------

type Patch = Record<string, unknown>;

function instanceRow(
  name: string,
  { target, patch, refusal }: {
    target: string;
    patch: (bed: Bed) => Patch;
    refusal: (bed: Bed) => string;
  },
): Row {
  return {
    name,
    attempt: (bed) => bed.try(bed.agent, VIRTUAL_MACHINE_INSTANCES, target, patch(bed)),
    refusal,
  };
}

function podRow(name: string, target: string, status: Patch, refusal: (bed: Bed) => string): Row {
  const subresource = "status";
  return {
    name,
    attempt: (bed) => bed.try(bed.agent, PODS, target, status, { subresource }),
    refusal,
  };
}

function nodeRow(name: string, patch: Patch, refusal: string): Row {
  return {
    name,
    attempt: (bed) => bed.try(bed.agent, NODES, bed.own, patch),
    refusal: () => refusal,
  };
}

const FOREIGN_INSTANCE = ({ own, other }: Bed) =>
  `the instance belongs to node ${other}, not to ${own}`;

const REFUSED: Row[] = [
  instanceRow("ends the guest of another node", {
    target: "on-other",
    patch: () => ({ status: { phase: "Failed" } }),
    refusal: FOREIGN_INSTANCE,
  }),
  instanceRow("takes the guest of another node over", {
    target: "on-other",
    patch: ({ own }) => ({
      metadata: { labels: { "kubevirt.io/nodeName": own } },
      status: { nodeName: own },
    }),
    refusal: FOREIGN_INSTANCE,
  }),
  instanceRow("takes a finalizer of another node's instance away", {
    target: "on-other",
    patch: () => ({ metadata: { finalizers: [] } }),
    refusal: FOREIGN_INSTANCE,
  }),
  instanceRow("takes an instance that is on no node", {
    target: "on-none",
    patch: ({ own }) => ({
      metadata: { labels: { "kubevirt.io/nodeName": own } },
      status: { phase: "Scheduled", nodeName: own },
    }),
    refusal: ({ own }) => `the instance is handed over to no node, and not to ${own}`,
  }),
  instanceRow("writes an instance before it is handed over", {
    target: "not-yet",
    patch: () => ({ status: { phase: "Running" } }),
    refusal: () => `an instance in phase "Scheduling" is not handed over yet`,
  }),
  instanceRow("gives its guest to another node", {
    target: "on-own",
    patch: ({ other }) => ({ metadata: { labels: { "kubevirt.io/nodeName": other } } }),
    refusal: () => "the labels of an instance are not the node agent's to change",
  }),
  instanceRow("tells of another node that its guest is there", {
    target: "on-own",
    patch: ({ other }) => ({ status: { nodeName: other } }),
    refusal: () => "node and pods of an instance are not the node agent's to change",
  }),
  instanceRow("changes the spec of its guest", {
    target: "on-own",
    patch: () => ({ spec: { domain: { memory: { guest: "2Gi" } } } }),
    refusal: () => "the spec of an instance is not the node agent's to change",
  }),
  instanceRow("changes an annotation of its guest", {
    target: "on-own",
    patch: () => ({ metadata: { annotations: { "denovirt.io/epoch": "99" } } }),
    refusal: () => "the annotations of an instance are not the node agent's to change",
  }),
  instanceRow("gives its guest another owner", {
    target: "on-own",
    patch: () => ({
      metadata: { ownerReferences: [{ apiVersion: "v1", kind: "Secret", name: "x", uid: "x" }] },
    }),
    refusal: () => "the owners of an instance are not the node agent's to change",
  }),
  instanceRow("puts a finalizer on its guest", {
    target: "on-own",
    patch: () => ({
      metadata: { finalizers: [OWN_FINALIZER, FOREIGN_FINALIZER, "example.com/mine"] },
    }),
    refusal: () => "a node agent may not hold an instance by a finalizer",
  }),
  instanceRow("takes a finalizer away that somebody else put on", {
    target: "on-own",
    patch: () => ({ metadata: { finalizers: [OWN_FINALIZER] } }),
    refusal: () => "a node agent may not take a finalizer away that others have put on",
  }),
  instanceRow("lets an instance go that nobody deletes", {
    target: "on-own",
    patch: () => ({
      metadata: { finalizers: [FOREIGN_FINALIZER] },
      status: { phase: "Succeeded" },
    }),
    refusal: () =>
      "a node agent may let an instance go only when it is being deleted and its guest has ended",
  }),
  instanceRow("gives its guest back to the control plane", {
    target: "on-own",
    patch: () => ({ status: { phase: "Pending" } }),
    refusal: () => `an instance may not go from phase Running to "Pending"`,
  }),
  instanceRow("starts a guest again that has ended", {
    target: "ended",
    patch: () => ({ status: { phase: "Running" } }),
    refusal: () => `an instance may not go from phase Failed to "Running"`,
  }),
  {
    name: "deletes an instance",
    attempt: ({ agent, key }) => agent.delete(VIRTUAL_MACHINE_INSTANCES, key("on-own")),
    refusal: () => "cannot delete resource",
  },
  {
    name: "creates an instance",
    attempt: ({ agent, namespace, own }) =>
      agent.create(VIRTUAL_MACHINE_INSTANCES, instance("planted", { node: own }), { namespace }),
    refusal: () => "cannot create resource",
  },
  podRow(
    "opens the gate of another node's guest",
    "launcher-other",
    { status: { conditions: [GATE_OPEN] } },
    ({ own, other }) => `the pod is on node ${other}, not on ${own}`,
  ),
  podRow(
    "writes the status of a pod that is no launcher",
    "bystander",
    { status: { conditions: [GATE_OPEN] } },
    () => "the pod is not the launcher of an instance",
  ),
  podRow(
    "writes another condition of its guest's pod",
    "launcher-own",
    { status: { conditions: [GATE_OPEN, { type: "Ready", status: "True" }] } },
    () =>
      "of a pod's status only condition kubevirt.io/virtual-machine-unpaused is the node agent's to change",
  ),
  podRow(
    "takes the address of another pod",
    "launcher-own",
    { status: { podIP: "10.0.0.99", podIPs: [{ ip: "10.0.0.99" }] } },
    () => "of a pod's status only condition",
  ),
  podRow(
    "labels its guest's pod into a foreign Service",
    "launcher-own",
    { metadata: { labels: { app: "bank" } } },
    () => "the metadata of a pod is not the node agent's to change",
  ),
  {
    name: "changes the spec of a pod",
    attempt: (bed) =>
      bed.try(bed.agent, PODS, "launcher-own", { spec: { activeDeadlineSeconds: 1 } }),
    refusal: () => "cannot patch resource",
  },
  {
    name: "creates a pod",
    attempt: ({ agent, namespace, own }) =>
      agent.create(PODS, pod("planted", { node: own, labels: {} }), { namespace }),
    refusal: () => "cannot create resource",
  },
  {
    name: "takes another node out of scheduling",
    attempt: ({ agent, other }) => heartbeat(agent, other),
    refusal: ({ own, other }) => `node ${other} is not ${own}`,
  },
  nodeRow(
    "taints its node",
    { spec: { taints: [{ key: "example.com/mine", effect: "NoSchedule" }] } },
    "the spec of a node is not the node agent's to change",
  ),
  nodeRow(
    "keeps its node from being removed",
    { metadata: { finalizers: ["example.com/mine"] } },
    "finalizers and owners of a node are not the node agent's to change",
  ),
  nodeRow(
    "makes its node a control plane",
    { metadata: { labels: { "node-role.kubernetes.io/control-plane": "" } } },
    "of a node's labels only those of KubeVirt's node labeller are the node agent's to change",
  ),
  nodeRow(
    "takes a label away that others select by",
    { metadata: { labels: { zone: null } } },
    "of a node's labels only those of KubeVirt's node labeller",
  ),
  nodeRow(
    "changes a label that others select by",
    { metadata: { labels: { zone: "private" } } },
    "of a node's labels only those of KubeVirt's node labeller",
  ),
  nodeRow(
    "writes an annotation that others go by",
    { metadata: { annotations: { "cluster-autoscaler.kubernetes.io/scale-down-disabled": "1" } } },
    "of a node's annotations only kubevirt.io/heartbeat is the node agent's to change",
  ),
  {
    name: "writes the status of its node",
    attempt: (bed) =>
      bed.try(bed.agent, NODES, bed.own, { status: { capacity: { cpu: "1k" } } }, {
        subresource: "status",
      }),
    refusal: () => "cannot patch resource",
  },
  {
    name: "speaks in the name of another node",
    attempt: (bed) => tryEvent(bed, bed.agent, eventOf(bed, bed.other)),
    refusal: ({ own }) => `reportingInstance and source.host of an event must be ${own}`,
  },
  {
    name: "speaks in the name of the controller",
    attempt: (bed) => {
      const reportingComponent = "virt-controller";
      return tryEvent(bed, bed.agent, { ...eventOf(bed, bed.own), reportingComponent });
    },
    refusal: () => "reportingComponent and source.component of an event must be virt-handler",
  },
  {
    name: "speaks about another node",
    attempt: (bed) => {
      const { namespace, own, other } = bed;
      const involvedObject = { apiVersion: "v1", kind: "Node", namespace, name: other };
      return tryEvent(bed, bed.agent, { ...eventOf(bed, own), involvedObject });
    },
    refusal: ({ own }) => `an event must regard an instance or node ${own}`,
  },
  {
    name: "changes an event of another node",
    attempt: (bed) => bed.try(bed.agent, EVENTS, "by-other", eventOf(bed, bed.own)),
    refusal: ({ own }) => `the event is not one of ${own}`,
  },
  {
    name: "asks for a certificate of the cluster's own authority",
    attempt: async ({ agent, own }) => {
      const request = await signingRequest(own, "kubernetes.io/kube-apiserver-client");
      return await agent.create(CERTIFICATE_SIGNING_REQUESTS, request, { dryRun: true });
    },
    refusal: () => "a node agent asks for certificates of signer denovirt.io/node-serving alone",
  },
  {
    name: "reads a secret",
    attempt: ({ agent, key }) => agent.get(SECRETS, key("treasure")),
    refusal: () => "cannot get resource",
  },
  {
    name: "reads all secrets",
    attempt: ({ agent, namespace }) => agent.list(SECRETS, { namespace }),
    refusal: () => "cannot list resource",
  },
  {
    name: "reads the installation's keys",
    attempt: ({ agent }) => agent.get(SECRETS, { namespace: "kubevirt", name: "kubevirt-ca" }),
    refusal: () => "cannot get resource",
  },
  {
    name: "makes itself a token of the controller",
    attempt: ({ agent }) =>
      agent.raw("POST", "/api/v1/namespaces/kubevirt/serviceaccounts/denovirt-controller/token", {
        body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
      }),
    refusal: () => "cannot create resource",
  },
];

// ---- other identities ----------------------------------------------------------------------------------------------------

const UNBOUND = () => "the token of a node agent must be bound to a node";

const OTHER_IDENTITIES: Row[] = [
  {
    name: "with a token that is bound to no node writes no instance",
    attempt: (bed) =>
      bed.try(bed.unbound, VIRTUAL_MACHINE_INSTANCES, "on-own", { status: { phase: "Failed" } }),
    refusal: UNBOUND,
  },
  {
    name: "with a token that is bound to no node writes no pod",
    attempt: (bed) =>
      bed.try(bed.unbound, PODS, "launcher-own", { status: { conditions: [GATE_OPEN] } }, {
        subresource: "status",
      }),
    refusal: UNBOUND,
  },
  {
    name: "with a token that is bound to no node writes no node",
    attempt: ({ unbound, own }) => heartbeat(unbound, own),
    refusal: UNBOUND,
  },
  {
    name: "with a token that is bound to no node writes no event",
    attempt: (bed) => tryEvent(bed, bed.unbound, eventOf(bed, bed.own)),
    refusal: UNBOUND,
  },
  {
    name: "with a token that is bound to no node gets no certificate",
    attempt: async ({ unbound, own }) =>
      await unbound.create(
        CERTIFICATE_SIGNING_REQUESTS,
        await signingRequest(own, "denovirt.io/node-serving"),
        { dryRun: true },
      ),
    refusal: UNBOUND,
  },
  {
    name: "with the kubelet's identity tells of its guest",
    attempt: (bed) =>
      bed.try(bed.kubelet, VIRTUAL_MACHINE_INSTANCES, "on-own", {
        status: { conditions: [{ type: "Ready", status: "True" }] },
      }),
  },
  {
    name: "with the kubelet's identity opens the gate of its guest's pod",
    attempt: ({ kubelet, key }) =>
      kubelet.patch(PODS, key("launcher-own"), { status: { conditions: [GATE_OPEN] } }, {
        type: "strategic",
        subresource: "status",
        dryRun: true,
      }),
  },
  {
    name: "with the kubelet's identity sends heartbeats",
    attempt: ({ kubelet, own }) => heartbeat(kubelet, own),
  },
  {
    name: "with the kubelet's identity labels its node",
    attempt: (bed) =>
      bed.try(bed.kubelet, NODES, bed.own, { metadata: { labels: labellerLabels() } }),
  },
  {
    name: "with the kubelet's identity records events",
    attempt: (bed) => tryEvent(bed, bed.kubelet, eventOf(bed, bed.own)),
  },
  {
    name: "with the kubelet's identity asks for its serving certificate",
    attempt: async ({ kubelet, own }) =>
      await kubelet.create(
        CERTIFICATE_SIGNING_REQUESTS,
        await signingRequest(own, "denovirt.io/node-serving"),
        { dryRun: true },
      ),
  },
  {
    name: "with the kubelet's identity reads what it needs",
    attempt: async ({ kubelet, own }) => {
      await kubelet.list(VIRTUAL_MACHINE_INSTANCES, {
        labelSelector: `kubevirt.io/nodeName=${own}`,
      });
      await kubelet.list(PODS, {
        labelSelector: "kubevirt.io=virt-launcher",
        fieldSelector: `spec.nodeName=${own}`,
      });
      await kubelet.get(CONFIG_MAPS, { namespace: "kubevirt", name: "kubevirt-ca" });
    },
  },
  {
    name: "with the kubelet's identity ends the guest of another node",
    attempt: (bed) =>
      bed.try(bed.kubelet, VIRTUAL_MACHINE_INSTANCES, "on-other", { status: { phase: "Failed" } }),
    refusal: FOREIGN_INSTANCE,
  },
  {
    name: "with the kubelet's identity changes the spec of its guest",
    attempt: (bed) =>
      bed.try(bed.kubelet, VIRTUAL_MACHINE_INSTANCES, "on-own", {
        spec: { domain: { memory: { guest: "2Gi" } } },
      }),
    refusal: () => "the spec of an instance is not the node agent's to change",
  },
  {
    name: "with the kubelet's identity opens the gate of another node's guest",
    attempt: ({ kubelet, key }) =>
      kubelet.patch(PODS, key("launcher-other"), { status: { conditions: [GATE_OPEN] } }, {
        type: "strategic",
        subresource: "status",
        dryRun: true,
      }),
    refusal: () => "can only update pod status for pods with spec.nodeName set to itself",
  },
  {
    name: "with the kubelet's identity takes another node out of scheduling",
    attempt: ({ kubelet, other }) => heartbeat(kubelet, other),
    refusal: ({ own, other }) => `node "${own}" is not allowed to modify node "${other}"`,
  },
];

Deno.test({
  name: `node agents write their own node's objects alone${SKIP_NOTE}`,
  ignore: TEST_KUBECONFIG === undefined,
  fn: async (test) => {
    await using stack = new AsyncDisposableStack();
    const bed = await setUp(stack);
    for (const { name, attempt, refusal } of [...ALLOWED, ...REFUSED, ...OTHER_IDENTITIES]) {
      const outcome = refusal === undefined ? "allowed" : "refused";
      await test.step(`an agent ${name}: ${outcome}`, async () => {
        const error = await attempt(bed).then(() => undefined, (thrown) => thrown);
        if (refusal === undefined) assert.equal(error, undefined);
        else {
          assert.ok(error instanceof KubeError, `it was not refused: got ${error}`);
          assert.ok([403, 422].includes(error.code), `it failed otherwise: got ${error.message}`);
          assert.ok(
            error.message.includes(refusal(bed)),
            `the reason is another: ${error.message}`,
          );
        }
      });
    }
  },
});

// ---- writes --------------------------------------------------------------------------------------------------------------

async function heartbeat(client: FetchClient, nodeName: string): Promise<void> {
  const beating = new Heartbeat({
    client,
    nodeName,
    clock: SYSTEM_CLOCK,
    log: SILENT_LOGGER,
    events: { record: () => {} },
    missing: () => Promise.resolve([]),
  });
  await beating.beat(AbortSignal.timeout(TIMEOUT_MS));
}

function labellerLabels(): Record<string, string> {
  return nodeLabels({
    models: ["EPYC"],
    features: ["avx"],
    machines: ["q35"],
    hostModel: { name: "EPYC-Rome", vendor: "AMD", requiredFeatures: ["sse"] },
  }, new Set(["EPYC-Rome"]));
}

async function record(
  client: FetchClient,
  instance: string,
  regarded: readonly KubeObject[],
): Promise<void> {
  const warnings: unknown[] = [];
  const logger = { ...SILENT_LOGGER, warn: (...args: unknown[]) => void warnings.push(args) };
  const recorder = new EventRecorder({ client, component: "virt-handler", instance, logger });
  for (const regarding of regarded) {
    recorder.record({ regarding, type: "Normal", reason: "Started", message: "It runs" });
  }
  const stop = new AbortController();
  const running = recorder.run(stop.signal);
  stop.abort();
  await running;
  assert.deepEqual(warnings, []);
}

function eventOf({ namespace }: Bed, node: string): Record<string, unknown> {
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { generateName: "tried-" },
    involvedObject: {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstance",
      namespace,
      name: "any",
    },
    type: "Normal",
    reason: "Started",
    message: "It runs",
    source: { component: "virt-handler", host: node },
    reportingComponent: "virt-handler",
    reportingInstance: node,
  };
}

async function tryEvent(
  { namespace }: Bed,
  client: FetchClient,
  event: Record<string, unknown>,
): Promise<unknown> {
  return await client.create(EVENTS, event, { namespace, dryRun: true });
}

async function signingRequest(nodeName: string, signerName: string): Promise<unknown> {
  const names = { ip: ["127.0.0.1"] };
  const commonName = nodeCommonName(nodeName);
  const request = await createSigningRequest(await generateKeyPair(), { commonName, names });
  return {
    metadata: { generateName: "tried-" },
    spec: { request: btoa(request), signerName, usages: ["digital signature", "server auth"] },
  };
}

// ---- the bed -------------------------------------------------------------------------------------------------------------

async function setUp(stack: AsyncDisposableStack): Promise<Bed> {
  const connection = await kubeconfigConnection(TEST_KUBECONFIG ?? "");
  const open = (connection: Connection) =>
    stack.use(new FetchClient({ connection, userAgent: "denovirt-test/0" }));
  const admin = open(connection);
  await installDefinitions(admin);
  await waitUntil({
    what: "the definitions to be served",
    timeoutMs: TIMEOUT_MS,
    look: () => admin.list(VIRTUAL_MACHINE_INSTANCES, { namespace: "default" }),
    until: () => true,
  });
  await applyManifests(admin, [
    "namespace.yaml",
    "node_rbac.yaml",
    "node_policy.yaml",
    "systemd/kubelet_rbac.yaml",
  ]);
  const bed = new Bed(admin, connection);
  bed.key = bed.key.bind(bed);
  await admin.create(NAMESPACES, { metadata: { name: bed.namespace } });
  stack.defer(() => clearAway(bed));
  const account = "denovirt-node";
  const node = await createNode(bed, bed.own);
  await createNode(bed, bed.other);
  await createObjects(bed);
  bed.agent = open(await accountConnection(admin, { connection, account, boundNode: node }));
  bed.unbound = open(await accountConnection(admin, { connection, account }));
  bed.kubelet = open(await kubeletConnection(admin, { connection, nodeName: bed.own }));
  await untilEnforced(bed);
  return bed;
}

async function createNode({ admin }: Bed, name: string): Promise<{ name: string; uid: string }> {
  const metadata = { name, labels: { zone: "public" } };
  const { metadata: { uid } } = await admin.create<KubeObject>(NODES, { metadata });
  return { name, uid };
}

async function createObjects(bed: Bed): Promise<void> {
  const { admin, namespace, own, other } = bed;
  const running = { phase: "Running" };
  const instances = [
    instance("on-own", { node: own, status: { phase: "Scheduled" } }),
    instance("on-other", { node: other, status: running }),
    instance("ended", { node: own, status: { phase: "Failed" } }),
    instance("ending", { node: own, status: running }),
    instance("not-yet", { node: own, status: { phase: "Scheduling" } }),
    instance("on-none", { status: { phase: "Scheduling" } }),
  ];
  for (const each of instances) await admin.create(VIRTUAL_MACHINE_INSTANCES, each, { namespace });
  await createServiceAccount(admin, namespace);
  const labels = { "kubevirt.io": "virt-launcher" };
  const pods = [
    pod("launcher-own", { node: own, labels }),
    pod("launcher-other", { node: other, labels }),
    pod("bystander", { node: own, labels: { app: "web" } }),
  ];
  for (const each of pods) await admin.create(PODS, each, { namespace });
  const treasure = { metadata: { name: "treasure" }, stringData: { password: "secret" } };
  await admin.create(SECRETS, treasure, { namespace });
  const event = { ...eventOf(bed, other), metadata: { name: "by-other" } };
  await admin.create(EVENTS, event, { namespace });
}

function instance(
  name: string,
  { node, status = {} }: { node?: string; status?: Record<string, unknown> },
): Record<string, unknown> {
  const labels = node === undefined ? {} : { "kubevirt.io/nodeName": node };
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name, labels, finalizers: [OWN_FINALIZER, FOREIGN_FINALIZER] },
    spec: { domain: { memory: { guest: "64Mi" }, devices: {} } },
    status: { ...status, ...(node !== undefined && { nodeName: node }) },
  };
}

function pod(
  name: string,
  { node, labels }: { node: string; labels: Record<string, string> },
): Record<string, unknown> {
  return {
    metadata: { name, labels },
    spec: {
      nodeName: node,
      containers: [{ name: "compute", image: "envelope" }],
      readinessGates: [{ conditionType: READINESS_GATE }],
    },
  };
}

/** A namespace gets its account after a while; whoever is first makes it. */
async function createServiceAccount(admin: FetchClient, namespace: string): Promise<void> {
  try {
    await admin.create(SERVICE_ACCOUNTS, { metadata: { name: "default" } }, { namespace });
  } catch (error) {
    if (!(error instanceof KubeError && error.reason === "AlreadyExists")) throw error;
  }
}

/** Rights and policies that were just written are not in force at once. */
async function untilEnforced(bed: Bed): Promise<void> {
  const tries = OTHER_IDENTITIES.filter(({ refusal }) => refusal === UNBOUND);
  for (const { attempt } of tries) {
    await waitUntil({
      what: "the policies to be enforced",
      timeoutMs: TIMEOUT_MS,
      look: () => attempt(bed).then(() => "it was done", (error) => String(error)),
      until: (seen) => seen.includes(UNBOUND()),
    });
  }
  await waitUntil({
    what: "kubelets to have their rights",
    timeoutMs: TIMEOUT_MS,
    look: async () => {
      await bed.kubelet.get(VIRTUAL_MACHINE_INSTANCES, bed.key("on-own"));
      return await bed.kubelet.get(CONFIG_MAPS, { namespace: "kubevirt", name: "kubevirt-ca" });
    },
    until: () => true,
  });
}

async function clearAway({ admin, namespace, own, other, key }: Bed): Promise<void> {
  const instances = await admin.list<KubeObject>(VIRTUAL_MACHINE_INSTANCES, { namespace });
  for (const { metadata: { name } } of instances.items) {
    await admin.delete(VIRTUAL_MACHINE_INSTANCES, key(name));
    try {
      await admin.patch(VIRTUAL_MACHINE_INSTANCES, key(name), { metadata: { finalizers: [] } });
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
  }
  for (const name of ["launcher-own", "launcher-other", "bystander"]) {
    await admin.delete(PODS, key(name), { gracePeriodSeconds: 0 });
  }
  await admin.delete(NAMESPACES, { name: namespace });
  for (const name of [own, other]) await admin.delete(NODES, { name });
}
