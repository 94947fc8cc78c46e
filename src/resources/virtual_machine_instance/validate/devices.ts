/** Devices that are neither disks nor interfaces. */
import { type Cause, invalid, notSupported } from "../../cause.ts";
import type { SpecRule, SpecSubject } from "../validate.ts";
import { countPresent, duplicateNames } from "./names.ts";

export const DEVICE_RULES: readonly SpecRule[] = [
  filesystems,
  inputs,
  watchdogs,
  oneUseOfADevice,
  vsock,
  ioThreadsPolicies,
  hypervVendor,
];

const INPUT_BUSES: readonly string[] = ["usb", "virtio"];
const WATCHDOG_ACTIONS: readonly string[] = ["poweroff", "reset", "shutdown"];
const IO_THREADS_POLICIES: readonly string[] = ["shared", "auto", "supplementalPool"];
const VENDOR_LENGTH_MAX = 12;

function filesystems({ spec, field }: SpecSubject): Cause[] {
  const { filesystems = [] } = spec.domain.devices;
  const where = `${field}.domain.devices.filesystems`;
  const volumes = new Set((spec.volumes ?? []).map(({ name }) => name));
  const missing = filesystems.flatMap(({ name }, index) =>
    volumes.has(name)
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

function hypervVendor({ spec, field }: SpecSubject): Cause[] {
  const vendor = spec.domain.features?.hyperv?.vendorid?.vendorid;
  if (!vendor || vendor.length <= VENDOR_LENGTH_MAX) return [];
  const where = `${field}.domain.features.hyperv.vendorid.vendorid`;
  return [
    invalid(where, `${where} must be at most ${VENDOR_LENGTH_MAX} characters: got ${vendor}`),
  ];
}
