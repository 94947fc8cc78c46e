import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_INSTANCES } from "../../api/registry.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { FakeHypervisor } from "../../hypervisor/fake/fake_hypervisor.ts";
import { HypervisorError } from "../../hypervisor/hypervisor.ts";
import { PODS } from "../../kube/core_resources.ts";
import { eventually } from "../../runtime/testing/eventually.ts";
import { KEY, NodeBed, POD_KEY, TestAgent } from "../testing/node_bed.ts";
import { isGateOpen } from "./readiness_gate.ts";

const EMPTY_DOMAIN = {
  xml: "<domain/>",
  envelopePid: 2,
  mounts: [],
  overlays: [],
  dhcp: [],
  paused: false,
};

Deno.test("reconciler starts a guest and says so", async () => {
  const bed = new NodeBed();
  await bed.handOver();
  await using _agent = new TestAgent(bed);
  const vmi = await bed.until("it runs", isRunning);
  assert.deepEqual(conditions(vmi), {
    Ready: "True",
    LiveMigratable: "False LiveMigrationNotSupported",
    SoftwareEmulation: "True KVMNotAvailable",
  });
  assert.ok(isGateOpen(await bed.pod()));
  assert.deepEqual(reasons(bed), ["Started"]);
});

Deno.test("reconciler writes final state, releases the envelope, forgets, in this order", async () => {
  const bed = new NodeBed();
  await bed.handOver();
  await using agent = new TestAgent(bed);
  const { metadata } = await bed.until("it runs", isRunning);
  agent.hypervisor.end(metadata.uid, "shutdown");
  await bed.until("nothing is left", () => bed.guests.domains.size === 0);
  assert.equal((await bed.vmi()).status?.phase, "Succeeded");
  assert.equal(bed.envelopes.released.length, 1);
  assert.deepEqual(reasons(bed), ["Started", "Stopped"]);
});

Deno.test("reconciler keeps a guest's writes to three: gate, Running, final", async () => {
  const bed = new NodeBed();
  await bed.handOver();
  const before = bed.writes;
  await using agent = new TestAgent(bed);
  const { metadata } = await bed.until("it runs", isRunning);
  agent.hypervisor.end(metadata.uid, "shutdown");
  await bed.until("nothing is left", () => bed.guests.domains.size === 0);
  assert.equal(bed.writes - before, 3);
});

Deno.test("reconciler closes the readiness gate while the guest is paused", async () => {
  const bed = new NodeBed();
  await bed.handOver();
  await using agent = new TestAgent(bed);
  const { metadata } = await bed.until("it runs", isRunning);
  await agent.hypervisor.suspend(metadata.uid);
  const paused = await bed.until(
    "it is paused",
    async (vmi) =>
      conditions(vmi)["Paused"] === "True PausedByUser" && !isGateOpen(await bed.pod()),
  );
  assert.equal(conditions(paused)["Ready"], "False ReadinessGatesNotReady");
  await agent.hypervisor.resume(metadata.uid);
  await bed.until(
    "it goes on",
    async (vmi) => conditions(vmi)["Paused"] === undefined && isGateOpen(await bed.pod()),
  );
});

Deno.test("reconciler ends a deleted guest that does not listen when its grace period is over", async () => {
  const bed = new NodeBed();
  await bed.handOver({ spec: { terminationGracePeriodSeconds: 1 } });
  await using _agent = new TestAgent(bed);
  await bed.until("it runs", isRunning);
  await bed.client.delete(VIRTUAL_MACHINE_INSTANCES, KEY);
  const vmi = await bed.until("it failed", ({ status }) => status?.phase === "Failed");
  assert.equal(vmi.status?.reason, "GuestKilled");
  assert.deepEqual(reasons(bed), ["Started", "ShuttingDown", "Deleted", "Stopped"]);
  await bed.until("nothing is left", () => bed.guests.domains.size === 0);
});

Deno.test("reconciler ends a deleted VMI with one write, after the pod and before the record", async () => {
  const bed = new NodeBed();
  await bed.handOver();
  await using agent = new TestAgent(bed);
  const { metadata } = await bed.until("it runs", isRunning);
  await bed.client.delete(VIRTUAL_MACHINE_INSTANCES, KEY);
  await eventually("it is told to shut down", () => reasons(bed).includes("ShuttingDown"));
  agent.hypervisor.end(metadata.uid, "shutdown");
  await eventually("the envelope is released", () => bed.envelopes.released.length === 1);
  let wasRecorded = false;
  bed.onWrite = () => void (wasRecorded = bed.guests.domains.size === 1);
  const before = bed.writes;
  await bed.client.patch(PODS, POD_KEY, { status: { phase: "Succeeded" } }, {
    subresource: "status",
  });
  await eventually("nothing is left", () => bed.guests.domains.size === 0);
  assert.equal(await bed.client.get(VIRTUAL_MACHINE_INSTANCES, KEY), undefined);
  assert.equal(bed.writes - before, 2); // the pod's end and the agent's
  assert.ok(wasRecorded);
});

Deno.test("reconciler shuts a guest down whose container was told to stop, also one told before", async (context) => {
  for (const when of ["while an agent is there", "before there was one"]) {
    await context.step(when, async () => {
      const bed = new NodeBed();
      await bed.handOver();
      let agent = new TestAgent(bed);
      try {
        const { metadata } = await bed.until("it runs", isRunning);
        if (when === "before there was one") await agent[Symbol.asyncDispose]();
        bed.envelopes.terminate(await bed.computeSocket());
        if (when === "before there was one") agent = new TestAgent(bed);
        await eventually("it is asked to shut down", () => reasons(bed).includes("ShuttingDown"));
        assert.equal(bed.envelopes.released.length, 0);
        agent.hypervisor.end(metadata.uid, "shutdown");
        await bed.until("nothing is left", () => bed.guests.domains.size === 0);
        const { status } = await bed.vmi();
        assert.deepEqual([status?.phase, status?.reason], ["Succeeded", undefined]);
        assert.deepEqual(bed.envelopes.released, [await bed.computeSocket()]);
        assert.equal(bed.envelopes.watchers(await bed.computeSocket()), 0);
        assert.deepEqual(reasons(bed), ["Started", "ShuttingDown", "Stopped"]);
      } finally {
        await agent[Symbol.asyncDispose]();
      }
    });
  }
});

Deno.test("reconciler grants one grace period to a guest that is told to stop and then deleted", async () => {
  const bed = new NodeBed();
  await bed.handOver({ spec: { terminationGracePeriodSeconds: 2 } });
  await using _agent = new TestAgent(bed);
  await bed.until("it runs", isRunning);
  bed.envelopes.terminate(await bed.computeSocket());
  await eventually("it is asked to shut down", () => reasons(bed).includes("ShuttingDown"));
  await bed.client.delete(VIRTUAL_MACHINE_INSTANCES, KEY);
  const vmi = await bed.until("it failed", ({ status }) => status?.phase === "Failed");
  assert.equal(vmi.status?.reason, "GuestKilled");
  assert.deepEqual(reasons(bed), ["Started", "ShuttingDown", "Deleted", "Stopped"]);
});

Deno.test("reconciler starts no guest in a container that was told to stop", async () => {
  const bed = new NodeBed();
  await bed.handOver();
  bed.envelopes.terminate(await bed.computeSocket());
  await using _agent = new TestAgent(bed);
  await bed.until("it failed", ({ status }) => status?.phase === "Failed");
  await eventually("the envelope is released", () => bed.envelopes.released.length === 1);
  assert.equal(bed.guests.domains.size, 0);
  assert.deepEqual(reasons(bed), ["Deleted"]);
});

Deno.test("reconciler refuses a spec it cannot make, naming each field", async () => {
  const bed = new NodeBed();
  await bed.handOver({ domain: { memory: { guest: "64Mi" }, devices: { tpm: {}, gpus: [] } } });
  await using _agent = new TestAgent(bed);
  const vmi = await bed.until("it failed", ({ status }) => status?.phase === "Failed");
  const condition = vmi.status?.conditions?.find(({ type }) => type === "Synchronized");
  assert.match(condition?.message ?? "", /^spec\.domain\.devices\.tpm: /);
});

Deno.test("reconciler tries a launch again that failed, and says why meanwhile", async () => {
  const bed = new NodeBed();
  await bed.handOver();
  await using agent = new TestAgent(bed);
  // Nothing is said of a failure that is over before the next look.
  await eventually("it says why", () => {
    agent.hypervisor.failNextLaunch(new HypervisorError("Cannot launch: busy"));
    return reasons(bed).includes("SyncFailed");
  });
  const vmi = await bed.until("it runs", isRunning);
  assert.equal(conditions(vmi)["Synchronized"], undefined);
});

Deno.test("reconciler finds a guest that went on without it, and starts none beside it", async () => {
  const bed = new NodeBed();
  await bed.handOver();
  {
    await using _first = new TestAgent(bed);
    await bed.until("it runs", isRunning);
  }
  const [guest] = bed.guests.domains.values();
  const writes = bed.writes;
  await using agent = new TestAgent(bed);
  agent.hypervisor.end(guest?.spec.uid ?? "", "shutdown");
  await bed.until("it succeeded", ({ status }) => status?.phase === "Succeeded");
  assert.equal(bed.writes - writes, 1);
});

Deno.test("reconciler records for which hand-over a guest was started", async () => {
  const bed = new NodeBed();
  await bed.handOver();
  await using agent = new TestAgent(bed);
  const { metadata } = await bed.until("it runs", isRunning);
  assert.deepEqual(await agent.hypervisor.owner(metadata.uid), {
    ...KEY,
    podUid: (await bed.pod()).metadata.uid,
    epoch: Number(metadata.annotations?.["denovirt.io/epoch"]),
  });
});

Deno.test("reconciler starts no guest before the API server confirms the hand-over", async () => {
  const bed = new NodeBed();
  await bed.handOver();
  let refused = 0;
  bed.onRead = () => {
    if (refused++ < 2) throw new Error("no route to host");
    assert.equal(bed.guests.domains.size, 0);
    bed.onRead = () => {};
  };
  await using _agent = new TestAgent(bed);
  await eventually("it asks until it is answered", () => refused === 3);
  await bed.until("it runs", isRunning);
});

Deno.test("reconciler ends the guest of an earlier hand-over before it starts another", async () => {
  const bed = new NodeBed();
  await bed.handOver();
  const { metadata: { uid } } = await bed.vmi();
  {
    await using agent = new TestAgent(bed);
    await bed.until("it runs", isRunning);
    await agent[Symbol.asyncDispose]();
  }
  const [first] = bed.guests.domains.values();
  const owner = `node-1/${(await bed.pod()).metadata.uid}`;
  await bed.client.patch(VIRTUAL_MACHINE_INSTANCES, KEY, {
    metadata: { annotations: { "denovirt.io/owner": owner, "denovirt.io/epoch": "1000" } },
    status: { phase: "Scheduled" },
  });
  await using agent = new TestAgent(bed);
  await bed.until("it runs anew", isRunning);
  assert.equal(first?.state, "shutoff");
  assert.notEqual(bed.guests.domains.get(uid), first);
  assert.equal((await agent.hypervisor.owner(uid))?.epoch, 1000);
});

Deno.test("reconciler ends the guest of an earlier instance of the name before it starts one", async () => {
  const bed = new NodeBed();
  await bed.handOver();
  const uid = "0a0a0a0a-0000-4000-8000-00000000000a";
  const before = new FakeHypervisor({ node: bed.guests });
  await before.launch({ ...EMPTY_DOMAIN, uid, owner: { ...KEY, podUid: "gone", epoch: 0 } });
  const [rival] = bed.guests.domains.values();
  await using _agent = new TestAgent(bed);
  await bed.until("it runs", isRunning);
  assert.equal(rival?.state, "shutoff");
  assert.equal(bed.guests.domains.has(uid), false);
});

Deno.test("reconciler is not held up by what an earlier instance of the name failed to start", async () => {
  const bed = new NodeBed();
  await bed.handOver();
  const uid = "0a0a0a0a-0000-4000-8000-00000000000a";
  const before = new FakeHypervisor({ node: bed.guests });
  const owner = { ...KEY, podUid: "gone", epoch: 0 };
  await assert.rejects(before.launch({ ...EMPTY_DOMAIN, uid, xml: "<notadomain/>", owner }));
  await using _agent = new TestAgent(bed);
  await bed.until("it runs", isRunning);
  assert.equal(bed.guests.owners.has(uid), false);
});

Deno.test("reconciler cleans up after an agent that died between release and forget", async () => {
  const bed = new NodeBed();
  await bed.handOver();
  {
    await using agent = new TestAgent(bed);
    const { metadata } = await bed.until("it runs", isRunning);
    // Ends while no agent looks.
    await agent[Symbol.asyncDispose]();
    agent.hypervisor.end(metadata.uid, "shutdown");
  }
  bed.envelopes.listening.clear();
  await using _next = new TestAgent(bed);
  await bed.until("nothing is left", () => bed.guests.domains.size === 0);
  assert.equal((await bed.vmi()).status?.phase, "Succeeded");
});

function isRunning({ status }: VirtualMachineInstance): boolean {
  return status?.phase === "Running";
}

function conditions({ status }: VirtualMachineInstance): Record<string, string> {
  return Object.fromEntries(
    (status?.conditions ?? []).map(({ type, status, reason }) => [
      type,
      reason === undefined ? status : `${status} ${reason}`,
    ]),
  );
}

function reasons(bed: NodeBed): string[] {
  return bed.events.map(({ reason }) => reason);
}
