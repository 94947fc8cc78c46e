/** A preference's devices: which there are by themselves, and the buses and models of those that there are. */
import type { Devices } from "../../api/devices.ts";
import type { Disk } from "../../api/disk.ts";
import type { Interface } from "../../api/interface.ts";
import type { DevicePreferences, VirtualMachinePreferenceSpec } from "../../api/preference.ts";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import type { Draft } from "./size.ts";

const INPUT_NAME = "default-0";
const INPUT_TYPE = "tablet";
/** Only such disks can have a thread of their own. */
const THREADED_BUS = "virtio";

/** Before the guest's default devices are made, because these say which. */
export function preferAutoattach(
  { spec: { domain: { devices } } }: Draft,
  { devices: preferred }: VirtualMachinePreferenceSpec,
): void {
  fill(devices, "autoattachGraphicsDevice", preferred?.preferredAutoattachGraphicsDevice);
  fill(devices, "autoattachInputDevice", preferred?.preferredAutoattachInputDevice);
  fill(devices, "autoattachMemBalloon", preferred?.preferredAutoattachMemBalloon);
  fill(devices, "autoattachPodInterface", preferred?.preferredAutoattachPodInterface);
  fill(devices, "autoattachSerialConsole", preferred?.preferredAutoattachSerialConsole);
}

/** The device itself, so that a preference can choose its bus. */
export function attachInput({ spec: { domain: { devices } } }: Draft, type = INPUT_TYPE): void {
  if (devices.autoattachInputDevice !== true || (devices.inputs ?? []).length > 0) return;
  devices.inputs = [{ name: INPUT_NAME, type }];
}

export function preferDevices(
  { spec: { domain: { devices } } }: Draft,
  { devices: preferred }: VirtualMachinePreferenceSpec,
): void {
  fill(devices, "useVirtioTransitional", preferred?.preferredUseVirtioTransitional);
  fill(devices, "blockMultiQueue", preferred?.preferredBlockMultiQueue);
  fill(devices, "networkInterfaceMultiqueue", preferred?.preferredNetworkInterfaceMultiQueue);
  fill(devices, "disableHotplug", preferred?.preferredDisableHotplug);
  fill(devices, "rng", preferred?.preferredRng);
  fill(devices, "tpm", preferred?.preferredTPM);
  const model = preferred?.preferredSoundModel;
  if (devices.sound !== undefined && model) devices.sound.model ||= model;
  const type = preferred?.preferredVideoType;
  if (type && devices.autoattachGraphicsDevice !== false) fill(devices, "video", { type });
}

export function preferDisks(
  { spec: { domain } }: Draft,
  { devices: preferred }: VirtualMachinePreferenceSpec,
): void {
  if (preferred === undefined) return;
  for (const disk of domain.devices.disks ?? []) preferDisk(disk, preferred);
}

function preferDisk(disk: Disk, preferred: DevicePreferences): void {
  const { preferredDiskBus, preferredCdromBus, preferredLunBus } = preferred;
  if (disk.cdrom !== undefined && preferredCdromBus) disk.cdrom.bus ||= preferredCdromBus;
  if (disk.lun !== undefined && preferredLunBus) disk.lun.bus ||= preferredLunBus;
  if (disk.cdrom !== undefined || disk.lun !== undefined) return;
  const target = (disk.disk ??= {});
  if (preferredDiskBus) target.bus ||= preferredDiskBus;
  fill(disk, "blockSize", preferred.preferredDiskBlockSize);
  if (preferred.preferredDiskCache) disk.cache ||= preferred.preferredDiskCache;
  if (preferred.preferredDiskIO) disk.io ||= preferred.preferredDiskIO;
  if (target.bus === THREADED_BUS) {
    fill(disk, "dedicatedIOThread", preferred.preferredDiskDedicatedIoThread);
  }
}

export function preferInterfaces(
  { spec }: Draft,
  { devices: preferred }: VirtualMachinePreferenceSpec,
): void {
  for (const each of spec.domain.devices.interfaces ?? []) {
    if (preferred?.preferredInterfaceModel) each.model ||= preferred.preferredInterfaceModel;
    const masquerade = preferred?.preferredInterfaceMasquerade;
    if (masquerade === undefined || isBound(each) || !isOnPodNetwork(each, spec)) continue;
    each.masquerade = structuredClone(masquerade);
  }
}

function isBound(each: Interface): boolean {
  const { bridge, masquerade, sriov, passtBinding, binding, slirp, macvtap, passt } = each;
  return [bridge, masquerade, sriov, passtBinding, binding, slirp, macvtap, passt]
    .some((way) => way !== undefined);
}

function isOnPodNetwork({ name }: Interface, { networks }: VirtualMachineInstanceSpec): boolean {
  return (networks ?? []).some((network) => network.name === name && network.pod !== undefined);
}

export function preferInputs(
  { spec: { domain } }: Draft,
  { devices: preferred }: VirtualMachinePreferenceSpec,
): void {
  for (const input of domain.devices.inputs ?? []) {
    if (preferred?.preferredInputBus) input.bus ||= preferred.preferredInputBus;
    if (preferred?.preferredInputType) input.type ||= preferred.preferredInputType;
  }
}

export function preferGpus(
  { spec: { domain } }: Draft,
  { devices: preferred }: VirtualMachinePreferenceSpec,
): void {
  for (const gpu of domain.devices.gpus ?? []) {
    fill(gpu, "virtualGPUOptions", preferred?.preferredVirtualGPUOptions);
  }
}

export function preferPanicDevices(
  { spec: { domain: { devices } } }: Draft,
  { devices: preferred }: VirtualMachinePreferenceSpec,
): void {
  const model = preferred?.preferredPanicDeviceModel;
  if (model === undefined) return;
  if ((devices.panicDevices ?? []).length === 0) devices.panicDevices = [{}];
  for (const device of devices.panicDevices ?? []) device.model ??= model;
}

/** Takes what is preferred where nothing is set. */
function fill<T extends Disk | Devices | { virtualGPUOptions?: unknown }, Key extends keyof T>(
  target: T,
  key: Key,
  preferred: T[Key] | undefined,
): void {
  if (preferred !== undefined && target[key] === undefined) {
    target[key] = structuredClone(preferred);
  }
}
