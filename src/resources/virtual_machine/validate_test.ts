import assert from "node:assert/strict";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import { BUILT_IN_DEFAULTS } from "../cluster_defaults.ts";
import { deepFreeze } from "../../runtime/deep_freeze.ts";
import { defaultVirtualMachine } from "./defaults.ts";
import { deprecationWarnings, validateVirtualMachine } from "./validate.ts";

const CONTEXT = {
  cluster: BUILT_IN_DEFAULTS,
  now: "2026-01-01T00:00:00Z",
  uuid: "11111111-2222-4333-8444-555555555555",
  serial: "66666666-7777-4888-9999-000000000000",
};

function vm(spec: Partial<VirtualMachine["spec"]>): VirtualMachine {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: "v", uid: "u" },
    spec: {
      template: { spec: { domain: { devices: {}, memory: { guest: "64Mi" } } } },
      ...spec,
    },
  };
}

const ROWS: [string, Partial<VirtualMachine["spec"]>, string[]][] = [
  ["running and runStrategy", { running: true, runStrategy: "Always" }, [
    "spec.running: Running and RunStrategy are mutually exclusive. Note that Running is deprecated, please use RunStrategy instead",
  ]],
  ["neither running nor runStrategy", {}, ["spec.running: RunStrategy must be specified"]],
  ["an unknown run strategy", { runStrategy: "Sometimes" }, [
    "spec.runStrategy: Invalid RunStrategy (Sometimes)",
  ]],
  ["a template without spec", { runStrategy: "Always", template: {} }, [
    "spec.template.spec: missing virtual machine template.",
  ]],
  ["a bad template", {
    runStrategy: "Always",
    template: {
      spec: { domain: { devices: { disks: [{ name: "x" }] }, memory: { guest: "64Mi" } } },
    },
  }, [
    "spec.template.spec.domain.devices.disks[0].name: spec.template.spec.domain.devices.disks[0].name 'x' not found.",
  ]],
  ["a DataVolume template that is not used", {
    runStrategy: "Always",
    dataVolumeTemplates: [{ metadata: { name: "d" }, spec: {} }],
  }, [
    "spec.dataVolumeTemplates[0]: DataVolumeTemplate entry spec.dataVolumeTemplates[0] must be referenced in the VMI template's 'volumes' list",
  ]],
  ["a DataVolume template without name", {
    runStrategy: "Always",
    dataVolumeTemplates: [{ metadata: {}, spec: {} }],
  }, [
    "spec.dataVolumeTemplates[0].name: 'name' field must not be empty for DataVolumeTemplate entry spec.dataVolumeTemplates[0].",
  ]],
  ["an instancetype and a size", { runStrategy: "Always", instancetype: { name: "small" } }, [
    "spec.template.spec.domain.memory.guest: VM field(s) spec.template.spec.domain.memory.guest conflicts with selected instance type",
  ]],
  ["a preference without name", { runStrategy: "Always", preference: {} }, [
    "spec.preference: Either Name or InferFromVolume should be provided within the preference matcher",
  ]],
  ["a reserved label of the template", {
    runStrategy: "Always",
    template: {
      metadata: { labels: { "kubevirt.io/nodeName": "n" } },
      spec: { domain: { devices: {}, memory: { guest: "64Mi" } } },
    },
  }, [
    "spec.template.metadata.labels[kubevirt.io/nodeName]: creation of the following reserved kubevirt.io/ labels on a VMI object is prohibited: kubevirt.io/nodeName",
  ]],
  ["a sidecar without its gate", {
    runStrategy: "Always",
    template: {
      metadata: { annotations: { "hooks.kubevirt.io/hookSidecars": "[]" } },
      spec: { domain: { devices: {}, memory: { guest: "64Mi" } } },
    },
  }, [
    "spec.template.metadata.annotations[hooks.kubevirt.io/hookSidecars]: sidecar feature gate is not enabled in kubevirt-config, invalid entry spec.template.metadata.annotations[hooks.kubevirt.io/hookSidecars]",
  ]],
  ["memory that grows by less than a block", {
    runStrategy: "Always",
    template: {
      spec: { domain: { devices: {}, memory: { guest: "65Mi", maxGuest: "129Mi" } } },
    },
  }, [
    "spec.template.spec.domain.memory.guest: Guest memory must be 2Mi aligned",
    "spec.template.spec.domain.memory.maxGuest: MaxGuest must be 2Mi aligned",
  ]],
  ["memory that grows on arm64", {
    runStrategy: "Always",
    template: {
      spec: {
        architecture: "arm64",
        domain: { devices: {}, memory: { guest: "64Mi", maxGuest: "128Mi" } },
      },
    },
  }, ["spec.template.spec.architecture: Memory hotplug is only available for x86_64 VMs"]],
  ["an unknown way to update volumes", { runStrategy: "Always", updateVolumesStrategy: "Copy" }, [
    "spec.updateVolumesStrategy: Invalid UpdateVolumesStrategy (Copy)",
  ]],
];

for (const [what, spec, said] of ROWS) {
  Deno.test(`validateVirtualMachine() refuses ${what}`, () => {
    const causes = validateVirtualMachine({ vm: vm(spec), old: undefined, defaults: CONTEXT });
    assert.deepEqual(causes.map(({ field, message }) => `${field}: ${message}`), said);
  });
}

Deno.test("validateVirtualMachine() accepts every run strategy, and running alone", () => {
  const strategies = ["Always", "Halted", "Manual", "RerunOnFailure", "Once", "WaitAsReceiver"];
  const specs = [...strategies.map((runStrategy) => ({ runStrategy })), { running: false }];
  for (const spec of specs) {
    assert.deepEqual(
      validateVirtualMachine({ vm: vm(spec), old: undefined, defaults: CONTEXT }),
      [],
    );
  }
});

Deno.test("validateVirtualMachine() lets a stored VM be edited outside its spec", () => {
  const old = vm({ runStrategy: "Sometimes" });
  const same = { ...old, metadata: { ...old.metadata, labels: { a: "b" } } };
  assert.deepEqual(validateVirtualMachine({ vm: same, old, defaults: CONTEXT }), []);
});

Deno.test("validateVirtualMachine() keeps the spec while a snapshot or a restore copies it", () => {
  const old = vm({ runStrategy: "Always" });
  for (
    const [status, by] of [
      [{ snapshotInProgress: "s" }, 'snapshot "s"'],
      [{ restoreInProgress: "r" }, 'restore "r"'],
    ] as const
  ) {
    const changed = { ...vm({ runStrategy: "Halted" }), status };
    const causes = validateVirtualMachine({ vm: changed, old, defaults: CONTEXT });
    assert.deepEqual(causes, [{
      reason: "FieldValueNotSupported",
      field: "spec",
      message: `Cannot update VM spec until ${by} completes`,
    }]);
  }
});

Deno.test("validateVirtualMachine() judges memory that grows by its instancetype's words too", () => {
  const memory = { guest: "65Mi", maxGuest: "129Mi" };
  const found = {
    instancetype: {
      from: "revision" as const,
      name: "r",
      spec: { cpu: { guest: 1 }, memory },
    },
  };
  const matcher = { name: "growing", kind: "VirtualMachineClusterInstancetype" };
  const sized = vm({
    runStrategy: "Always",
    instancetype: matcher,
    template: { spec: { domain: { devices: {} } } },
  });
  assert.deepEqual(
    validateVirtualMachine({ vm: sized, old: undefined, found, defaults: CONTEXT })
      .map(({ field, message }) => `${field}: ${message}`),
    [
      "spec.template.spec.domain.memory.guest: Guest memory must be 2Mi aligned",
      "spec.template.spec.domain.memory.maxGuest: MaxGuest must be 2Mi aligned",
    ],
  );
});

Deno.test("deprecationWarnings() names the field to use", () => {
  assert.deepEqual(deprecationWarnings(vm({ runStrategy: "Always" })), []);
  assert.match(deprecationWarnings(vm({ running: true }))[0] ?? "", /runStrategy/);
});

Deno.test("defaultVirtualMachine() gives a new VM identity, PCI topology and finalizer", () => {
  const given = vm({ runStrategy: "Always", instancetype: { name: "small" } });
  const made = defaultVirtualMachine(given, { ...CONTEXT, operation: "CREATE" });
  const { template, instancetype } = made.spec;
  assert.equal(template.spec?.architecture, "amd64");
  assert.equal(template.spec?.domain.machine?.type, "q35");
  assert.deepEqual(template.spec?.domain.firmware, { uuid: CONTEXT.uuid, serial: CONTEXT.serial });
  assert.deepEqual(template.metadata?.annotations, { "kubevirt.io/pci-topology-version": "v3" });
  assert.deepEqual(made.metadata.finalizers, ["kubevirt.io/virtualMachineControllerFinalize"]);
  assert.equal(instancetype?.kind, "virtualmachineclusterinstancetype");
});

Deno.test("defaultVirtualMachine() gives an old VM no new identity", () => {
  const made = defaultVirtualMachine(vm({ runStrategy: "Always" }), {
    ...CONTEXT,
    operation: "UPDATE",
  });
  assert.equal(made.spec.template.spec?.domain.firmware, undefined);
  assert.equal(made.metadata.finalizers, undefined);
});

Deno.test("defaultVirtualMachine() leaves the VM that it is given alone", () => {
  const given = vm({
    runStrategy: "Always",
    instancetype: { name: "small" },
    preference: { name: "linux" },
    dataVolumeTemplates: [{ metadata: { name: "root" }, spec: { storage: {} } }],
    template: {
      metadata: { annotations: { note: "kept" } },
      spec: { domain: { devices: {}, firmware: { serial: "abc" }, machine: {} } },
    },
  });
  const preference = { volumes: { preferredStorageClassName: "fast" } };
  const operation = "CREATE" as const;
  const made = defaultVirtualMachine(deepFreeze(given), { ...CONTEXT, operation, preference });
  assert.equal(made.spec.preference?.kind, "virtualmachineclusterpreference");
  assert.equal(made.spec.dataVolumeTemplates?.[0]?.spec.storage?.storageClassName, "fast");
  assert.deepEqual(made.spec.template.spec?.domain.firmware, { uuid: CONTEXT.uuid, serial: "abc" });
  assert.deepEqual(made.spec.template.metadata?.annotations, {
    note: "kept",
    "kubevirt.io/pci-topology-version": "v3",
  });
});
