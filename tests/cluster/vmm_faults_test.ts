import assert from "node:assert/strict";
import type { ClusterNode } from "./cluster_node.ts";
import { say } from "../toolchain/progress.ts";
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

  await step("QEMU is stopped by a signal: not ready until it goes on", async () => {
    await signal(node, first.metadata.uid, "STOP");
    await untilReady(vm, { isReady: false });
    assert.equal((await vm.vmi())?.status?.phase, "Running");
    await signal(node, first.metadata.uid, "CONT");
    await untilReady(vm, { isReady: true });
  });

  await step("QEMU is killed: the next instance runs", async () => {
    await signal(node, first.metadata.uid, "KILL");
    const killedMs = performance.now();
    const next = await vm.waitForPhase("Running", {
      timeoutMs: LAUNCH_TIMEOUT_MS,
      notUid: first.metadata.uid,
    });
    say(`the next guest runs after ${Math.round(performance.now() - killedMs)} ms`);
    assert.equal(await guestProcess(node, first.metadata.uid), "");
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

async function signal(node: ClusterNode, uid: string, name: string): Promise<void> {
  await node.run(["kill", `-${name}`, await guestProcess(node, uid)]);
}

/** PID of QEMU as the node sees it; empty where there is none. */
async function guestProcess(node: ClusterNode, uid: string): Promise<string> {
  return (await node.shell(`pgrep -f '^([^ ]*/)?qemu-system.*${uid}' || true`)).trim();
}
