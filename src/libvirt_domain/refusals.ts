/**
 * The fields of a VMI's spec that are acted on. A field that is set and not in here is refused with its path: a guest that
 * silently lacks what its owner wrote is worse than one that does not start.
 */
import type { Refusal } from "./configurator.ts";

/** `true`: everything below is acted on. A tree: only its keys are; lists are looked through element by element. */
type FieldTree = true | { readonly [field: string]: FieldTree };

/** Acted on by the control plane when it makes the pod, or by nobody because the guest cannot tell. */
const POD_FIELDS = {
  affinity: true,
  architecture: true,
  dnsConfig: true,
  dnsPolicy: true,
  evictionStrategy: true,
  hostname: true,
  // Probes of the pod: the kubelet runs them against its address.
  livenessProbe: true,
  nodeSelector: true,
  priorityClassName: true,
  readinessProbe: true,
  schedulerName: true,
  startStrategy: true,
  subdomain: true,
  terminationGracePeriodSeconds: true,
  tolerations: true,
  topologySpreadConstraints: true,
} as const;

const DISK: FieldTree = {
  name: true,
  bootOrder: true,
  cache: true,
  cdrom: { bus: true, readonly: true, tray: true },
  // A thread of its own makes a disk faster, not different.
  dedicatedIOThread: true,
  disk: { bus: true, readonly: true },
  blockSize: { custom: true },
  errorPolicy: true,
  io: true,
  lun: true,
  serial: true,
  shareable: true,
};

const INTERFACE: FieldTree = {
  name: true,
  acpiIndex: true,
  bootOrder: true,
  bridge: true,
  binding: true,
  dhcpOptions: true,
  macAddress: true,
  macvtap: true,
  masquerade: true,
  model: true,
  passt: true,
  passtBinding: true,
  ports: true,
  portRanges: true,
  slirp: true,
  sriov: true,
  state: true,
};

const DEVICES: FieldTree = {
  autoattachGraphicsDevice: true,
  autoattachInputDevice: true,
  autoattachMemBalloon: true,
  autoattachPodInterface: true,
  autoattachSerialConsole: true,
  // More queues make disks faster, not different.
  blockMultiQueue: true,
  disableHotplug: true,
  disks: DISK,
  inputs: true,
  interfaces: INTERFACE,
  logSerialConsole: true,
  networkInterfaceMultiqueue: true,
  panicDevices: true,
  rng: true,
  sound: true,
  useVirtioTransitional: true,
  video: true,
  watchdog: true,
};

const SPEC: FieldTree = {
  ...POD_FIELDS,
  networks: true,
  volumes: true,
  domain: {
    chassis: true,
    clock: true,
    cpu: {
      cores: true,
      features: true,
      maxSockets: true,
      model: true,
      sockets: true,
      threads: true,
    },
    devices: DEVICES,
    features: {
      acpi: true,
      apic: true,
      hyperv: true,
      hypervPassthrough: true,
      kvm: true,
      pvspinlock: true,
      smm: true,
    },
    firmware: {
      bootloader: { bios: { useSerial: true }, efi: true },
      kernelBoot: true,
      serial: true,
      uuid: true,
    },
    // Threads of the VMM: the guest cannot tell.
    ioThreads: true,
    ioThreadsPolicy: true,
    machine: true,
    memory: { guest: true, maxGuest: true, reservedOverhead: true },
    rebootPolicy: true,
    resources: true,
  },
};

/** One refusal for each field that is set and that nothing acts on; `false` and empty values ask for nothing. */
export function refuseUnknownFields(spec: object): Refusal[] {
  const refusals: Refusal[] = [];
  visit(spec, { tree: SPEC, path: "spec", refusals });
  return refusals;
}

function visit(
  value: unknown,
  at: { tree: FieldTree; path: string; refusals: Refusal[] },
): void {
  const { tree, path, refusals } = at;
  if (tree === true || typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    value.forEach((item, index) => visit(item, { tree, path: `${path}[${index}]`, refusals }));
    return;
  }
  for (const [key, child] of Object.entries(value)) {
    const below = tree[key];
    if (below !== undefined) {
      visit(child, { tree: below, path: `${path}.${key}`, refusals });
    } else if (isSet(child)) {
      refusals.push({ field: `${path}.${key}`, message: "not supported by this node agent" });
    }
  }
}

/** Whether a value asks for something: presence of an object does, since KubeVirt switches devices on that way. */
function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "") return false;
  return !(Array.isArray(value) && value.length === 0);
}

/** What the launch replaces in the XML: text of a user must not be able to name a path of the node. */
const PLACEHOLDER = /@VMDIR@|@FORMAT:/;

/** One refusal for each text that would be taken for a placeholder. */
export function refusePlaceholders(value: unknown, path: string): Refusal[] {
  if (typeof value === "string") {
    if (!PLACEHOLDER.test(value)) return [];
    return [{ field: path, message: "must not contain @VMDIR@ or @FORMAT:" }];
  }
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => refusePlaceholders(item, `${path}[${index}]`));
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    refusePlaceholders(child, `${path}.${key}`)
  );
}
