import assert from "node:assert/strict";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import { BUILT_IN_DEFAULTS } from "../cluster_defaults.ts";
import { defaultSpec, defaultVirtualMachineInstance } from "./defaults.ts";

type Spec = VirtualMachineInstanceSpec;

const CONTEXT = {
  cluster: BUILT_IN_DEFAULTS,
  now: "2026-01-01T00:00:00Z",
  uuid: "11111111-2222-4333-8444-555555555555",
};

function spec(domain: Partial<Spec["domain"]>, rest: Partial<Spec> = {}): Spec {
  return { domain: { devices: {}, ...domain }, ...rest };
}

function images(...names: string[]): Spec {
  return spec({}, {
    volumes: names.map((image, index) => ({ name: `v${index}`, containerDisk: { image } })),
  });
}

/** What it is about, the spec, what is looked at, what is seen. */
const ROWS: [string, Spec, (spec: Spec) => unknown, unknown][] = [
  ["architecture", spec({}), (it) => it.architecture, "amd64"],
  ["machine type", spec({}), (it) => it.domain.machine, { type: "q35" }],
  [
    "a given machine type stays",
    spec({ machine: { type: "pc-q35-7.2" } }),
    (it) => it.domain.machine,
    {
      type: "pc-q35-7.2",
    },
  ],
  [
    "arm64",
    spec({}, { architecture: "arm64" }),
    (it) => [it.domain.machine?.type, it.domain.cpu?.model],
    [
      "virt",
      "host-passthrough",
    ],
  ],
  [
    "CPU request from limit",
    spec({ resources: { limits: { cpu: "2" } } }),
    (it) => it.domain.resources,
    {
      limits: { cpu: "2" },
      requests: { cpu: "2" },
    },
  ],
  [
    "guest memory from request",
    spec({ resources: { requests: { memory: "1Gi" } } }),
    (it) => it.domain.memory,
    {
      guest: "1Gi",
    },
  ],
  [
    "guest memory from limit",
    spec({ resources: { limits: { memory: "2Gi" } } }),
    (it) => it.domain.memory,
    {
      guest: "2Gi",
    },
  ],
  [
    "guest memory from huge pages",
    spec({ memory: { hugepages: { pageSize: "2Mi" } } }),
    (it) => it.domain.memory,
    {
      hugepages: { pageSize: "2Mi" },
      guest: "2Mi",
    },
  ],
  ["one processor", spec({}), (it) => it.domain.cpu, {
    cores: 1,
    sockets: 1,
    threads: 1,
    model: "host-model",
  }],
  [
    "sockets from the CPU limit, rounded up",
    spec({
      resources: { limits: { cpu: "2500m" }, requests: { cpu: "1" } },
    }),
    (it) => it.domain.cpu?.sockets,
    3,
  ],
  ["a given topology is completed", spec({ cpu: { cores: 4 } }), (it) => it.domain.cpu, {
    cores: 4,
    sockets: 1,
    threads: 1,
    model: "host-model",
  }],
  [
    "pull policies",
    images("a", "a:latest", "a:1", "host:5000/a", "host:5000/a:1", "a@sha256:0"),
    (it) => it.volumes?.map((volume) => volume.containerDisk?.imagePullPolicy),
    ["Always", "Always", "IfNotPresent", "Always", "IfNotPresent", "IfNotPresent"],
  ],
  [
    "pull policy of a kernel",
    spec({
      firmware: { kernelBoot: { container: { image: "k:1", kernelPath: "/k" } } },
    }),
    (it) => it.domain.firmware?.kernelBoot?.container?.imagePullPolicy,
    "IfNotPresent",
  ],
  ["eviction strategy", spec({}), (it) => it.evictionStrategy, "None"],
  [
    "a bridge interface on the pod network",
    spec({}),
    (it) => [it.networks, it.domain.devices.interfaces],
    [
      [{ name: "default", pod: {} }],
      [{ name: "default", bridge: {} }],
    ],
  ],
  ["no interface when not wanted", spec({ devices: { autoattachPodInterface: false } }), (it) => [
    it.networks,
    it.domain.devices.interfaces,
  ], [undefined, undefined]],
  ["a disk for each volume", images("a:1"), (it) => it.domain.devices.disks, [
    { name: "v0", disk: { bus: "sata" } },
  ]],
  [
    "no second disk for a volume",
    spec({
      devices: { disks: [{ name: "v0", cdrom: {} }] },
    }, { volumes: [{ name: "v0", containerDisk: { image: "a:1" } }] }),
    (it) => it.domain.devices.disks,
    [
      { name: "v0", cdrom: { bus: "sata", readonly: true, tray: "closed" } },
    ],
  ],
  ["ACPI", spec({}), (it) => it.domain.features, { acpi: { enabled: true } }],
  [
    "features that are present are enabled",
    spec({ features: { apic: {}, smm: { enabled: false } } }),
    (it) => it.domain.features,
    { apic: { enabled: true }, smm: { enabled: false }, acpi: { enabled: true } },
  ],
  [
    "enlightenments bring what they need",
    spec({ features: { hyperv: { synictimer: {} } } }),
    (it) => it.domain.features?.hyperv,
    {
      synictimer: { enabled: true },
      synic: { enabled: true },
      vpindex: { enabled: true },
    },
  ],
  [
    "fields that we do not know stay what they are",
    spec({
      features: { hyperv: { later: "x" } as never },
      clock: { timer: { later: 1 } as never },
    }),
    (it) => [it.domain.features?.hyperv, it.domain.clock?.timer],
    [{ later: "x" }, { later: 1 }],
  ],
  ["firmware UUID", spec({}), (it) => it.domain.firmware?.uuid, CONTEXT.uuid],
  [
    "a tablet is on usb",
    spec({ devices: { inputs: [{ name: "t", type: "tablet" }] } }),
    (it) => it.domain.devices.inputs,
    [{ name: "t", type: "tablet", bus: "usb" }],
  ],
  [
    "probe intervals",
    spec({}, { readinessProbe: { guestAgentPing: {}, periodSeconds: 3 } }),
    (it) => it.readinessProbe,
    {
      guestAgentPing: {},
      periodSeconds: 3,
      timeoutSeconds: 1,
      successThreshold: 1,
      failureThreshold: 3,
    },
  ],
  [
    "watchdog action",
    spec({ devices: { watchdog: { name: "w", i6300esb: {} } } }),
    (it) => it.domain.devices.watchdog,
    { name: "w", i6300esb: { action: "reset" } },
  ],
];

for (const [what, given, look, seen] of ROWS) {
  Deno.test(`defaultSpec(): ${what}`, () => {
    const before = structuredClone(given);
    assert.deepEqual(look(defaultSpec(given, CONTEXT)), seen);
    assert.deepEqual(given, before, "the given spec stays as it is");
  });
}

Deno.test("defaultSpec() changes nothing the second time", () => {
  for (const [what, given] of ROWS) {
    const once = defaultSpec(given, CONTEXT);
    assert.deepEqual(defaultSpec(once, { ...CONTEXT, uuid: "other" }), once, what);
  }
});

Deno.test("defaultVirtualMachineInstance() starts a life: finalizer, phase, sizes, and no status of the user's", () => {
  const vmi: VirtualMachineInstance = {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name: "v", uid: "u", finalizers: ["mine"] },
    spec: spec({ memory: { guest: "1Gi" } }),
    status: { phase: "Running", nodeName: "elsewhere" },
  };
  const { metadata, status } = defaultVirtualMachineInstance(vmi, CONTEXT);
  assert.deepEqual(metadata.finalizers, ["mine", "kubevirt.io/foregroundDeleteVirtualMachine"]);
  assert.deepEqual(status, {
    phase: "Pending",
    phaseTransitionTimestamps: [{ phase: "Pending", phaseTransitionTimestamp: CONTEXT.now }],
    runtimeUser: 107,
    memory: { guestAtBoot: "1Gi", guestCurrent: "1Gi", guestRequested: "1Gi" },
    currentCPUTopology: { cores: 1, sockets: 1, threads: 1 },
  });
});
