import assert from "node:assert/strict";
import { NODES } from "../../kube/core_resources.ts";
import { FakeClient } from "../../kube/fake/fake_client.ts";
import type { Node } from "../../resources/core_objects.ts";
import { SYSTEM_CLOCK } from "../../runtime/clock.ts";
import { FakeClock } from "../../runtime/fake_clock.ts";
import { SILENT_LOGGER } from "../../runtime/log.ts";
import type { NodeCapabilities } from "./capabilities.ts";
import { NodeLabeller } from "./node_labeller.ts";

const SIGNAL = AbortSignal.timeout(30_000);
const Q35 = "machine-type.node.kubevirt.io/q35";

Deno.test("nodeLabeller.label() writes once, and again only when something has changed", async () => {
  const bed = await start();
  await bed.labeller.label(SIGNAL);
  const first = await bed.node();
  assert.equal(first.metadata.labels?.[Q35], "true");
  await bed.labeller.label(SIGNAL);
  assert.equal((await bed.node()).metadata.resourceVersion, first.metadata.resourceVersion);
  bed.capabilities.machines = ["virt"];
  await bed.labeller.label(SIGNAL);
  assert.deepEqual((await bed.node()).metadata.labels, {
    "kubernetes.io/hostname": "n1",
    "machine-type.node.kubevirt.io/virt": "true",
  });
});

Deno.test("nodeLabeller.label() leaves a node alone that says so", async () => {
  const bed = await start({ "node-labeller.kubevirt.io/skip-node": "" });
  await bed.labeller.label(SIGNAL);
  assert.deepEqual((await bed.node()).metadata.labels, { "kubernetes.io/hostname": "n1" });
  assert.equal(bed.asked(), 0);
});

Deno.test("nodeLabeller.run() tries again after a failure, and looks when woken", async () => {
  const bed = await start({}, { failures: 1 });
  const stop = new AbortController();
  const running = bed.labeller.run(stop.signal);
  await bed.until(() => bed.clock.timerCount === 1);
  assert.equal((await bed.node()).metadata.labels?.[Q35], undefined);
  bed.clock.advance(15_000);
  await bed.until(() => bed.asked() === 2 && bed.clock.timerCount === 1);
  assert.equal((await bed.node()).metadata.labels?.[Q35], "true");
  bed.labeller.wake();
  await bed.until(() => bed.asked() === 3);
  stop.abort();
  await running;
  assert.equal(bed.clock.timerCount, 0);
});

async function start(annotations: Record<string, string> = {}, { failures = 0 } = {}) {
  const client = new FakeClient();
  const labels = { "kubernetes.io/hostname": "n1" };
  const metadata = { name: "n1", labels, annotations };
  await client.create(NODES, { apiVersion: "v1", kind: "Node", metadata });
  const capabilities: NodeCapabilities = { models: [], features: [], machines: ["q35"] };
  let asked = 0;
  const clock = new FakeClock();
  const labeller = new NodeLabeller({
    client,
    nodeName: "n1",
    clock,
    log: SILENT_LOGGER,
    capabilities: () => {
      asked++;
      if (asked <= failures) return Promise.reject(new Error("libvirt is being upgraded"));
      return Promise.resolve(capabilities);
    },
    obsoleteCpuModels: () => new Set(),
  });
  const node = async () => (await client.get<Node>(NODES, { name: "n1" }))!;
  const until = async (condition: () => boolean) => {
    while (!condition()) {
      SIGNAL.throwIfAborted();
      await new Promise<void>((resolve) => void SYSTEM_CLOCK.setTimer(resolve, 1));
    }
  };
  return { labeller, capabilities, clock, node, until, asked: () => asked };
}
