/** What the machines of one architecture cannot have. */
import { type Cause, invalid, notSupported } from "../../cause.ts";
import type { SpecRule, SpecSubject } from "../validate.ts";

export const ARCHITECTURE_RULES: readonly SpecRule[] = [
  videoTypes,
  watchdogModels,
  panicDevicesOfS390x,
  armThreads,
  armFirmware,
  armCpuModel,
  armDiskBuses,
  armSound,
];

const VIDEO_TYPES: Readonly<Record<string, readonly string[]>> = {
  amd64: ["vga", "cirrus", "virtio", "ramfb", "bochs"],
  arm64: ["virtio", "ramfb"],
  s390x: ["virtio"],
};
const ARM_CPU_MODEL = "host-passthrough";
const ARM_DISK_BUSES: readonly string[] = ["virtio", "scsi"];

function videoTypes({ spec, field }: SpecSubject): Cause[] {
  const type = spec.domain.devices.video?.type;
  const { architecture = "" } = spec;
  const allowed = VIDEO_TYPES[architecture];
  if (!type || allowed === undefined || allowed.includes(type)) return [];
  const message = `video model '${type}' is not supported on ${architecture} architecture`;
  return [notSupported(`${field}.domain.devices.video.type`, message)];
}

function watchdogModels({ spec, field }: SpecSubject): Cause[] {
  const { watchdog } = spec.domain.devices;
  if (watchdog === undefined) return [];
  const where = `${field}.domain.devices.watchdog`;
  switch (spec.architecture) {
    case "amd64":
      return watchdog.diag288 === undefined
        ? []
        : [notSupported(where, "amd64 only supports I6300ESB watchdog device")];
    case "s390x":
      return watchdog.i6300esb === undefined
        ? []
        : [notSupported(where, "s390x only supports Diag288 watchdog device")];
    case "arm64":
      return [notSupported(where, "Arm64 not support Watchdog device")];
    default:
      return [];
  }
}

function panicDevicesOfS390x({ spec, field }: SpecSubject): Cause[] {
  const { panicDevices = [] } = spec.domain.devices;
  if (spec.architecture !== "s390x" || panicDevices.length === 0) return [];
  const message = "custom panic devices are not supported on s390x architecture";
  return [invalid(`${field}.domain.devices.panicDevices`, message)];
}

function armThreads({ spec, field }: SpecSubject): Cause[] {
  const threads = spec.domain.cpu?.threads ?? 1;
  if (spec.architecture !== "arm64" || threads <= 1) return [];
  const where = `${field}.domain.cpu.threads`;
  const message =
    `threads must not be greater than 1 at ${where} (got ${threads}) when ${field}.architecture is arm64`;
  return [invalid(where, message)];
}

function armFirmware({ spec, field }: SpecSubject): Cause[] {
  const { bios, efi } = spec.domain.firmware?.bootloader ?? {};
  if (spec.architecture !== "arm64") return [];
  const where = `${field}.domain.firmware.bootloader`;
  const causes: Cause[] = [];
  if (bios !== undefined) {
    const message = "Arm64 does not support bios boot, please change to uefi boot";
    causes.push(notSupported(`${where}.bios`, message));
  }
  // Secure boot is the default of EFI.
  if (efi !== undefined && efi.secureBoot !== false) {
    const message = "UEFI secure boot is currently not supported on aarch64 Arch";
    causes.push(notSupported(`${where}.efi.secureBoot`, message));
  }
  return causes;
}

function armCpuModel({ spec, field }: SpecSubject): Cause[] {
  const model = spec.domain.cpu?.model;
  if (spec.architecture !== "arm64" || !model || model === ARM_CPU_MODEL) return [];
  const message = `currently, ${ARM_CPU_MODEL} is the only model supported on Arm64`;
  return [notSupported(`${field}.domain.cpu.model`, message)];
}

function armDiskBuses({ spec, field }: SpecSubject): Cause[] {
  if (spec.architecture !== "arm64") return [];
  return (spec.domain.devices.disks ?? []).flatMap((disk, index) =>
    (["disk", "cdrom", "lun"] as const).flatMap((target) => {
      const bus = disk[target]?.bus;
      if (!bus || ARM_DISK_BUSES.includes(bus)) return [];
      const where = `${field}.domain.devices.disks[${index}].${target}.bus`;
      return [
        notSupported(where, "Arm64 not support this disk bus type, please use virtio or scsi"),
      ];
    })
  );
}

function armSound({ spec, field }: SpecSubject): Cause[] {
  if (spec.architecture !== "arm64" || spec.domain.devices.sound === undefined) return [];
  return [notSupported(`${field}.domain.devices.sound`, "Arm64 not support sound device")];
}
