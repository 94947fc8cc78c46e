/** A preference's machine: firmware, machine type, clock and protection of memory. */
import type { VirtualMachinePreferenceSpec } from "../../api/preference.ts";
import type { Draft } from "./size.ts";

export function preferFirmware(
  { spec: { domain } }: Draft,
  { firmware: preferred }: VirtualMachinePreferenceSpec,
): void {
  if (preferred === undefined) return;
  const bootloader = { ...domain.firmware?.bootloader };
  const isChosen = bootloader.bios !== undefined || bootloader.efi !== undefined;
  if (!isChosen && preferred.preferredUseBios === true) bootloader.bios = {};
  else if (!isChosen && preferred.preferredEfi !== undefined) {
    bootloader.efi = structuredClone(preferred.preferredEfi);
  } else if (!isChosen && preferred.preferredUseEfi === true) bootloader.efi = {};
  const { bios, efi } = bootloader;
  if (bios !== undefined && preferred.preferredUseBiosSerial !== undefined) {
    bootloader.bios = { useSerial: preferred.preferredUseBiosSerial, ...bios };
  }
  const isPreferredEfi = !isChosen && preferred.preferredEfi !== undefined;
  if (efi !== undefined && !isPreferredEfi && preferred.preferredUseSecureBoot !== undefined) {
    bootloader.efi = { secureBoot: preferred.preferredUseSecureBoot, ...efi };
  }
  if (bootloader.bios === undefined && bootloader.efi === undefined) return;
  domain.firmware = { ...domain.firmware, bootloader };
}

export function preferMachine(
  { spec: { domain } }: Draft,
  { machine: preferred }: VirtualMachinePreferenceSpec,
): void {
  const type = preferred?.preferredMachineType;
  if (type && !domain.machine?.type) domain.machine = { ...domain.machine, type };
}

export function preferLaunchSecurity(
  { spec: { domain } }: Draft,
  { preferredLaunchSecurity }: VirtualMachinePreferenceSpec,
): void {
  if (preferredLaunchSecurity === undefined) return;
  domain.launchSecurity ??= structuredClone(preferredLaunchSecurity);
}

/** An offset is not mixed: a zone and a shift of UTC would contradict each other. */
export function preferClock(
  { spec: { domain } }: Draft,
  { clock: preferred }: VirtualMachinePreferenceSpec,
): void {
  if (preferred === undefined) return;
  const clock = { ...domain.clock };
  if (clock.utc === undefined && clock.timezone === undefined) {
    Object.assign(clock, structuredClone(preferred.preferredClockOffset ?? {}));
  }
  if (preferred.preferredTimer !== undefined) {
    clock.timer ??= structuredClone(preferred.preferredTimer);
  }
  domain.clock = clock;
}
