import assert from "node:assert/strict";
import { GuestConsole } from "./guest_console.ts";
import { clusterTest, type TestBed } from "./test_bed.ts";
import { kernelVirtualMachine, TestVirtualMachine } from "./virtual_machine.ts";

const LAUNCH_TIMEOUT_MS = 180_000;
const BOOT_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 90_000;
const DELETE_TIMEOUT_MS = 120_000;

clusterTest("the run strategy decides what follows a poweroff in the guest", async (bed) => {
  const { cluster, step } = bed;
  const always = new TestVirtualMachine(bed, "strategy-always");
  const rerun = new TestVirtualMachine(bed, "strategy-rerun");
  const manual = new TestVirtualMachine(bed, "strategy-manual");
  let first = "";

  await step("Manual waits for start; the others run at once", async () => {
    for (
      const [vm, runStrategy] of [
        [manual, "Manual"],
        [always, "Always"],
        [rerun, "RerunOnFailure"],
      ] as const
    ) {
      await cluster.apply(
        await kernelVirtualMachine(vm.name, ({ spec }) => {
          spec.runStrategy = runStrategy;
        }),
      );
    }
    first = (await always.waitForPhase("Running", { timeoutMs: LAUNCH_TIMEOUT_MS })).metadata.uid;
    await rerun.waitForPhase("Running", { timeoutMs: LAUNCH_TIMEOUT_MS });
    assert.equal(await manual.vmi(), undefined);
    assert.equal((await manual.vm())?.status?.printableStatus, "Stopped");
  });

  await step("RerunOnFailure stays down after a poweroff", async () => {
    await powerOff(bed, rerun.name);
    await rerun.waitForVm("to be stopped", {
      timeoutMs: STOP_TIMEOUT_MS,
      until: ({ status }) => status?.printableStatus === "Stopped",
    });
  });

  await step("Always comes back after a poweroff", async () => {
    await powerOff(bed, always.name);
    await always.waitForPhase("Running", { timeoutMs: LAUNCH_TIMEOUT_MS, notUid: first });
    // as long as the other had to come back, this one had as well
    assert.equal((await rerun.vm())?.status?.printableStatus, "Stopped");
  });

  await step("Manual runs when it is started, and stays down after a poweroff", async () => {
    await manual.verb("virtualmachines", "start", { expect: 202, body: {} });
    await manual.waitForPhase("Running", { timeoutMs: LAUNCH_TIMEOUT_MS });
    await powerOff(bed, manual.name);
    await manual.waitForVm("to be stopped", {
      timeoutMs: STOP_TIMEOUT_MS,
      until: ({ status }) => status?.printableStatus === "Stopped",
    });
  });

  await step("all can be deleted", async () => {
    await Promise.all([always, rerun, manual].map((vm) => vm.delete(DELETE_TIMEOUT_MS)));
  });
});

async function powerOff({ api }: TestBed, name: string): Promise<void> {
  await using terminal = await GuestConsole.open(api, { namespace: "default", name });
  await terminal.prompt(/:\/# /, BOOT_TIMEOUT_MS);
  terminal.type("poweroff\n");
  await terminal.expect(/The system is going down|Power down|Sent SIG/, BOOT_TIMEOUT_MS);
}
