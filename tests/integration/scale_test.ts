/**
 * Many VMs, half of them with an instancetype and a preference, on a real API server with nodes that are played: they all
 * run, they all go, and no controller decides twice for the same world.
 *
 * Run when `DENOVIRT_SCALE_VMS` says how many: 60 take a minute, 1,000 some minutes; `DENOVIRT_TEST_KUBECONFIG` must be set to
 * anything. Not with all tests: a control plane of its own on a machine that is busy with another takes as long as it takes.
 */
import assert from "node:assert/strict";
import {
  apiVersionOf,
  VIRTUAL_MACHINE_CLUSTER_INSTANCETYPES,
  VIRTUAL_MACHINE_PREFERENCES,
  VIRTUAL_MACHINES,
} from "../../src/api/registry.ts";
import type { VirtualMachine, VirtualMachineSpec } from "../../src/api/virtual_machine.ts";
import type { Resource } from "../../src/kube/client.ts";
import { kubeconfigConnection } from "../../src/kube/connection.ts";
import { NODES } from "../../src/kube/core_resources.ts";
import { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { SKIP_NOTE, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import { JsonLogger } from "../../src/runtime/log.ts";
import { AuditLog, countByKind, isRead, isWrite, type Request } from "../bench/audit_log.ts";
import { type Batch, Load, NAMESPACE } from "../bench/load.ts";
import { StandInAgent } from "../bench/stand_in_agent.ts";
import { StandInKubelet } from "../bench/stand_in_kubelet.ts";
import { Cluster } from "../cluster/cluster.ts";
import { say } from "../toolchain/progress.ts";
import { type ControllerProcess, startController } from "./controller_process.ts";
import { countDecisions } from "./repeated_decisions.ts";

const WANTED = Deno.env.get("DENOVIRT_SCALE_VMS");
const VMS = Number(WANTED ?? 60);
const PER_SECOND = 10;
const PLAYED_NODES = ["scale-node-0", "scale-node-1", "scale-node-2"];
const CONTROLLER = "denovirt-controller";
const AGENT = "denovirt-node";
/** The table of "API writes" in docs/architecture.md. */
const WRITES_PER_LIFE = 16;
/** Starting, Stopping, Terminating and Scheduling: written where they last for more than a second. */
const PASSING_WRITES_MAX = 4;
/** The VM's copies of its instancetype and of its preference. */
const WRITES_FOR_SIZE = 2;
const SHARE_WITH_SIZE = 0.5;
/** Create and delete an instance or its pod; launch, open the gate, end. Fewer: the log is not what was counted. */
const DECISIONS_PER_LIFE_MIN = 2;
const REPEATED_SHOWN_MAX = 5;

const TEMPLATE = { spec: { domain: { devices: { autoattachPodInterface: false } } } };
const SIZE = "scale-small";

function specOf(index: number): VirtualMachineSpec {
  if (index % 2 === 0) {
    const domain = { ...TEMPLATE.spec.domain, memory: { guest: "64Mi" } };
    return { runStrategy: "Always", template: { spec: { domain } } };
  }
  return {
    runStrategy: "Always",
    template: TEMPLATE,
    instancetype: { name: SIZE },
    preference: { name: SIZE, kind: "VirtualMachinePreference" },
  };
}

async function createSize(client: FetchClient): Promise<void> {
  const create = async (resource: Resource, spec: object, options = {}) => {
    const { kind } = resource;
    const object = { apiVersion: apiVersionOf(resource), kind, metadata: { name: SIZE }, spec };
    await client.create(resource, object, options);
  };
  const size = { cpu: { guest: 1 }, memory: { guest: "64Mi" } };
  await create(VIRTUAL_MACHINE_CLUSTER_INSTANCETYPES, size);
  const devices = { preferredDiskBus: "virtio" };
  await create(VIRTUAL_MACHINE_PREFERENCES, { devices }, { namespace: NAMESPACE });
}

/** Kubelets that are played and the product's agents, which log into `log`. */
async function playNodes(
  { controller, kubelets, write, disposal }: {
    controller: ControllerProcess;
    kubelets: FetchClient;
    write: (line: string) => void;
    disposal: AsyncDisposableStack;
  },
): Promise<(StandInKubelet | StandInAgent)[]> {
  const logger = new JsonLogger({ level: "debug", write });
  const parts = PLAYED_NODES.map(async (node) => {
    await StandInKubelet.register(kubelets, node);
    const { metadata } = await controller.admin.get<KubeObject>(NODES, { name: node }) ?? {};
    const connection = await controller.connectionOf("denovirt-node", metadata);
    const client = disposal.use(new FetchClient({ connection, userAgent: `${AGENT}/0` }));
    const kubelet = new StandInKubelet(kubelets, undefined, node);
    return [kubelet, new StandInAgent(client, kubelet, { node, logger })];
  });
  return (await Promise.all(parts)).flat();
}

async function assertSized(client: FetchClient): Promise<void> {
  const { items } = await client.list<VirtualMachine>(VIRTUAL_MACHINES, { namespace: NAMESPACE });
  assert.equal(items.length, VMS);
  const sized = items.filter(({ status }) =>
    status?.instancetypeRef?.controllerRevisionRef?.name !== undefined &&
    status.preferenceRef?.controllerRevisionRef?.name !== undefined
  );
  assert.equal(sized.length, Math.floor(VMS * SHARE_WITH_SIZE));
}

function sayCounts(title: string, requests: readonly Request[]): void {
  say(`${title}: ${(requests.length / VMS).toFixed(2)} per VM life`);
  for (const [kind, count] of countByKind(requests)) say(`  ${count} ${kind}`);
}

function assertWrites(requests: readonly Request[]): void {
  const of = (userAgent: string) => requests.filter((each) => each.userAgent === userAgent);
  const ours = [...of(CONTROLLER), ...of(AGENT)];
  const writes = ours.filter(isWrite);
  const accepted = writes.filter(({ code }) => code < 400);
  sayCounts("writes of the controllers and agents, with events", writes);
  sayCounts("of them the controllers'", of(CONTROLLER).filter(isWrite));
  sayCounts("of them the agents'", of(AGENT).filter(isWrite));
  sayCounts("of all, refused", writes.filter(({ code }) => code >= 400));
  const codes = writes.filter(({ code }) => code >= 400).map(({ code }) => code);
  say(`  answered with ${[...new Set(codes)].sort().join(", ") || "nothing else"}`);
  sayCounts("GET and LIST", ours.filter(isRead));
  const sized = Math.floor(VMS * SHARE_WITH_SIZE);
  // One that the server has made without an answer in time is there already when it is asked for again: refused then.
  const revisions = countByKind(accepted).get("create controllerrevisions") ?? 0;
  const wanted = VMS + sized * WRITES_FOR_SIZE;
  assert.ok(
    revisions <= wanted,
    `${revisions} revisions: one of each VM and its copies: ${wanted}`,
  );
  const most = VMS * (WRITES_PER_LIFE + PASSING_WRITES_MAX) + sized * WRITES_FOR_SIZE;
  assert.ok(accepted.length <= most, `${accepted.length} writes: at most ${most} are in order`);
}

function assertDecidedOnce(logs: Readonly<Record<string, string>>): void {
  for (const [who, log] of Object.entries(logs)) {
    const { decided, triedAgain, repeated, cut } = countDecisions(log);
    say(
      `decisions of the ${who} to act: ${decided}, tried again: ${triedAgain}, repeated: ${repeated.length}`,
    );
    assert.ok(decided >= DECISIONS_PER_LIFE_MIN * VMS, `${who} decided ${decided} times`);
    assert.equal(cut, 0, `lines of the log of the ${who} were cut`);
    const shown = repeated.slice(0, REPEATED_SHOWN_MAX);
    assert.deepEqual(shown, [], `${repeated.length} decisions of the ${who} were repeated`);
  }
}

Deno.test({
  name: `scale: ${VMS} VMs converge, and nothing is decided twice for the same world${
    WANTED === undefined ? " (skipped: DENOVIRT_SCALE_VMS is not set)" : SKIP_NOTE
  }`,
  // It starts a control plane of its own, for its audit log; the variable says that this machine can.
  ignore: TEST_KUBECONFIG === undefined || WANTED === undefined,
  async fn() {
    await using disposal = new AsyncDisposableStack();
    const audit = await AuditLog.create();
    disposal.defer(() => audit.remove());
    const cluster = disposal.use(await Cluster.start({ nodes: 0, apiServerFlags: audit.flags }));
    const connection = await kubeconfigConnection(cluster.kubeconfigPath);
    const client = (userAgent: string) => disposal.use(new FetchClient({ connection, userAgent }));
    const user = client("scale-user/0");
    await Load.createNamespace(user);
    const controller = disposal.use(await startController(cluster.kubeconfigPath));
    await createSize(user);
    let agentsLog = "";
    const write = (line: string) => void (agentsLog += line);
    const kubelets = client("scale-kubelet/0");
    const nodes = await playNodes({ controller, kubelets, write, disposal });
    const load = new Load(user);
    const stop = new AbortController();
    const background = Promise.all([...nodes, load].map((part) => part.run(stop.signal)));
    background.catch(() => {}); // told at the end
    disposal.defer(async () => {
      stop.abort();
      await background;
    });

    const batch: Batch = {
      kind: "VirtualMachine",
      prefix: "scale",
      count: VMS,
      perSecond: PER_SECOND,
      specOf,
    };
    const position = await audit.position();
    await load.create(batch);
    await audit.untilQuiet(NAMESPACE);
    await assertSized(user);
    await load.delete(batch);
    await audit.untilQuiet(NAMESPACE);

    const requests = (await audit.since(position)).filter((each) => each.namespace === NAMESPACE);
    assertWrites(requests);
    assertDecidedOnce({ controllers: controller.log(), agents: agentsLog });
  },
});
