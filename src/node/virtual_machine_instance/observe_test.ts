import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_INSTANCES } from "../../api/registry.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { FakeHypervisor } from "../../hypervisor/fake/fake_hypervisor.ts";
import { PODS } from "../../kube/core_resources.ts";
import type { Pod } from "../../resources/core_objects.ts";
import { SYSTEM_CLOCK } from "../../runtime/clock.ts";
import { Informer } from "../../runtime/informer.ts";
import { SILENT_LOGGER } from "../../runtime/log.ts";
import { KEY, NODE, NodeBed } from "../testing/node_bed.ts";
import { LaunchMemory } from "./launch_memory.ts";
import { CREATED_BY_INDEX, createdBy, Observer } from "./observe.ts";
import { PodSockets } from "./pod_sockets.ts";
import { StopWatches } from "./stop_watches.ts";

/** An observer whose caches have seen the bed as it is now, and see nothing more. */
async function observerOf(bed: NodeBed, hypervisor: FakeHypervisor): Promise<Observer> {
  const { client } = bed;
  const shared = { client, logger: SILENT_LOGGER };
  const vmis = new Informer<VirtualMachineInstance>({
    ...shared,
    resource: VIRTUAL_MACHINE_INSTANCES,
  });
  const indexes = { [CREATED_BY_INDEX]: createdBy };
  const pods = new Informer<Pod>({ ...shared, resource: PODS, indexes });
  const stop = new AbortController();
  const running = Promise.all([vmis.run(stop.signal), pods.run(stop.signal)]);
  const deadline = AbortSignal.timeout(30_000);
  await Promise.all([vmis.waitForSync(deadline), pods.waitForSync(deadline)]);
  stop.abort();
  await running;
  const sockets = new PodSockets({ envelopes: bed.envelopes, kubeletRoot: "/kubelet" });
  return new Observer({
    client,
    nodeName: NODE,
    vmis,
    pods,
    hypervisor,
    sockets,
    stops: new StopWatches({ sockets, lifetime: new AbortController().signal }),
    memory: new LaunchMemory(),
    clock: SYSTEM_CLOCK,
    facts: () => ({}),
    enqueue: () => {},
  });
}

Deno.test("Observer.observe() does not believe its cache that a killed guest was never told of", async () => {
  const bed = new NodeBed();
  await bed.handOver();
  await using hypervisor = new FakeHypervisor({ node: bed.guests });
  const observer = await observerOf(bed, hypervisor);
  const { metadata: { uid } } = await bed.vmi();
  const spec = { uid, xml: "<domain/>", envelopePid: 1, mounts: [], overlays: [], dhcp: [] };
  await hypervisor.launch({ ...spec, paused: false });
  await bed.client.patch(VIRTUAL_MACHINE_INSTANCES, KEY, { status: { phase: "Running" } });
  const { signal } = new AbortController();
  assert.equal((await observer.observe(KEY, signal))?.vmi.status?.phase, "Scheduled");
  hypervisor.kill(uid);
  assert.equal((await observer.observe(KEY, signal))?.vmi.status?.phase, "Running");
});
