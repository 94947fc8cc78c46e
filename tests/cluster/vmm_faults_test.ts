import assert from "node:assert/strict";
import { say } from "../toolchain/progress.ts";
import { guestProcess } from "./guest_process.ts";
import { clusterTest } from "./test_bed.ts";
import { kernelVirtualMachine, TestVirtualMachine } from "./virtual_machine.ts";
import { waitUntil } from "./wait_until.ts";

const LAUNCH_TIMEOUT_MS = 180_000;
const SEEN_TIMEOUT_MS = 30_000;
const DELETE_TIMEOUT_MS = 120_000;

clusterTest("a VM with run strategy Always comes back when its QEMU is killed", async (bed) => {
  const { cluster, step } = bed;
  const vm = new TestVirtualMachine(bed, "killed");
  await cluster.apply(
    await kernelVirtualMachine(vm.name, ({ spec }) => {
      spec.runStrategy = "Always";
    }),
  );
  const first = await vm.waitForPhase("Running", { timeoutMs: LAUNCH_TIMEOUT_MS });
  const node = cluster.node(first.status?.nodeName ?? "");
  const guest = await guestProcess(node, vm.name);
  assert.match(guest, /^\d+$/);

  await step("QEMU is stopped by a signal: not ready until it goes on", async () => {
    await node.run(["kill", "-STOP", guest]);
    await untilReady(vm, { isReady: false });
    assert.equal((await vm.vmi())?.status?.phase, "Running");
    await node.run(["kill", "-CONT", guest]);
    await untilReady(vm, { isReady: true });
  });

  await step("QEMU is killed: the next instance runs", async () => {
    await node.run(["kill", "-KILL", guest]);
    const killedMs = performance.now();
    const next = await vm.waitForPhase("Running", {
      timeoutMs: LAUNCH_TIMEOUT_MS,
      notUid: first.metadata.uid,
    });
    say(`the next guest runs after ${Math.round(performance.now() - killedMs)} ms`);
    assert.notEqual(await guestProcess(node, vm.name), guest);
    assert.notEqual(next.metadata.uid, first.metadata.uid);
    const events = await cluster.kubectl([
      "get",
      "events",
      `--field-selector=involvedObject.uid=${first.metadata.uid},reason=Stopped`,
      "-o",
      "jsonpath={.items[*].message}",
    ]);
    assert.match(events, /The VirtualMachineInstance crashed\./);
  });

  await step("it can be deleted", () => vm.delete(DELETE_TIMEOUT_MS));
});

async function untilReady(
  vm: TestVirtualMachine,
  { isReady }: { isReady: boolean },
): Promise<void> {
  await waitUntil({
    what: `the VMI to be ${isReady ? "ready" : "unresponsive"}`,
    timeoutMs: SEEN_TIMEOUT_MS,
    look: async () => {
      const { status } = await vm.vmi() ?? {};
      return status?.conditions?.find(({ type }) => type === "Ready");
    },
    until: (ready) => isReady ? ready?.status === "True" : ready?.reason === "GuestUnresponsive",
  });
}
