import assert from "node:assert/strict";
import { clusterTest } from "./test_bed.ts";
import { type KernelVirtualMachine, kernelVirtualMachine } from "./virtual_machine.ts";

interface Status {
  message?: string;
  details?: { causes?: { field?: string; message?: string }[] };
}

const CASES: readonly [title: string, field: string, change: (vm: KernelVirtualMachine) => void][] =
  [
    [
      "running together with runStrategy",
      "spec.running",
      (vm) => {
        vm.spec.running = true;
      },
    ],
    [
      "neither running nor runStrategy",
      "spec.running",
      (vm) => {
        delete vm.spec.runStrategy;
      },
    ],
    [
      "an unknown run strategy",
      "spec.runStrategy",
      (vm) => {
        vm.spec.runStrategy = "Sometimes";
      },
    ],
    [
      "a disk without its volume",
      "spec.template.spec.domain.devices.disks[0].name",
      (vm) => {
        vm.spec.template.spec.domain.devices.disks = [{ name: "lonely", disk: { bus: "virtio" } }];
      },
    ],
    [
      "a volume without a source",
      "spec.template.spec.volumes[0]",
      (vm) => {
        vm.spec.template.spec.domain.devices.disks = [{ name: "empty", disk: { bus: "virtio" } }];
        vm.spec.template.spec.volumes = [{ name: "empty" }];
      },
    ],
    [
      "two volumes under one name",
      "spec.template.spec.volumes[1].name",
      (vm) => {
        const volume = { name: "twin", emptyDisk: { capacity: "1Gi" } };
        vm.spec.template.spec.domain.devices.disks = [{ name: "twin", disk: { bus: "virtio" } }];
        vm.spec.template.spec.volumes = [volume, volume];
      },
    ],
  ];

clusterTest("bad input is refused with its field", async ({ api, step }) => {
  for (const [title, field, change] of CASES) {
    await step(title, async () => {
      const vm = JSON.parse(await kernelVirtualMachine("refused", change));
      const { status, body } = await api.request(
        "POST",
        "/apis/kubevirt.io/v1/namespaces/default/virtualmachines?dryRun=All",
        vm,
      );
      const { message, details } = body as Status;
      const fields = details?.causes?.map((cause) => cause.field) ?? [];
      assert.equal(status, 422, `${status}: ${message}`);
      assert.ok(
        fields.some((seen) => seen?.startsWith(field)),
        `expected ${field}: got ${JSON.stringify(fields)}: ${message}`,
      );
    });
  }
});
