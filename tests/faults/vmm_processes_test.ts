/** Processes of a guest that are killed, stopped or starved: phase, condition and event, and how soon they are written. */
import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_INSTANCES } from "../../src/api/registry.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import { HypervisorError } from "../../src/hypervisor/hypervisor.ts";
import { KEY } from "../../src/node/testing/node_bed.ts";
import { isGateOpen } from "../../src/node/virtual_machine_instance/readiness_gate.ts";
import { say } from "../toolchain/progress.ts";
import {
  conditionOf,
  CountingConsole,
  EMULATOR,
  processesWith,
  until,
  VmmBed,
  vmmTest,
} from "./vmm_bed.ts";
import { whyNotCounting } from "./writing_guest.ts";

/** Measured on an idle machine: a fifth of a second. */
const TAKEN_OVER_WITHIN_MS = 10_000;
/** From the end of the grace period. */
const ENDED_WITHIN_MS = 8_000;
const OOM_ROOM_BYTES = 8 * 1024 * 1024;
const OOM_TOLD = /^Stopped: .* ran out of memory\.$/;

vmmTest("QEMU killed: the VMI fails as crashed", async () => {
  await using bed = await VmmBed.start();
  const sinceMs = performance.now();
  await bed.kill("vmm", "SIGKILL");
  const fault = "QEMU killed";
  const vmi = await bed.seen({ fault, sinceMs }, hasPhase("Failed"));
  assert.equal(vmi.status?.reason, "GuestCrashed");
  assert.equal(conditionOf(vmi, "Ready"), "False GuestNotRunning");
  await until("it is told", () => bed.events, (events) => events.length === 2);
  assert.equal(bed.events[1], "Stopped: The VirtualMachineInstance crashed.");
});

vmmTest("QEMU and its domain process killed: the VMI fails as lost", async () => {
  await using bed = await VmmBed.start();
  const sinceMs = performance.now();
  await bed.kill("domain", "SIGKILL");
  await bed.kill("vmm", "SIGKILL");
  const fault = "QEMU and domain process killed";
  const vmi = await bed.seen({ fault, sinceMs }, hasPhase("Failed"));
  assert.equal(vmi.status?.reason, "GuestLost");
});

vmmTest(
  "the domain process killed: the guest does not notice, and another one takes over",
  async () => {
    await using bed = await VmmBed.start();
    await using serial = new CountingConsole(await bed.hypervisor.openConsole(bed.uid));
    await serial.countsOn(20);
    const before = await bed.record();
    const writes = bed.bed.writes;
    const sinceMs = performance.now();
    await bed.kill("domain", "SIGKILL");
    const after = await until(
      "another domain process serves it",
      () => bed.record(),
      ({ domain }) => domain.pid !== before.domain.pid,
    );
    const tookMs = performance.now() - sinceMs;
    say(`domain process killed: taken over after ${Math.round(tookMs)} ms`);
    assert.ok(tookMs < TAKEN_OVER_WITHIN_MS, `${tookMs} ms`);
    assert.deepEqual(after.vmm, before.vmm);
    await serial.countsOn(20);
    assert.equal(whyNotCounting(serial.text), undefined);
    await bed.hypervisor.suspend(bed.uid);
    await bed.untilVmi("it is paused", (vmi) => conditionOf(vmi, "Paused") === "True PausedByUser");
    assert.equal(bed.bed.writes, writes + 2); // of the pause: the gate and the status
    assert.deepEqual(bed.events, ["Started: VirtualMachineInstance started."]);
  },
);

vmmTest("QEMU stopped by a signal: not ready until it goes on, and it can be deleted", async () => {
  await using bed = await VmmBed.start({ terminationGracePeriodSeconds: 2 });
  const sinceMs = performance.now();
  await bed.kill("vmm", "SIGSTOP");
  const stopped = await bed.seen(
    { fault: "QEMU stopped", sinceMs },
    (vmi) => conditionOf(vmi, "Ready") === "False GuestUnresponsive",
  );
  assert.equal(stopped.status?.phase, "Running");
  assert.ok(!isGateOpen(await bed.bed.pod()));
  assert.match(await refusal(bed.hypervisor.suspend(bed.uid)), /a signal has stopped it$/);

  const againMs = performance.now();
  await bed.kill("vmm", "SIGCONT");
  await bed.seen(
    { fault: "QEMU goes on", sinceMs: againMs },
    (vmi) => conditionOf(vmi, "Ready") === "True",
  );
  await until("it is told", () => bed.events, (events) => events.length === 3);
  assert.deepEqual(bed.events.slice(1), [
    "GuestUnresponsive: QEMU does not answer: a signal has stopped it",
    "GuestResponsive: QEMU answers again",
  ]);

  await bed.kill("vmm", "SIGSTOP");
  await bed.untilVmi("it is stopped", (vmi) => conditionOf(vmi, "Ready") !== "True");
  const deletedMs = performance.now();
  await bed.bed.client.delete(VIRTUAL_MACHINE_INSTANCES, KEY);
  await until(
    "its guest is ended",
    () => bed.hypervisor.inspect(bed.uid),
    (domain) => domain.kind === "present" && domain.state === "shutoff",
  );
  const tookMs = performance.now() - deletedMs;
  say(`QEMU stopped, deleted with 2 s of grace: ended after ${Math.round(tookMs)} ms`);
  assert.ok(tookMs < 2_000 + ENDED_WITHIN_MS, `${tookMs} ms`);
});

vmmTest("QEMU killed for want of memory: the VMI fails as OOMKilled", async () => {
  await using bed = await VmmBed.start();
  const sinceMs = performance.now();
  await runOutOfMemory(bed);
  const vmi = await bed.seen({ fault: "out of memory", sinceMs }, hasPhase("Failed"));
  assert.equal(vmi.status?.reason, "OOMKilled");
  await until("it is told", () => bed.events, (events) => events.length === 2);
  assert.match(bed.events[1] ?? "", OOM_TOLD);
});

vmmTest(
  "QEMU killed for want of memory, and nobody left who saw it: the VMI fails as OOMKilled",
  async () => {
    await using bed = await VmmBed.start();
    const sinceMs = performance.now();
    // It cannot tell of QEMU's end before its own comes.
    await bed.kill("domain", "SIGSTOP");
    await runOutOfMemory(bed);
    // The kernel may have chosen it, too.
    await bed.kill("domain", "SIGKILL").catch(unlessItHasEnded);
    const vmi = await bed.seen({ fault: "out of memory, both", sinceMs }, hasPhase("Failed"));
    assert.equal(vmi.status?.reason, "OOMKilled");
    await until("it is told", () => bed.events, (events) => events.length === 2);
    assert.match(bed.events[1] ?? "", OOM_TOLD);
  },
);

vmmTest(
  "the domain process killed before it recorded QEMU: the one that runs is adopted",
  async () => {
    await using bed = await VmmBed.start();
    await using serial = new CountingConsole(await bed.hypervisor.openConsole(bed.uid));
    await serial.countsOn(5);
    const { vmm, ...record } = await bed.record();
    assert.ok(vmm);
    // As it was written before QEMU was started.
    const unfinished = { ...record, vmm: null, startedAtMs: null, diskSizes: {} };
    await Deno.writeTextFile(`${bed.vmDirectory}/record.json`, JSON.stringify(unfinished));
    await bed.kill("domain", "SIGKILL");
    const adopted = await until(
      "it is adopted",
      () => bed.hypervisor.inspect(bed.uid),
      ({ kind }) => kind === "present",
    );
    assert.equal(adopted.kind === "present" && adopted.vmmPid, vmm.pid);
    assert.deepEqual(processesWith(bed.uid), [vmm.pid]);
    await serial.countsOn(20);
    assert.equal(whyNotCounting(serial.text), undefined);
    assert.equal((await bed.bed.vmi()).status?.phase, "Running");
  },
);

vmmTest(
  "the domain process killed while QEMU starts: it is started again, never twice",
  async () => {
    // Where QEMU sees it: of the node, its root has the programs alone.
    const directory = await Deno.makeTempDir({ dir: "/usr/local/lib", prefix: "dv-" });
    await Deno.chmod(directory, 0o755);
    try {
      const emulator = `${directory}/qemu`;
      // The first time it is to run a guest, the parent's driver dies; probes of what it can do are let through.
      await Deno.writeTextFile(
        emulator,
        `#!/bin/sh
case "$*" in *guest=*)
  if mkdir /run/denovirt/vm/ephemeral/done 2> /dev/null; then
    for comm in /proc/[0-9]*/comm; do
      read -r name < $comm
      if [ "$name" = denovirt-domain ]; then kill -KILL $(echo $comm | cut -d/ -f3); fi
    done
  fi
esac
exec ${EMULATOR} "$@"
`,
      );
      await Deno.chmod(emulator, 0o755);
      await using bed = await VmmBed.start({ emulator });
      assert.ok(await Deno.stat(`${bed.ephemeralPath}/done`), "the first start was disturbed");
      assert.deepEqual(processesWith(bed.uid), [await bed.vmmPid()]);
      await using serial = new CountingConsole(await bed.hypervisor.openConsole(bed.uid));
      await serial.countsOn(5);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);

/** Until the kernel has killed QEMU for it. */
async function runOutOfMemory(bed: VmmBed): Promise<void> {
  const used = Number(await Deno.readTextFile(`${bed.memoryCgroup}/memory.usage_in_bytes`));
  const limit = `${bed.memoryCgroup}/memory.limit_in_bytes`;
  await Deno.writeTextFile(limit, `${used + OOM_ROOM_BYTES}`);
  // Of all processes of the pod the kernel is to choose this one.
  const pid = await bed.vmmPid();
  await Deno.writeTextFile(`/proc/${pid}/oom_score_adj`, "1000");
  // More than the limit by itself: what is needed must not be found in caches that can be dropped.
  const needed = used + 2 * OOM_ROOM_BYTES;
  await new Deno.Command("sh", {
    args: [
      "-c",
      `echo $$ > ${bed.memoryCgroup}/cgroup.procs && head -c ${needed} /dev/zero | tail -c ${needed}`,
    ],
    stdout: "null",
  }).output();
  await until("QEMU is killed", () => processesWith(bed.uid), (pids) => !pids.includes(pid));
}

function unlessItHasEnded(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(() => undefined, (error) => error);
  assert.ok(error instanceof HypervisorError, `expected a HypervisorError: got ${error}`);
  return error.message;
}

function hasPhase(phase: string): (vmi: VirtualMachineInstance) => boolean {
  return ({ status }) => status?.phase === phase;
}
