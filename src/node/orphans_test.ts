import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_INSTANCES } from "../api/registry.ts";
import { FakeHypervisor } from "../hypervisor/fake/fake_hypervisor.ts";
import { FakeClient } from "../kube/fake/fake_client.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { SILENT_LOGGER } from "../runtime/log.ts";
import { Orphans } from "./orphans.ts";
import { vmi } from "./testing/vmi.ts";

const signal = new AbortController().signal;

Deno.test("orphans.sweep() shuts an orphan down, destroys it after the grace period, forgets it", async () => {
  const bed = start();
  await bed.launch("0a0a0a0a-0000-4000-8000-00000000000a");
  await bed.orphans.sweep(signal);
  assert.equal(await bed.states(), "running");
  bed.clock.advance(29_000);
  await bed.orphans.sweep(signal);
  assert.equal(await bed.states(), "running");
  bed.clock.advance(2_000);
  await bed.orphans.sweep(signal);
  assert.equal(await bed.states(), "shutoff");
  await bed.orphans.sweep(signal);
  assert.equal(await bed.states(), "");
});

Deno.test("orphans.sweep() leaves a guest alone whose VMI exists, on whatever node", async () => {
  const bed = start();
  const made = await bed.client.create<{ metadata: { uid: string } } & ReturnType<typeof vmi>>(
    VIRTUAL_MACHINE_INSTANCES,
    vmi(),
  );
  await bed.launch(made.metadata.uid);
  bed.hypervisor.kill(made.metadata.uid);
  await bed.orphans.sweep(signal);
  assert.equal((await bed.hypervisor.list()).length, 1);
});

Deno.test("orphans.sweep() touches nothing while the API server does not answer", async () => {
  const bed = start({
    onCall: () => {
      throw new Error("no route to host");
    },
  });
  await bed.launch("0a0a0a0a-0000-4000-8000-00000000000a");
  bed.hypervisor.kill("0a0a0a0a-0000-4000-8000-00000000000a");
  await assert.rejects(bed.orphans.sweep(signal), /no route to host/);
  assert.equal((await bed.hypervisor.list()).length, 1);
});

function start(options: { onCall?: () => unknown } = {}) {
  const client = new FakeClient(options);
  const clock = new FakeClock();
  const hypervisor = new FakeHypervisor({ now: () => clock.now() });
  const orphans = new Orphans({
    client,
    hypervisor,
    nodeName: "node-1",
    clock,
    log: SILENT_LOGGER,
    known: () => new Set(),
  });
  const launch = (uid: string) =>
    hypervisor.launch({
      uid,
      xml: "<domain/>",
      envelopePid: 2,
      mounts: [],
      overlays: [],
      dhcp: [],
      paused: false,
    });
  const states = async () => {
    const domains = await Promise.all(
      (await hypervisor.list()).map((uid) => hypervisor.inspect(uid)),
    );
    return domains.map((domain) => domain.kind === "present" ? domain.state : domain.kind).join();
  };
  return { client, hypervisor, clock, orphans, launch, states };
}
