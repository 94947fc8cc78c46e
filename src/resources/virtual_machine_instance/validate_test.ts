import assert from "node:assert/strict";
import fc from "fast-check";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import { BUILT_IN_DEFAULTS, type ClusterDefaults } from "../cluster_defaults.ts";
import { defaultSpec } from "./defaults.ts";
import { validateSpec } from "./validate.ts";

type Spec = VirtualMachineInstanceSpec;
type Domain = Spec["domain"];
type Devices = Domain["devices"];

const CONTEXT = {
  cluster: BUILT_IN_DEFAULTS,
  now: "2026-01-01T00:00:00Z",
  uuid: "11111111-2222-4333-8444-555555555555",
};

function goodSpec(): Spec {
  return {
    domain: {
      memory: { guest: "128Mi" },
      devices: {
        disks: [{ name: "root", disk: { bus: "virtio" } }, {
          name: "seed",
          disk: { bus: "virtio" },
        }],
        interfaces: [{ name: "default", masquerade: {} }],
      },
    },
    networks: [{ name: "default", pod: {} }],
    volumes: [
      { name: "root", containerDisk: { image: "registry/disk:1" } },
      { name: "seed", cloudInitNoCloud: { userData: "#cloud-config\n" } },
    ],
  };
}

function withDomain(domain: Partial<Domain>): Spec {
  const spec = goodSpec();
  return { ...spec, domain: { ...spec.domain, ...domain } };
}

function withDevices(devices: Partial<Devices>): Spec {
  const spec = goodSpec();
  return { ...spec, domain: { ...spec.domain, devices: { ...spec.domain.devices, ...devices } } };
}

type Disk = NonNullable<Devices["disks"]>[number];
type Interface = NonNullable<Devices["interfaces"]>[number];
type Volume = NonNullable<Spec["volumes"]>[number];

function withDisk(disk: Partial<Disk>): Spec {
  return withDevices({
    disks: [{ name: "root", ...disk }, { name: "seed", disk: { bus: "virtio" } }],
  });
}

function withInterface(one: Partial<Interface>): Spec {
  return withDevices({ interfaces: [{ name: "default", ...one }] });
}

function withSeed(volume: Omit<Volume, "name">): Spec {
  const spec = goodSpec();
  return { ...spec, volumes: [...(spec.volumes ?? []).slice(0, 1), { name: "seed", ...volume }] };
}

function noCloud(source: NonNullable<Volume["cloudInitNoCloud"]>): Spec {
  return withSeed({ cloudInitNoCloud: source });
}

const DEVICES = "spec.domain.devices";
const DISK = `${DEVICES}.disks[0]`;
const INTERFACE = `${DEVICES}.interfaces[0]`;
const SEED = "spec.volumes[1]";
const KERNEL = "spec.domain.firmware.kernelBoot";

/** What is wrong, the spec, and the fields that are named. */
const BAD: [string, Spec, string[]][] = [
  // volumes
  [
    "two volumes of one name",
    {
      ...goodSpec(),
      volumes: [...(goodSpec().volumes ?? []), { name: "root", emptyDisk: { capacity: "1Gi" } }],
    },
    ["spec.volumes[2].name"],
  ],
  ["a volume without source", withSeed({}), [SEED]],
  [
    "a volume with two sources",
    withSeed({ emptyDisk: { capacity: "1Gi" }, persistentVolumeClaim: { claimName: "x" } }),
    [SEED],
  ],
  ["an empty disk of nothing", withSeed({ emptyDisk: { capacity: "0" } }), [
    `${SEED}.emptyDisk.capacity`,
  ]],
  ["a claim without name", withSeed({ persistentVolumeClaim: { claimName: "" } }), [
    `${SEED}.persistentVolumeClaim.claimName`,
  ]],
  ["a containerDisk without image", withSeed({ containerDisk: { image: "" } }), [
    `${SEED}.containerDisk.image`,
  ]],
  ["a relative containerDisk path", withSeed({ containerDisk: { image: "i", path: "disk.img" } }), [
    `${SEED}.containerDisk.path`,
  ]],
  ["a containerDisk path upwards", withSeed({ containerDisk: { image: "i", path: "/a/../b" } }), [
    `${SEED}.containerDisk.path`,
  ]],
  ["the root as containerDisk path", withSeed({ containerDisk: { image: "i", path: "/" } }), [
    `${SEED}.containerDisk.path`,
  ]],
  ["a hostDisk without its gate", withSeed({ hostDisk: { path: "/x", type: "Disk" } }), [
    `${SEED}.hostDisk`,
  ]],
  ["a sysprep volume with two sources", withSeed({ sysprep: { configMap: {}, secret: {} } }), [
    `${SEED}.sysprep`,
  ]],
  // cloud-init
  ["no cloud-init data", noCloud({}), [`${SEED}.cloudInitNoCloud`]],
  ["two user data", noCloud({ userData: "x", userDataBase64: "eA==" }), [
    `${SEED}.cloudInitNoCloud`,
  ]],
  ["two network data", noCloud({ networkData: "x", networkDataSecretRef: { name: "s" } }), [
    `${SEED}.cloudInitNoCloud`,
  ]],
  ["too long user data", noCloud({ userData: "x".repeat(2049) }), [
    `${SEED}.cloudInitNoCloud.userData`,
  ]],
  ["too long user data in bytes", noCloud({ userData: "ü".repeat(1025) }), [
    `${SEED}.cloudInitNoCloud.userData`,
  ]],
  ["too long base64 user data", noCloud({ userDataBase64: btoa("x".repeat(2049)) }), [
    `${SEED}.cloudInitNoCloud.userDataBase64`,
  ]],
  ["user data that is not base64", noCloud({ userDataBase64: "&" }), [
    `${SEED}.cloudInitNoCloud.userDataBase64`,
  ]],
  [
    "two cloud-init volumes",
    {
      ...goodSpec(),
      volumes: [...(goodSpec().volumes ?? []), {
        name: "more",
        cloudInitConfigDrive: { userData: "x" },
      }],
    },
    ["spec.volumes"],
  ],
  // disks
  ["two disks of one name", withDevices({ disks: [{ name: "root" }, { name: "root" }] }), [
    `${DEVICES}.disks[1].name`,
  ]],
  ["a disk without its volume", withDisk({ name: "missing" }), [`${DISK}.name`]],
  ["a disk name that is no label", withDisk({ name: "Root_Disk" }), [
    `${DISK}.name`,
    `${DISK}.name`,
  ]],
  ["two targets", withDisk({ disk: { bus: "virtio" }, cdrom: { bus: "scsi" } }), [DISK]],
  ["an unknown bus", withDisk({ disk: { bus: "floppy" } }), [`${DISK}.disk.bus`]],
  ["the ide bus", withDisk({ disk: { bus: "ide" } }), [`${DISK}.disk.bus`]],
  ["a virtio cdrom", withDisk({ cdrom: { bus: "virtio" } }), [`${DISK}.cdrom.bus`]],
  ["a usb lun", withDisk({ lun: { bus: "usb" } }), [`${DISK}.lun`, `${DISK}.lun.bus`]],
  ["a tray that is ajar", withDisk({ cdrom: { bus: "sata", tray: "ajar" } }), [
    `${DISK}.cdrom.tray`,
  ]],
  ["boot order 0", withDisk({ bootOrder: 0 }), [`${DISK}.bootOrder`]],
  [
    "one boot order twice",
    withDevices({
      disks: [{ name: "root", bootOrder: 1 }, { name: "seed" }],
      interfaces: [{ name: "default", masquerade: {}, bootOrder: 1 }],
    }),
    [`${INTERFACE}.bootOrder`],
  ],
  ["a serial with blanks", withDisk({ serial: "a b" }), [`${DISK}.serial`]],
  ["a long serial", withDisk({ serial: "a".repeat(257) }), [`${DISK}.serial`]],
  ["an unknown cache mode", withDisk({ cache: "always" }), [`${DISK}.cache`]],
  ["an unknown io mode", withDisk({ io: "uring" }), [`${DISK}.io`]],
  ["an unknown error policy", withDisk({ errorPolicy: "panic" }), [`${DISK}.errorPolicy`]],
  ["an io thread for sata", withDisk({ disk: { bus: "sata" }, dedicatedIOThread: true }), [
    `${DISK}.dedicatedIOThread`,
  ]],
  ["an odd block size", withDisk({ blockSize: { custom: { logical: 1000, physical: 4096 } } }), [
    `${DISK}.blockSize.custom.logical`,
  ]],
  // networks and interfaces
  ["a network without type", { ...goodSpec(), networks: [{ name: "default" }] }, [
    "spec.networks[0]",
    `${INTERFACE}.name`,
  ]],
  [
    "two types of one network",
    { ...goodSpec(), networks: [{ name: "default", pod: {}, multus: { networkName: "x" } }] },
    ["spec.networks[0]"],
  ],
  ["a network without interface", {
    ...goodSpec(),
    networks: [{ name: "default", pod: {} }, { name: "other", multus: { networkName: "x" } }],
  }, ["spec.networks[1].name"]],
  ["two pod networks", {
    ...withDevices({
      interfaces: [{ name: "default", masquerade: {} }, { name: "more", masquerade: {} }],
    }),
    networks: [{ name: "default", pod: {} }, { name: "more", pod: {} }],
  }, [`${DEVICES}.interfaces`]],
  ["a pod network without room", {
    ...goodSpec(),
    networks: [{ name: "default", pod: { vmNetworkCIDR: "10.0.0.0/31" } }],
  }, ["spec.networks[0].pod.vmNetworkCIDR"]],
  ["an interface without network", withInterface({ name: "other" }), [
    "spec.networks[0].name",
    `${INTERFACE}.name`,
  ]],
  [
    "one network for two interfaces",
    withDevices({
      interfaces: [{ name: "default", masquerade: {} }, { name: "default", masquerade: {} }],
    }),
    [`${DEVICES}.interfaces[1].name`],
  ],
  ["two bindings", withInterface({ bridge: {}, masquerade: {} }), [INTERFACE]],
  ["slirp", withInterface({ slirp: {} }), [`${INTERFACE}.slirp`]],
  ["a masquerade interface on multus", {
    ...goodSpec(),
    networks: [{ name: "default", multus: { networkName: "x" } }],
  }, [`${INTERFACE}.name`]],
  ["an unknown model", withInterface({ model: "token-ring" }), [`${INTERFACE}.model`]],
  ["half a MAC address", withInterface({ macAddress: "de:ad:be" }), [`${INTERFACE}.macAddress`]],
  ["a multicast MAC address", withInterface({ macAddress: "01:00:5e:00:00:01" }), [
    `${INTERFACE}.macAddress`,
  ]],
  ["a malformed PCI address", withInterface({ pciAddress: "0000:81" }), [
    `${INTERFACE}.pciAddress`,
  ]],
  ["an interface of a known state alone", withInterface({ masquerade: {}, state: "gone" }), [
    `${INTERFACE}.state`,
  ]],
  ["the link of an SR-IOV interface", {
    ...withInterface({ sriov: {}, state: "down" }),
    networks: [{ name: "default", multus: { networkName: "n" } }],
  }, [`${INTERFACE}.state`]],
  [
    "an absent interface without a bridge, on the pod network",
    withInterface({
      masquerade: {},
      state: "absent",
    }),
    [`${INTERFACE}.state`, `${INTERFACE}.state`],
  ],
  ["port 0", withInterface({ ports: [{ port: 0 }] }), [`${INTERFACE}.ports[0]`]],
  ["port 65536", withInterface({ ports: [{ port: 65536 }] }), [`${INTERFACE}.ports[0]`]],
  ["an unknown protocol", withInterface({ ports: [{ port: 80, protocol: "SCTP" }] }), [
    `${INTERFACE}.ports[0].protocol`,
  ]],
  [
    "two ports of one name",
    withInterface({ ports: [{ port: 1, name: "a" }, { port: 2, name: "a" }] }),
    [
      `${INTERFACE}.ports[1].name`,
    ],
  ],
  ["a port name with capitals", withInterface({ ports: [{ port: 1, name: "HTTP" }] }), [
    `${INTERFACE}.ports[0].name`,
  ]],
  [
    "a DHCP option out of range",
    withInterface({
      dhcpOptions: { privateOptions: [{ option: 10, value: "x" }] },
    }),
    [`${INTERFACE}.dhcpOptions.privateOptions[0].option`],
  ],
  ["an NTP server by name", withInterface({ dhcpOptions: { ntpServers: ["pool.example.org"] } }), [
    `${INTERFACE}.dhcpOptions.ntpServers[0]`,
  ]],
  // CPU, memory, resources
  ["negative cores", withDomain({ cpu: { cores: -1 } }), ["spec.domain.cpu.cores"]],
  ["more sockets than the maximum", withDomain({ cpu: { sockets: 4, maxSockets: 2 } }), [
    "spec.domain.cpu.sockets",
  ]],
  [
    "an unknown CPU feature policy",
    withDomain({ cpu: { features: [{ name: "x", policy: "maybe" }] } }),
    [
      "spec.domain.cpu.features[0].policy",
    ],
  ],
  [
    "half a dedicated CPU",
    withDomain({
      cpu: { dedicatedCpuPlacement: true },
      resources: { requests: { cpu: "500m" }, limits: { cpu: "500m" } },
    }),
    ["spec.domain.resources.limits.cpu", "spec.domain.resources.requests.cpu"],
  ],
  [
    "an isolated emulator without dedicated CPUs",
    withDomain({ cpu: { isolateEmulatorThread: true } }),
    [
      "spec.domain.cpu.isolateEmulatorThread",
    ],
  ],
  [
    "NUMA without dedicated CPUs and huge pages",
    withDomain({
      cpu: { numa: { guestMappingPassthrough: {} } },
    }),
    ["spec.domain.cpu.dedicatedCpuPlacement", "spec.domain.memory.hugepages"],
  ],
  ["no memory at all", { ...goodSpec(), domain: { devices: goodSpec().domain.devices } }, [
    "spec.domain.memory.guest",
  ]],
  ["no guest memory", withDomain({ memory: { guest: "0" } }), ["spec.domain.memory.guest"]],
  [
    "more guest memory than the limit",
    withDomain({
      memory: { guest: "2Gi" },
      resources: { limits: { memory: "1Gi" } },
    }),
    ["spec.domain.memory.guest"],
  ],
  ["more guest memory than maxGuest", withDomain({ memory: { guest: "2Gi", maxGuest: "1Gi" } }), [
    "spec.domain.memory.guest",
  ]],
  [
    "huge pages of no size",
    withDomain({ memory: { guest: "1Gi", hugepages: { pageSize: "x" } } }),
    [
      "spec.domain.memory.hugepages.size",
    ],
  ],
  [
    "part of a huge page",
    withDomain({ memory: { guest: "3Mi", hugepages: { pageSize: "2Mi" } } }),
    [
      "spec.domain.memory.guest",
    ],
  ],
  ["a negative request", withDomain({ resources: { requests: { cpu: "-1" } } }), [
    "spec.domain.resources.requests.cpu",
  ]],
  [
    "a request above its limit",
    withDomain({
      resources: { requests: { memory: "2Gi" }, limits: { memory: "1Gi" } },
    }),
    ["spec.domain.resources.requests.memory"],
  ],
  // firmware
  ["an unknown architecture", { ...goodSpec(), architecture: "vax" }, ["spec.architecture"]],
  ["an unknown machine", withDomain({ machine: { type: "isapc" } }), ["spec.domain.machine.type"]],
  ["no UUID", withDomain({ firmware: { uuid: "x" } }), ["spec.domain.firmware.uuid"]],
  [
    "EFI and BIOS",
    withDomain({
      firmware: { bootloader: { efi: { secureBoot: false }, bios: {} } },
    }),
    ["spec.domain.firmware.bootloader.efi"],
  ],
  ["secure boot without SMM", withDomain({ firmware: { bootloader: { efi: {} } } }), [
    "spec.domain.features",
  ]],
  [
    "a kernel boot container without image",
    withDomain({
      firmware: { kernelBoot: { container: { image: "", kernelPath: "/k" } } },
    }),
    [`${KERNEL}.container.image`],
  ],
  [
    "a kernel boot container without paths",
    withDomain({
      firmware: { kernelBoot: { container: { image: "i" } } },
    }),
    [`${KERNEL}.container`],
  ],
  [
    "a relative kernel path",
    withDomain({
      firmware: { kernelBoot: { container: { image: "i", kernelPath: "k" } } },
    }),
    [`${KERNEL}.container.kernelPath`],
  ],
  [
    "kernel arguments without kernel",
    withDomain({ firmware: { kernelBoot: { kernelArgs: "quiet" } } }),
    [
      `${KERNEL}.kernelArgs`,
    ],
  ],
  // devices
  ["a filesystem without volume", withDevices({ filesystems: [{ name: "x", virtiofs: {} }] }), [
    `${DEVICES}.filesystems[0].name`,
  ]],
  ["a joystick", withDevices({ inputs: [{ name: "j", type: "joystick", bus: "ps2" }] }), [
    `${DEVICES}.inputs[0].type`,
    `${DEVICES}.inputs[0].bus`,
  ]],
  [
    "a watchdog that barks",
    withDevices({ watchdog: { name: "w", i6300esb: { action: "bark" } } }),
    [
      `${DEVICES}.watchdog.i6300esb.action`,
    ],
  ],
  ["VSOCK without its gate", withDevices({ autoattachVSOCK: true }), [
    `${DEVICES}.autoattachVSOCK`,
  ]],
  ["an unknown IOThreads policy", withDomain({ ioThreadsPolicy: "many" }), [
    "spec.domain.ioThreadsPolicy",
  ]],
  // probes
  ["a probe without handler", { ...goodSpec(), readinessProbe: {} }, ["spec.readinessProbe"]],
  ["a probe with two handlers", {
    ...goodSpec(),
    livenessProbe: { guestAgentPing: {}, tcpSocket: { port: 22 } },
  }, ["spec.livenessProbe"]],
  ["a network probe without pod network", {
    ...withDevices({ interfaces: [], autoattachPodInterface: false }),
    networks: [],
    readinessProbe: { tcpSocket: { port: 22 } },
  }, ["spec.readinessProbe.tcpSocket"]],
  // pod
  ["a host name with a dot", { ...goodSpec(), hostname: "a.b" }, ["spec.hostname"]],
  ["a host name of 64 characters", { ...goodSpec(), hostname: "a".repeat(64) }, ["spec.hostname"]],
  ["a subdomain with capitals", { ...goodSpec(), subdomain: "Sub" }, ["spec.subdomain"]],
  ["an unknown eviction strategy", { ...goodSpec(), evictionStrategy: "Run" }, [
    "spec.evictionStrategy",
  ]],
  ["an unknown start strategy", { ...goodSpec(), startStrategy: "Slowly" }, ["spec.startStrategy"]],
  ["a negative grace period", { ...goodSpec(), terminationGracePeriodSeconds: -1 }, [
    "spec.terminationGracePeriodSeconds",
  ]],
  ["no DNS at all", { ...goodSpec(), dnsPolicy: "None" }, ["spec.dnsConfig"]],
  [
    "several things at once",
    { ...withDisk({ bootOrder: 0, serial: "a b" }), hostname: "a.b" },
    [`${DISK}.bootOrder`, `${DISK}.serial`, "spec.hostname"],
  ],
];

function fieldsOf(spec: Spec, cluster: ClusterDefaults = BUILT_IN_DEFAULTS): string[] {
  const subject = { spec: defaultSpec(spec, { ...CONTEXT, cluster }), field: "spec", cluster };
  return validateSpec(subject).map((cause) => cause.field);
}

Deno.test("validateSpec() accepts good specs", () => {
  assert.deepEqual(fieldsOf(goodSpec()), []);
  assert.deepEqual(fieldsOf({ domain: { devices: {}, memory: { guest: "64Mi" } } }), []);
  assert.deepEqual(
    fieldsOf({
      ...goodSpec(),
      domain: { devices: {}, memory: { guest: "64Mi" } },
      networks: [],
      volumes: [],
    }),
    [],
  );
});

for (const [what, spec, fields] of BAD) {
  Deno.test(`validateSpec() refuses ${what}`, () => {
    assert.deepEqual(fieldsOf(spec).sort(), [...fields].sort());
  });
}

Deno.test("validateSpec() writes the field's place in the object it is part of", () => {
  const [cause] = validateSpec({
    spec: defaultSpec(withDisk({ name: "missing" }), CONTEXT),
    field: "spec.template.spec",
    cluster: BUILT_IN_DEFAULTS,
  });
  assert.equal(cause?.field, "spec.template.spec.domain.devices.disks[0].name");
  assert.equal(
    cause?.message,
    "spec.template.spec.domain.devices.disks[0].name 'missing' not found.",
  );
});

Deno.test("validateSpec() heeds what the cluster permits", () => {
  const bridge = withInterface({ bridge: {} });
  assert.deepEqual(fieldsOf(bridge), []);
  const strict = { ...BUILT_IN_DEFAULTS, permitBridgeOnPodNetwork: false };
  assert.deepEqual(fieldsOf(bridge, strict), [`${INTERFACE}.name`]);
  const gated = { ...BUILT_IN_DEFAULTS, featureGates: ["VSOCK"] };
  assert.deepEqual(fieldsOf(withDevices({ autoattachVSOCK: true }), gated), []);
});

/** Replaces one random place of a document by a random scalar of the same JSON type, or removes it. */
function mutate(
  value: unknown,
  path: readonly number[],
  scalar: { text: string; number: number },
): unknown {
  const [step = 0, ...rest] = path;
  if (Array.isArray(value)) {
    if (value.length === 0) return value;
    const index = step % value.length;
    return value.map((item, at) => at === index ? mutate(item, rest, scalar) : item);
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) return value;
    const index = step % entries.length;
    return Object.fromEntries(
      entries.map(([key, item], at) => [key, at === index ? mutate(item, rest, scalar) : item]),
    );
  }
  if (typeof value === "number") return scalar.number;
  return typeof value === "string" ? scalar.text : value;
}

Deno.test("defaultSpec() and validateSpec() never throw, whatever the values are", () => {
  const scalar = fc.record({ text: fc.string(), number: fc.integer() });
  const path = fc.array(fc.nat({ max: 20 }), { maxLength: 12 });
  fc.assert(
    fc.property(
      fc.nat({ max: BAD.length - 1 }),
      fc.array(fc.tuple(path, scalar), { maxLength: 4 }),
      (row, edits) => {
        let spec: unknown = BAD[row]?.[1];
        for (const [where, what] of edits) spec = mutate(spec, where, what);
        fieldsOf(spec as Spec);
      },
    ),
    { numRuns: 500 },
  );
});
