/** Volumes and disks: what they get when they do not say otherwise. */
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import type { SpecDefault } from "./defaults.ts";

export const STORAGE_DEFAULTS: readonly SpecDefault[] = [
  imagePullPolicies,
  missingDisks,
  diskTargets,
];

function imagePullPolicies(draft: VirtualMachineInstanceSpec): void {
  const images = [
    ...(draft.volumes ?? []).map((volume) => volume.containerDisk),
    draft.domain.firmware?.kernelBoot?.container,
  ];
  for (const source of images) {
    if (source !== undefined) source.imagePullPolicy ||= pullPolicy(source.image);
  }
}

/** A volume that nothing in the guest names becomes a disk of its name. */
export function missingDisks(draft: VirtualMachineInstanceSpec): void {
  const { devices } = draft.domain;
  const named = new Set([
    ...(devices.disks ?? []).map((disk) => disk.name),
    ...(devices.filesystems ?? []).map((filesystem) => filesystem.name),
  ]);
  for (const volume of draft.volumes ?? []) {
    if (named.has(volume.name) || isNoDisk(volume)) continue;
    named.add(volume.name);
    (devices.disks ??= []).push({ name: volume.name });
  }
}

function isNoDisk(volume: NonNullable<VirtualMachineInstanceSpec["volumes"]>[number]): boolean {
  return volume.memoryDump !== undefined || volume.downwardMetrics !== undefined;
}

function diskTargets(draft: VirtualMachineInstanceSpec): void {
  const bus = draft.architecture === "amd64" ? "sata" : "virtio";
  for (const disk of draft.domain.devices.disks ?? []) {
    if (disk.disk === undefined && disk.lun === undefined && disk.cdrom === undefined) {
      disk.disk = {};
    }
    if (disk.disk !== undefined) disk.disk.bus ||= bus;
    if (disk.lun !== undefined) disk.lun.bus ||= bus;
    if (disk.cdrom === undefined) continue;
    disk.cdrom.bus ||= draft.architecture === "amd64" ? "sata" : "scsi";
    disk.cdrom.readonly ??= true;
    disk.cdrom.tray ||= "closed";
  }
}

/** As a kubelet would choose it: a name without digest whose tag is missing or "latest" may mean another image tomorrow. */
function pullPolicy(image: string): "Always" | "IfNotPresent" {
  if (image.includes("@")) return "IfNotPresent";
  const last = image.slice(image.lastIndexOf("/") + 1);
  const colon = last.indexOf(":");
  return colon < 0 || last.slice(colon + 1) === "latest" ? "Always" : "IfNotPresent";
}
