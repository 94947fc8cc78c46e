/** What the controller does about a node whose agent has fallen silent, with nodes that are entries. */
import assert from "node:assert/strict";
import { NODE_HEARTBEAT_ANNOTATION, NODE_SCHEDULABLE_LABEL } from "../../src/api/labels.ts";
import { VIRTUAL_MACHINE_INSTANCES } from "../../src/api/registry.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import { KubeError } from "../../src/kube/client.ts";
import {
  EVENTS,
  NAMESPACES,
  NODES,
  PODS,
  SERVICE_ACCOUNTS,
} from "../../src/kube/core_resources.ts";
import type { FetchClient } from "../../src/kube/fetch_client.ts";
import { keyOf, type KubeObject } from "../../src/kube/object.ts";
import { Heartbeat } from "../../src/node/heartbeat.ts";
import type { Node } from "../../src/resources/core_objects.ts";
import {
  type ControllerInformers,
  createControllerInformers,
  runInformers,
} from "../../src/resources/informers.ts";
import { createNodeController } from "../../src/resources/node/controller.ts";
import { HEARTBEAT_AGE_MS_MAX } from "../../src/resources/node/decide.ts";
import { SCHEDULED_BY_TEST } from "../../src/resources/testing/builders.ts";
import { SYSTEM_CLOCK } from "../../src/runtime/clock.ts";
import { EventRecorder } from "../../src/runtime/event_recorder.ts";
import { FakeClock } from "../../src/runtime/fake_clock.ts";
import { JsonLogger, SILENT_LOGGER } from "../../src/runtime/log.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { INSTALLATIONS, type InstallationUnderTest } from "./installations.ts";
import { playKubelet } from "./played_kubelet.ts";

const TIMEOUT_MS = 30_000;
/** Agents send a heartbeat about each minute. */
const HEARTBEAT_MS = 60_000;

interface CoreEvent extends KubeObject {
  reason: string;
  message: string;
  involvedObject: { kind: string; name: string };
}

class Bed {
  readonly admin: FetchClient;
  readonly id = crypto.randomUUID().slice(0, 8);
  readonly namespace = `unresponsive-${this.id}`;
  readonly silent = `silent-${this.id}`;
  readonly alive = `alive-${this.id}`;

  constructor(admin: FetchClient) {
    this.admin = admin;
  }

  /** Its agent sends a heartbeat, by a clock that nobody else has. */
  async heard(name: string, heartbeat: string): Promise<void> {
    await this.admin.patch(NODES, { name }, {
      metadata: {
        labels: { [NODE_SCHEDULABLE_LABEL]: "true" },
        annotations: { [NODE_HEARTBEAT_ANNOTATION]: heartbeat },
      },
    });
  }

  async schedulable(name: string): Promise<string | undefined> {
    const node = await this.admin.get<Node>(NODES, { name });
    return node?.metadata.labels?.[NODE_SCHEDULABLE_LABEL];
  }

  /** An instance that was handed over to a node. */
  async run(name: string, nodeName: string): Promise<VirtualMachineInstance> {
    const { admin, namespace } = this;
    const vmi = await admin.create<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstance",
      metadata: { name },
      spec: {
        domain: { memory: { guest: "64Mi" }, devices: {} },
        schedulerName: SCHEDULED_BY_TEST,
      },
    }, { namespace });
    await playKubelet(admin, { vmi, nodeName });
    return vmi;
  }

  async look(vmi: VirtualMachineInstance): Promise<VirtualMachineInstance["status"]> {
    const key = keyOf(vmi);
    return (await this.admin.get<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, key))?.status;
  }

  /** Its containers end while nobody is there to say how the guest did. */
  async endPod({ metadata: { uid } }: VirtualMachineInstance): Promise<void> {
    const { admin, namespace } = this;
    const labelSelector = `kubevirt.io/created-by=${uid}`;
    const { items } = await admin.list<KubeObject>(PODS, { namespace, labelSelector });
    for (const { metadata: { name } } of items) {
      const status = { phase: "Failed" };
      await admin.patch(PODS, { namespace, name }, { status }, { subresource: "status" });
    }
  }

  async events(namespace: string, about: string): Promise<string[]> {
    const { items } = await this.admin.list<CoreEvent>(EVENTS, { namespace });
    return items.filter(({ involvedObject: { name } }) => name === about)
      .map(({ involvedObject, reason }) => `${involvedObject.kind} ${reason}`);
  }
}

/** Five minutes pass at once for a node controller beside that of the process. */
class PlayedTime implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly #informers: ControllerInformers;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(client: FetchClient) {
    const logger = new JsonLogger({ level: "error" });
    const { signal } = this.#stop;
    this.#informers = createControllerInformers({ client, logger });
    const events = new EventRecorder({ client, logger, component: "test", instance: "test" });
    const { clock } = this;
    const informers = this.#informers;
    const controller = createNodeController({ client, informers, events, clock, logger });
    this.#running = Promise.all([
      runInformers(informers, signal),
      controller.run(signal),
      events.run(signal),
    ]);
  }

  async untilHeard(name: string, heartbeat: string): Promise<void> {
    const timeoutMs = TIMEOUT_MS;
    await this.#informers.nodes.waitUntil(
      () =>
        this.#informers.nodes.get({ name })?.metadata.annotations?.[NODE_HEARTBEAT_ANNOTATION] ===
          heartbeat,
      { timeoutMs },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

for (const { where, ignore, open } of INSTALLATIONS) {
  Deno.test({
    name: `node controller gives up nodes that are not heard of, ${where}`,
    ignore,
    fn: (test) => testUnresponsive(test, open),
  });
}

async function testUnresponsive(
  test: Deno.TestContext,
  open: InstallationUnderTest["open"],
): Promise<void> {
  await using installation = await open();
  const bed = new Bed(installation.admin);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => clearAway(bed));
  await setUp(bed);
  const left = await bed.run("left", bed.silent);
  const ended = await bed.run("ended", bed.silent);
  const elsewhere = await bed.run("elsewhere", bed.alive);

  await bed.heard(bed.alive, "1999-12-31T23:59:00Z");
  await bed.heard(bed.silent, "2099-12-31T23:59:00Z");
  // Nobody but the controller may say how a guest does.
  using account = await installation.clientOf("denovirt-controller");
  await using played = new PlayedTime(account);

  await test.step("a silent node is taken out, and its guests without a pod fail", async () => {
    await bed.endPod(ended);
    await bed.endPod(elsewhere);
    let beats = 0;
    const status = await waitUntil({
      what: "the guest whose pod has ended to fail",
      timeoutMs: TIMEOUT_MS,
      look: async () => {
        const heartbeat = `beat ${++beats}`;
        await bed.heard(bed.alive, heartbeat);
        await played.untilHeard(bed.alive, heartbeat);
        played.clock.advance(HEARTBEAT_MS);
        return await bed.look(ended);
      },
      until: (seen) => seen?.phase === "Failed",
    });
    assert.ok(beats * HEARTBEAT_MS >= HEARTBEAT_AGE_MS_MAX, `after ${beats} minutes`);
    assert.equal(status?.reason, "NodeUnresponsive");
    const told = status?.conditions?.find(({ type }) => type === "Synchronized")?.message;
    assert.match(told ?? "", /has not been heard of for more than 5 minutes/);
    assert.equal(await bed.schedulable(bed.silent), "false");
  });

  await test.step("a guest whose pod lives is left alone, and so is another node's", async () => {
    assert.equal((await bed.look(left))?.phase, "Scheduled");
    assert.equal((await bed.look(elsewhere))?.phase, "Scheduled");
    assert.equal(await bed.schedulable(bed.alive), "true");
  });

  await test.step("it is told once of the node and once of the guest", async () => {
    const told = (namespace: string, about: string, event: string) =>
      waitUntil({
        what: `an event about ${about}`,
        timeoutMs: TIMEOUT_MS,
        look: () => bed.events(namespace, about),
        until: (seen) => seen.includes(event),
      });
    // Events are written one after the other: that of the guest is the later one.
    await told(bed.namespace, "ended", "VirtualMachineInstance NodeUnresponsive");
    const node = await told("default", bed.silent, "Node NodeUnresponsive");
    assert.equal(node.filter((each) => each === "Node NodeUnresponsive").length, 1);
  });

  await test.step("an agent that comes back takes guests again", async () => {
    const { metadata: { uid } } = await node(bed, bed.silent);
    using agent = await installation.clientOf("denovirt-node", { name: bed.silent, uid });
    const heartbeat = new Heartbeat({
      client: agent,
      nodeName: bed.silent,
      clock: SYSTEM_CLOCK,
      log: SILENT_LOGGER,
      events: { record: () => {} },
      missing: () => Promise.resolve([]),
    });
    const stop = new AbortController();
    const running = heartbeat.run(stop.signal);
    await waitUntil({
      what: "the node to take guests",
      timeoutMs: TIMEOUT_MS,
      look: () => bed.schedulable(bed.silent),
      until: (seen) => seen === "true",
    });
    stop.abort();
    await running;
    assert.equal(await bed.schedulable(bed.silent), "false", "it has left");
  });

  await test.step("the guests of a node that is removed fail with it", async () => {
    await bed.endPod(left);
    await bed.admin.delete(NODES, { name: bed.silent });
    const status = await waitUntil({
      what: "the guest to fail",
      timeoutMs: TIMEOUT_MS,
      look: () => bed.look(left),
      until: (seen) => seen?.phase === "Failed",
    });
    assert.equal(status?.reason, "NodeUnresponsive");
  });
}

async function setUp(bed: Bed): Promise<void> {
  const { admin, namespace, silent, alive } = bed;
  await admin.create(NAMESPACES, { metadata: { name: namespace } });
  try {
    await admin.create(SERVICE_ACCOUNTS, { metadata: { name: "default" } }, { namespace });
  } catch (error) {
    if (!(error instanceof KubeError && error.reason === "AlreadyExists")) throw error;
  }
  for (const name of [silent, alive]) {
    await admin.create(NODES, { metadata: { name } });
    await bed.heard(name, "2026-01-01T00:00:00Z");
  }
}

async function node({ admin }: Bed, name: string): Promise<KubeObject> {
  const found = await admin.get<KubeObject>(NODES, { name });
  if (found === undefined) throw new Error(`Cannot find node ${name}`);
  return found;
}

/** Nobody ends pods that were bound by hand. */
async function clearAway({ admin, namespace, silent, alive }: Bed): Promise<void> {
  const pods = await admin.list<KubeObject>(PODS, { namespace });
  for (const { metadata: { name } } of pods.items) {
    await admin.delete(PODS, { namespace, name }, { gracePeriodSeconds: 0 });
  }
  const instances = await admin.list<KubeObject>(VIRTUAL_MACHINE_INSTANCES, { namespace });
  for (const { metadata: { name } } of instances.items) {
    await admin.delete(VIRTUAL_MACHINE_INSTANCES, { namespace, name });
  }
  await waitUntil({
    what: "the instances to be gone",
    timeoutMs: TIMEOUT_MS,
    look: () => admin.list(VIRTUAL_MACHINE_INSTANCES, { namespace }),
    until: (seen) => seen.items.length === 0,
  });
  await admin.delete(NAMESPACES, { name: namespace });
  for (const name of [silent, alive]) await admin.delete(NODES, { name });
}
