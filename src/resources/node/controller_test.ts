import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_INSTANCES } from "../../api/registry.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { NODES } from "../../kube/core_resources.ts";
import { FakeClient } from "../../kube/fake/fake_client.ts";
import { FakeClock } from "../../runtime/fake_clock.ts";
import { SILENT_LOGGER } from "../../runtime/log.ts";
import { eventually } from "../../runtime/testing/eventually.ts";
import type { Node } from "../core_objects.ts";
import { createControllerInformers, runInformers } from "../informers.ts";
import { vmi, withMetadata, withStatus } from "../testing/builders.ts";
import { createNodeController } from "./controller.ts";
import { HEARTBEAT_AGE_MS_MAX } from "./decide.ts";

const DEADLINE_MS = 30_000;

Deno.test("node controller gives up a silent node and the guests that ended with it", async () => {
  const client = new FakeClient({ withoutStatusSubresource: [VIRTUAL_MACHINE_INSTANCES] });
  const heartbeat = "2026-03-01T10:00:00Z";
  const clock = new FakeClock();
  await client.create(NODES, {
    metadata: {
      name: "node-1",
      labels: { "kubevirt.io/schedulable": "true" },
      annotations: { "kubevirt.io/heartbeat": heartbeat },
    },
  });
  const lost = vmi(
    withMetadata({ labels: { "kubevirt.io/nodeName": "node-1" } }),
    withStatus({ phase: "Running", nodeName: "node-1" }),
  );
  const { resourceVersion: _, ...metadata } = lost.metadata;
  await client.create(VIRTUAL_MACHINE_INSTANCES, { ...lost, metadata }, { namespace: "shop" });

  const informers = createControllerInformers({ client, logger: SILENT_LOGGER });
  const events = { record: () => {} };
  const controller = createNodeController({
    client,
    informers,
    events,
    clock,
    logger: SILENT_LOGGER,
  });
  const stop = new AbortController();
  const running = Promise.all([runInformers(informers, stop.signal), controller.run(stop.signal)]);
  try {
    const key = { namespace: "shop", name: "web" };
    const cached = (): VirtualMachineInstance | undefined =>
      informers.virtualMachineInstances.get(key);
    const timeoutMs = DEADLINE_MS;
    await eventually(
      "the node is to be looked at again",
      () => clock.nextTimerMs === HEARTBEAT_AGE_MS_MAX,
    );
    clock.advance(HEARTBEAT_AGE_MS_MAX);
    await informers.virtualMachineInstances.waitUntil(
      () => cached()?.status?.phase === "Failed",
      { timeoutMs },
    );
    assert.equal(cached()?.status?.reason, "NodeUnresponsive");
    const node = await client.get<Node>(NODES, { name: "node-1" });
    assert.equal(node?.metadata.labels?.["kubevirt.io/schedulable"], "false");
  } finally {
    stop.abort();
    await running;
  }
});
