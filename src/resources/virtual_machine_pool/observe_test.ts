import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_POOLS, VIRTUAL_MACHINES } from "../../api/registry.ts";
import type { VirtualMachinePool } from "../../api/pool.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import { FakeClient } from "../../kube/fake/fake_client.ts";
import { keyOf } from "../../kube/object.ts";
import { FakeClock } from "../../runtime/fake_clock.ts";
import { SILENT_LOGGER } from "../../runtime/log.ts";
import { createControllerInformers } from "../informers.ts";
import { controllerReference } from "../owner_reference.ts";
import { createPoolReconciler } from "./controller.ts";

const HOUR_MS = 60 * 60_000;
const PATIENCE_MS = 10 * 60_000;
const IN_SHOP = { namespace: "shop" };
const TEMPLATE = { spec: { domain: { devices: {} } } };

/** A pool that heals itself, with one machine whose image cannot be pulled. */
async function failingPool(clock: FakeClock) {
  const client = new FakeClient();
  const labels = { app: "web" };
  const pool = await client.create<VirtualMachinePool>(VIRTUAL_MACHINE_POOLS, {
    apiVersion: "pool.kubevirt.io/v1beta1",
    kind: "VirtualMachinePool",
    metadata: { name: "web" },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      autohealing: { minFailingToStartDuration: "10m" },
      virtualMachineTemplate: {
        metadata: { labels },
        spec: { runStrategy: "Always", template: TEMPLATE },
      },
    },
  }, IN_SHOP);
  const ownerReferences = [controllerReference(pool)];
  const vm = await client.create<VirtualMachine>(VIRTUAL_MACHINES, {
    metadata: { name: "web-0", labels, ownerReferences },
    spec: { runStrategy: "Always", template: TEMPLATE },
  }, IN_SHOP);
  const since = "2025-12-31T12:00:00Z";
  const ready = { type: "Ready", status: "False", lastTransitionTime: since };
  const status = { printableStatus: "ErrImagePull", conditions: [ready] };
  await client.patch(VIRTUAL_MACHINES, keyOf(vm), { status }, { subresource: "status" });
  const informers = createControllerInformers({ client, logger: SILENT_LOGGER });
  const stop = new AbortController();
  const needed = [informers.pools, informers.virtualMachines];
  const running = needed.map((informer) => informer.run(stop.signal));
  await Promise.all(needed.map((informer) => informer.waitForSync(stop.signal)));
  stop.abort();
  await Promise.all(running);
  const events = { record: () => {} };
  const dependencies = { client, informers, clock, events, logger: SILENT_LOGGER };
  const reconciler = createPoolReconciler(dependencies);
  const replaced = async () => {
    const { signal } = new AbortController();
    const world = await reconciler.observe(keyOf(pool), signal, SILENT_LOGGER);
    assert.ok(world !== undefined);
    const { actions } = reconciler.decide(world);
    return actions.flatMap((action) => action.type === "delete_vm" ? [action.name] : []);
  };
  return { replaced };
}

Deno.test("observePool() counts a machine's time on its own clock: one that jumps replaces nothing early", async () => {
  const clock = new FakeClock();
  const { replaced } = await failingPool(clock);
  assert.deepEqual(await replaced(), []);
  clock.jumpWallClock(HOUR_MS);
  assert.deepEqual(await replaced(), []);
  clock.advance(PATIENCE_MS - 1);
  assert.deepEqual(await replaced(), []);
  clock.jumpWallClock(-2 * HOUR_MS);
  clock.advance(1);
  assert.deepEqual(await replaced(), ["web-0"]);
});
