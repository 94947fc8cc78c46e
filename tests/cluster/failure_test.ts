import assert from "node:assert/strict";
import { clusterTest } from "./test_bed.ts";
import { kernelVirtualMachine, TestVirtualMachine } from "./virtual_machine.ts";
import { waitUntil } from "./wait_until.ts";

const PULL_TIMEOUT_MS = 90_000;
const FAILURE_TIMEOUT_MS = 120_000;
/** The second start follows 10 to 15 s after the first failure. */
const SECOND_FAILURE_TIMEOUT_MS = 120_000;
const DELETE_TIMEOUT_MS = 90_000;

clusterTest("an image that is not there shows ErrImagePull on the VM", async (bed) => {
  const vm = new TestVirtualMachine(bed, "absent-image");
  await bed.cluster.apply(
    await kernelVirtualMachine(vm.name, ({ spec }) => {
      spec.template.spec.domain.firmware.kernelBoot.container.image = "denovirt.local/absent:dev";
    }),
  );
  await bed.step("printableStatus", async () => {
    await vm.waitForVm("to say ErrImagePull", {
      timeoutMs: PULL_TIMEOUT_MS,
      until: ({ status }) =>
        /^(ErrImagePull|ImagePullBackOff)$/.test(status?.printableStatus ?? ""),
    });
  });
  await bed.step("it can be deleted", () => vm.delete(DELETE_TIMEOUT_MS));
});

clusterTest("a kernel that is not a kernel ends in Failed, and the back-off grows", async (bed) => {
  const vm = new TestVirtualMachine(bed, "no-kernel");
  await bed.cluster.apply(
    await kernelVirtualMachine(vm.name, ({ spec }) => {
      spec.template.spec.domain.firmware.kernelBoot.container.kernelPath = "/boot/initrd";
    }),
  );
  await bed.step("the VMI fails and tells the reason", async () => {
    const failed = await waitUntil({
      what: "the VMI to fail with a reason",
      timeoutMs: FAILURE_TIMEOUT_MS,
      look: async () => {
        const vmi = await vm.vmi();
        const events = await bed.cluster.kubectl([
          "get",
          "events",
          "--field-selector=involvedObject.kind=VirtualMachineInstance,involvedObject.name=no-kernel,type=Warning",
          "-o",
          "jsonpath={.items[*].message}",
        ]);
        return { phase: vmi?.status?.phase, events, conditions: vmi?.status?.conditions };
      },
      until: ({ events }) => /kernel/i.test(events),
    });
    assert.match(failed.events, /kernel/i);
  });

  const failureCount = (count: number, timeoutMs: number) =>
    vm.waitForVm(`to have failed ${count} times`, {
      timeoutMs,
      until: ({ status }) =>
        status?.startFailure?.consecutiveFailCount === count &&
        status.startFailure.retryAfterTimestamp !== undefined,
    });
  await bed.step("it starts again after a while, and the second wait is longer", async () => {
    const once = await failureCount(1, FAILURE_TIMEOUT_MS);
    const firstWaitMs = untilRetryMs(once.status?.startFailure?.retryAfterTimestamp);
    await vm.waitForVm("to say CrashLoopBackOff", {
      timeoutMs: 30_000,
      until: ({ status }) => status?.printableStatus === "CrashLoopBackOff",
    });
    const twice = await failureCount(2, SECOND_FAILURE_TIMEOUT_MS);
    const secondWaitMs = untilRetryMs(twice.status?.startFailure?.retryAfterTimestamp);
    // 10 to 15 s, then 40 to 60 s, less what passed before they were seen
    assert.ok(firstWaitMs <= 15_000, `first wait: ${firstWaitMs} ms`);
    assert.ok(secondWaitMs > 20_000 && secondWaitMs <= 60_000, `second wait: ${secondWaitMs} ms`);
  });
  await bed.step("it can be deleted", () => vm.delete(DELETE_TIMEOUT_MS));
});

function untilRetryMs(timestamp: string | undefined): number {
  return Date.parse(timestamp ?? "") - Date.now();
}
