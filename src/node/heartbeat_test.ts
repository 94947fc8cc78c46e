import assert from "node:assert/strict";
import { FakeClient } from "../kube/fake/fake_client.ts";
import { NODES } from "../kube/core_resources.ts";
import type { Node } from "../resources/core_objects.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { SILENT_LOGGER } from "../runtime/log.ts";
import type { EventRecord } from "../runtime/reconciler.ts";
import { Heartbeat } from "./heartbeat.ts";

Deno.test("heartbeat.beat() makes the node schedulable and says when", async () => {
  const bed = await start();
  await bed.heartbeat.beat(AbortSignal.timeout(5_000));
  assert.deepEqual(await bed.node(), ["true", "2026-01-01T00:00:00Z"]);
  assert.deepEqual(bed.events, []);
});

Deno.test("heartbeat.beat() takes a node out that lacks something, and tells once", async () => {
  const bed = await start();
  bed.missing.push("nft is not installed (Debian package nftables)");
  for (const _time of [1, 2]) await bed.heartbeat.beat(AbortSignal.timeout(5_000));
  assert.equal((await bed.node())[0], "false");
  assert.deepEqual(bed.events.map(({ message }) => message), [
    "nft is not installed (Debian package nftables)",
  ]);
  bed.missing.pop();
  await bed.heartbeat.beat(AbortSignal.timeout(5_000));
  assert.equal((await bed.node())[0], "true");
});

Deno.test("heartbeat.run() takes the node out of scheduling when it stops", async () => {
  const bed = await start();
  await bed.heartbeat.run(AbortSignal.abort());
  assert.equal((await bed.node())[0], "false");
});

async function start() {
  const client = new FakeClient();
  await client.create(NODES, { apiVersion: "v1", kind: "Node", metadata: { name: "n1" } });
  const events: EventRecord[] = [];
  const missing: string[] = [];
  const heartbeat = new Heartbeat({
    client,
    nodeName: "n1",
    clock: new FakeClock(),
    log: SILENT_LOGGER,
    events: { record: (event) => void events.push(event) },
    missing: () => Promise.resolve([...missing]),
    random: () => 0,
  });
  const node = async () => {
    const { metadata } = await client.get<Node>(NODES, { name: "n1" }) ?? {};
    return [
      metadata?.labels?.["kubevirt.io/schedulable"],
      metadata?.annotations?.["kubevirt.io/heartbeat"],
    ];
  };
  return { heartbeat, events, missing, node };
}
