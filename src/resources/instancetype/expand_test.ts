import assert from "node:assert/strict";
import type { VirtualMachineInstancetypeSpec } from "../../api/instancetype.ts";
import type { VirtualMachinePreferenceSpec } from "../../api/preference.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import { BUILT_IN_DEFAULTS } from "../cluster_defaults.ts";
import { vm } from "../testing/builders.ts";
import { expandTemplate, expandVirtualMachine } from "./expand.ts";
import type { Draft } from "./size.ts";

type Domain = VirtualMachineInstanceSpec["domain"];

const SMALL: VirtualMachineInstancetypeSpec = { cpu: { guest: 2 }, memory: { guest: "1Gi" } };

interface Given {
  domain?: Partial<Domain>;
  spec?: Partial<VirtualMachineInstanceSpec>;
  annotations?: Record<string, string>;
  instancetype?: Partial<VirtualMachineInstancetypeSpec>;
  preference?: VirtualMachinePreferenceSpec;
}

function machine({ domain, spec, annotations }: Given): VirtualMachine {
  const made = vm();
  const template = {
    metadata: { ...(annotations && { annotations }) },
    spec: { ...spec, domain: { devices: {}, ...domain } },
  };
  return { ...made, spec: { ...made.spec, template } };
}

function expand(given: Given) {
  const { instancetype, preference } = given;
  const size = {
    ...(instancetype && { instancetype: { ...SMALL, ...instancetype } }),
    ...(preference && { preference }),
  };
  return expandTemplate(machine(given), size, BUILT_IN_DEFAULTS);
}

/** What it is about, what is given, what is looked at, what is seen. */
const ROWS: readonly [string, Given, (draft: Draft) => unknown, unknown][] = [
  ["topology", { instancetype: {} }, ({ spec }) => spec.domain.cpu, {
    sockets: 2,
    cores: 1,
    threads: 1,
  }],
  ["memory", { instancetype: {} }, ({ spec }) => spec.domain.memory, { guest: "1Gi" }],
  [
    "fields of the processor that an instancetype has",
    {
      instancetype: {
        cpu: {
          guest: 1,
          model: "Skylake-Server",
          dedicatedCPUPlacement: true,
          isolateEmulatorThread: true,
          numa: { guestMappingPassthrough: {} },
          realtime: {},
          maxSockets: 4,
        },
      },
      domain: { cpu: { features: [{ name: "vmx" }] } },
    },
    ({ spec }) => spec.domain.cpu,
    {
      sockets: 1,
      cores: 1,
      threads: 1,
      model: "Skylake-Server",
      dedicatedCpuPlacement: true,
      isolateEmulatorThread: true,
      numa: { guestMappingPassthrough: {} },
      realtime: {},
      maxSockets: 4,
      features: [{ name: "vmx" }],
    },
  ],
  [
    "overcommitted memory: the pod asks for less",
    { instancetype: { memory: { guest: "4Gi", overcommitPercent: 25 } } },
    ({ spec }) => [spec.domain.memory?.guest, spec.domain.resources?.requests],
    ["4Gi", { memory: "3Gi" }],
  ],
  [
    "huge pages and the most memory",
    { instancetype: { memory: { guest: "1Gi", hugepages: { pageSize: "2Mi" }, maxGuest: "2Gi" } } },
    ({ spec }) => spec.domain.memory,
    { guest: "1Gi", hugepages: { pageSize: "2Mi" }, maxGuest: "2Gi" },
  ],
  [
    "devices, threads and protection of an instancetype",
    {
      instancetype: {
        gpus: [{ name: "g", deviceName: "nvidia.com/A2" }],
        hostDevices: [{ name: "h", deviceName: "intel.com/qat" }],
        ioThreadsPolicy: "supplementalPool",
        ioThreads: { supplementalPoolThreadCount: 4 },
        launchSecurity: { sev: {} },
      },
    },
    ({ spec: { domain } }) => [
      domain.devices.gpus,
      domain.devices.hostDevices,
      domain.ioThreadsPolicy,
      domain.ioThreads,
      domain.launchSecurity,
    ],
    [
      [{ name: "g", deviceName: "nvidia.com/A2" }],
      [{ name: "h", deviceName: "intel.com/qat" }],
      "supplementalPool",
      { supplementalPoolThreadCount: 4 },
      { sev: {} },
    ],
  ],
  [
    "placement and annotations of an instancetype",
    {
      instancetype: { nodeSelector: { zone: "a" }, schedulerName: "own", annotations: { x: "1" } },
      annotations: { x: "1", y: "2" },
    },
    ({ spec, annotations }) => [spec.nodeSelector, spec.schedulerName, annotations],
    [{ zone: "a" }, "own", { x: "1", y: "2" }],
  ],
  [
    "disks that there are by default get a preferred bus",
    {
      preference: { devices: { preferredDiskBus: "virtio", preferredDiskDedicatedIoThread: true } },
      spec: { volumes: [{ name: "root", emptyDisk: { capacity: "1Gi" } }] },
    },
    ({ spec }) => spec.domain.devices.disks,
    [{ name: "root", disk: { bus: "virtio" }, dedicatedIOThread: true }],
  ],
  [
    "a disk keeps its own bus, and CD-ROM and LUN have preferences of their own",
    {
      preference: {
        devices: { preferredDiskBus: "virtio", preferredCdromBus: "scsi", preferredLunBus: "sata" },
      },
      domain: {
        devices: {
          disks: [
            { name: "a", disk: { bus: "sata" } },
            { name: "b", cdrom: {} },
            { name: "c", lun: {} },
          ],
        },
      },
    },
    ({ spec }) => spec.domain.devices.disks,
    [
      { name: "a", disk: { bus: "sata" } },
      { name: "b", cdrom: { bus: "scsi" } },
      { name: "c", lun: { bus: "sata" } },
    ],
  ],
  [
    "the default interface gets a preferred model",
    { preference: { devices: { preferredInterfaceModel: "e1000e" } } },
    ({ spec }) => spec.domain.devices.interfaces,
    [{ name: "default", bridge: {}, model: "e1000e" }],
  ],
  [
    "masquerade is preferred for an interface without binding on the pod network alone",
    {
      preference: { devices: { preferredInterfaceMasquerade: {} } },
      domain: { devices: { interfaces: [{ name: "a" }, { name: "b" }, { name: "c", sriov: {} }] } },
      spec: {
        networks: [
          { name: "a", pod: {} },
          { name: "b", multus: { networkName: "n" } },
          { name: "c", pod: {} },
        ],
      },
    },
    ({ spec }) => spec.domain.devices.interfaces,
    [{ name: "a", masquerade: {} }, { name: "b" }, { name: "c", sriov: {} }],
  ],
  [
    "no interface where a preference wants none",
    { preference: { devices: { preferredAutoattachPodInterface: false } } },
    ({ spec }) => [spec.domain.devices.interfaces, spec.networks],
    [undefined, undefined],
  ],
  [
    "an attached input device gets a preferred bus and type",
    {
      preference: {
        devices: {
          preferredAutoattachInputDevice: true,
          preferredInputBus: "virtio",
          preferredInputType: "tablet",
        },
      },
    },
    ({ spec }) => spec.domain.devices.inputs,
    [{ name: "default-0", type: "tablet", bus: "virtio" }],
  ],
  [
    "panic devices, also one that is not there",
    { preference: { devices: { preferredPanicDeviceModel: "hyperv" } } },
    ({ spec }) => spec.domain.devices.panicDevices,
    [{ model: "hyperv" }],
  ],
  [
    "what is set is never replaced",
    {
      preference: {
        devices: { preferredRng: {}, preferredTPM: { persistent: true } },
        features: { preferredAcpi: {}, preferredSmm: {}, preferredHyperv: { relaxed: {} } },
        preferredSubdomain: "theirs",
        preferredTerminationGracePeriodSeconds: 3600,
        machine: { preferredMachineType: "pc-q35-7.2" },
        clock: { preferredClockOffset: { utc: {} }, preferredTimer: { hpet: { present: false } } },
        annotations: { x: "theirs", y: "theirs" },
      },
      domain: {
        devices: { tpm: { enabled: false } },
        features: { acpi: { enabled: false }, hyperv: { relaxed: { enabled: false }, vapic: {} } },
        machine: { type: "q35" },
        clock: { timezone: "Europe/Berlin" },
      },
      spec: { subdomain: "own", terminationGracePeriodSeconds: 0 },
      annotations: { x: "own" },
    },
    ({ spec, annotations }) => [
      spec.domain.devices.tpm,
      spec.domain.features,
      spec.domain.machine,
      spec.domain.clock,
      spec.subdomain,
      spec.terminationGracePeriodSeconds,
      annotations,
    ],
    [
      { enabled: false },
      {
        acpi: { enabled: false },
        smm: {},
        hyperv: { relaxed: { enabled: false }, vapic: {} },
      },
      { type: "q35" },
      { timezone: "Europe/Berlin", timer: { hpet: { present: false } } },
      "own",
      0,
      { x: "own", y: "theirs" },
    ],
  ],
  [
    "no preferred enlightenment where all of the node are passed through",
    {
      preference: { features: { preferredHyperv: { relaxed: {} } } },
      domain: { features: { hypervPassthrough: { enabled: true } } },
    },
    ({ spec }) => spec.domain.features,
    { hypervPassthrough: { enabled: true } },
  ],
  [
    "preferred EFI",
    {
      preference: {
        firmware: { preferredEfi: { persistent: true }, preferredUseSecureBoot: true },
      },
    },
    ({ spec }) => spec.domain.firmware?.bootloader,
    { efi: { persistent: true } },
  ],
  [
    "EFI and secure boot as older preferences say it",
    { preference: { firmware: { preferredUseEfi: true, preferredUseSecureBoot: false } } },
    ({ spec }) => spec.domain.firmware?.bootloader,
    { efi: { secureBoot: false } },
  ],
  [
    "a chosen bootloader stays",
    {
      preference: { firmware: { preferredEfi: {}, preferredUseBiosSerial: true } },
      domain: { firmware: { bootloader: { bios: {} } } },
    },
    ({ spec }) => spec.domain.firmware?.bootloader,
    { bios: { useSerial: true } },
  ],
  [
    "preferred CPU features beside the VM's own",
    {
      preference: {
        cpu: { preferredCPUFeatures: [{ name: "vmx" }, { name: "pdpe1gb", policy: "force" }] },
      },
      domain: { cpu: { features: [{ name: "vmx", policy: "disable" }] } },
    },
    ({ spec }) => spec.domain.cpu?.features,
    [{ name: "vmx", policy: "disable" }, { name: "pdpe1gb", policy: "force" }],
  ],
];

for (const [what, given, look, expected] of ROWS) {
  Deno.test(`expandTemplate(): ${what}`, () => {
    const expansion = expand(given);
    assert.ok(!("causes" in expansion), JSON.stringify(expansion));
    assert.deepEqual(look(expansion), expected);
  });
}

/** What conflicts with an instancetype, and where. */
const CONFLICTS: readonly [Given, string[]][] = [
  [{ domain: { cpu: { sockets: 1, cores: 2, threads: 1 } } }, [
    "domain.cpu.sockets",
    "domain.cpu.cores",
    "domain.cpu.threads",
  ]],
  [{ domain: { memory: { guest: "1Gi" } } }, ["domain.memory.guest"]],
  [
    {
      domain: {
        resources: { requests: { cpu: 1, memory: "1Gi" }, limits: { cpu: 1, memory: "1Gi" } },
      },
    },
    [
      "domain.resources.requests.cpu",
      "domain.resources.limits.cpu",
      "domain.resources.requests.memory",
      "domain.resources.limits.memory",
    ],
  ],
  [
    {
      instancetype: {
        cpu: { guest: 1, model: "host-model", dedicatedCPUPlacement: false, numa: {} },
      },
      domain: { cpu: { model: "Skylake-Server", dedicatedCpuPlacement: true, numa: {} } },
    },
    ["domain.cpu.model", "domain.cpu.dedicatedCpuPlacement", "domain.cpu.numa"],
  ],
  [
    { instancetype: { nodeSelector: { a: "b" } }, spec: { nodeSelector: {} } },
    ["nodeSelector"],
  ],
  [
    {
      instancetype: { ioThreadsPolicy: "auto", schedulerName: "x", gpus: [{ name: "g" }] },
      domain: { ioThreadsPolicy: "shared", devices: { gpus: [{ name: "h" }] } },
      spec: { schedulerName: "y" },
    },
    ["schedulerName", "domain.ioThreadsPolicy", "domain.devices.gpus"],
  ],
];

for (const [given, paths] of CONFLICTS) {
  Deno.test(`expandTemplate() refuses ${paths.join(", ")} beside an instancetype`, () => {
    const expansion = expand({ instancetype: {}, ...given });
    assert.ok("causes" in expansion);
    const fields = paths.map((path) => `spec.template.spec.${path}`);
    assert.deepEqual(expansion.causes.map(({ field }) => field), fields);
    assert.deepEqual(
      expansion.causes.map(({ message }) => message),
      fields.map((field) => `VM field(s) ${field} conflicts with selected instance type`),
    );
  });
}

Deno.test("expandTemplate() refuses another value of an instancetype's annotation, and a number that cannot be spread", () => {
  const annotated = expand({ instancetype: { annotations: { x: "1" } }, annotations: { x: "2" } });
  assert.ok("causes" in annotated);
  assert.deepEqual(annotated.causes.map(({ field }) => field), [
    "spec.template.metadata.annotations.x",
  ]);
  const spread = expand({
    instancetype: { cpu: { guest: 3 } },
    preference: { cpu: { preferredCPUTopology: "spread" } },
  });
  assert.ok("causes" in spread);
  assert.match(spread.causes[0]?.message ?? "", /3 vCPUs .* not divisible/);
});

Deno.test("expandTemplate() leaves the VM and what is applied as they are", () => {
  const given: Given = {
    instancetype: { gpus: [{ name: "g" }], memory: { guest: "1Gi", overcommitPercent: 50 } },
    preference: {
      devices: { preferredDiskBus: "virtio", preferredVirtualGPUOptions: {} },
      features: { preferredHyperv: { relaxed: {} } },
    },
    spec: { volumes: [{ name: "root", emptyDisk: { capacity: "1Gi" } }] },
  };
  const before = structuredClone(given);
  const expanded = expand(given);
  assert.ok(!("causes" in expanded));
  assert.equal(expanded.spec.domain.devices.gpus?.[0]?.virtualGPUOptions !== undefined, true);
  assert.deepEqual(given, before);
});

Deno.test("expandVirtualMachine() gives a VM that needs no matchers any more", () => {
  const context = { cluster: BUILT_IN_DEFAULTS, now: "2026-01-01T00:00:00Z", uuid: "u" };
  const given = machine({ annotations: { own: "1" } });
  const matched = {
    ...given,
    spec: { ...given.spec, instancetype: { name: "small" }, preference: { name: "linux" } },
  };
  const size = { instancetype: SMALL, preference: { annotations: { os: "linux" } } };
  const expanded = expandVirtualMachine(matched, size, context);
  assert.ok("vm" in expanded);
  const { instancetype, preference, template } = expanded.vm.spec;
  assert.deepEqual([instancetype, preference], [undefined, undefined]);
  assert.deepEqual(template.metadata?.annotations, { own: "1", os: "linux" });
  assert.equal(template.spec?.domain.cpu?.sockets, 2);
  assert.equal(template.spec?.domain.machine?.type, "q35");
  const again = expandVirtualMachine(expanded.vm, {}, context);
  assert.deepEqual(again, expanded);
});
