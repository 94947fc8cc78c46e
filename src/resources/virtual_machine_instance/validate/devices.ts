/** Devices that are neither disks nor interfaces. */
import { type Cause, invalid, notSupported } from "../../cause.ts";
import type { JudgedSpec, SpecRule, SpecSubject } from "../validate.ts";
import { countPresent, duplicateNames } from "./names.ts";

export const DEVICE_RULES: readonly SpecRule[] = [
  filesystems,
  inputs,
  watchdogs,
  oneUseOfADevice,
  hostDevices,
  panicDevices,
  downwardMetrics,
  virtiofs,
  vsock,
  ioThreadsPolicies,
];

const INPUT_BUSES: readonly string[] = ["usb", "virtio"];
const WATCHDOG_ACTIONS: readonly string[] = ["poweroff", "reset", "shutdown"];
const IO_THREADS_POLICIES: readonly string[] = ["shared", "auto", "supplementalPool"];
const PANIC_DEVICE_MODELS: readonly string[] = ["hyperv", "isa", "pvpanic"];

function filesystems({ spec, field, volumesByName }: JudgedSpec): Cause[] {
  const { filesystems = [] } = spec.domain.devices;
  const where = `${field}.domain.devices.filesystems`;
  const missing = filesystems.flatMap(({ name }, index) =>
    volumesByName.has(name)
      ? []
      : [invalid(`${where}[${index}].name`, `${where}[${index}].name '${name}' not found.`)]
  );
  return [...duplicateNames(where, filesystems), ...missing];
}

function inputs({ spec, field }: SpecSubject): Cause[] {
  return (spec.domain.devices.inputs ?? []).flatMap(({ type, bus }, index) => {
    const where = `${field}.domain.devices.inputs[${index}]`;
    const causes: Cause[] = [];
    if (type !== "tablet" && type !== "keyboard") {
      causes.push(
        notSupported(`${where}.type`, "Input device can have only tablet or keyboard type."),
      );
    }
    if (bus && !INPUT_BUSES.includes(bus)) {
      causes.push(invalid(`${where}.bus`, "Input device can have only virtio or usb bus."));
    }
    return causes;
  });
}

function watchdogs({ spec, field }: SpecSubject): Cause[] {
  const { watchdog } = spec.domain.devices;
  if (watchdog === undefined) return [];
  const where = `${field}.domain.devices.watchdog`;
  const causes: Cause[] = [];
  if (countPresent(watchdog.i6300esb, watchdog.diag288) !== 1) {
    causes.push(invalid(where, `${where} must have exactly one model set`));
  }
  const action = watchdog.i6300esb?.action ?? watchdog.diag288?.action;
  if (action && !WATCHDOG_ACTIONS.includes(action)) {
    const model = watchdog.i6300esb === undefined ? "diag288" : "i6300esb";
    const message = `watchdog action must be one of ${WATCHDOG_ACTIONS.join(", ")}: got ${action}`;
    causes.push(notSupported(`${where}.${model}.action`, message));
  }
  return causes;
}

function oneUseOfADevice({ spec, field }: SpecSubject): Cause[] {
  const { gpus = [], hostDevices = [] } = spec.domain.devices;
  return [
    ...duplicateNames(`${field}.domain.devices.gpus`, gpus),
    ...duplicateNames(`${field}.domain.devices.hostDevices`, hostDevices),
  ];
}

function hostDevices({ spec, field, cluster }: SpecSubject): Cause[] {
  if (!spec.domain.devices.hostDevices?.length || cluster.featureGates.includes("HostDevices")) {
    return [];
  }
  const where = `${field}.domain.devices.hostDevices`;
  return [invalid(where, "Host Devices feature gate is not enabled in kubevirt-config")];
}

function panicDevices({ spec, field }: SpecSubject): Cause[] {
  return (spec.domain.devices.panicDevices ?? []).flatMap(({ model }, index) => {
    if (model === undefined || PANIC_DEVICE_MODELS.includes(model)) return [];
    const where = `${field}.domain.devices.panicDevices[${index}].model`;
    return [invalid(where, `invalid PanicDeviceModel(${model})`)];
  });
}

function downwardMetrics({ spec, field, cluster }: SpecSubject): Cause[] {
  const { downwardMetrics } = spec.domain.devices;
  if (downwardMetrics === undefined || cluster.featureGates.includes("DownwardMetrics")) return [];
  const message =
    "downwardMetrics virtio serial is not allowed: DownwardMetrics feature gate is not enabled";
  return [invalid(`${field}.domain.devices.downwardMetrics`, message)];
}

/** Volumes with configuration may always be shared; claims may when the gate is open. */
function virtiofs({ spec, field, cluster }: SpecSubject): Cause[] {
  const { filesystems = [] } = spec.domain.devices;
  if (filesystems.length === 0) return [];
  if (cluster.featureGates.includes("EnableVirtioFsStorageVolumes")) return [];
  const claims = new Set(
    (spec.volumes ?? []).filter((volume) => volume.persistentVolumeClaim || volume.dataVolume)
      .map(({ name }) => name),
  );
  if (!filesystems.some(({ name }) => claims.has(name))) return [];
  const message = "virtiofs is not allowed: virtiofs feature gate is not enabled for PVC";
  return [invalid(`${field}.domain.devices.filesystems`, message)];
}

function vsock({ spec, field, cluster }: SpecSubject): Cause[] {
  if (spec.domain.devices.autoattachVSOCK !== true || cluster.featureGates.includes("VSOCK")) {
    return [];
  }
  const where = `${field}.domain.devices.autoattachVSOCK`;
  return [invalid(where, "VSOCK feature gate is not enabled in kubevirt-config")];
}

function ioThreadsPolicies({ spec, field }: SpecSubject): Cause[] {
  const { ioThreadsPolicy, ioThreads } = spec.domain;
  if (!ioThreadsPolicy) return [];
  const where = `${field}.domain.ioThreadsPolicy`;
  if (!IO_THREADS_POLICIES.includes(ioThreadsPolicy)) {
    return [invalid(where, `Invalid IOThreadsPolicy (${ioThreadsPolicy})`)];
  }
  if (ioThreadsPolicy !== "supplementalPool" || ioThreads?.supplementalPoolThreadCount) return [];
  const message = "the number of iothreads needs to be set and positive for the dedicated policy";
  return [invalid(`${field}.domain.ioThreads.supplementalPoolThreadCount`, message)];
}
