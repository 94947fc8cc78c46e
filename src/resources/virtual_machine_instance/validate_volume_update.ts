/**
 * What may become of a running guest's disks. They come and go by the installation's hand alone: whoever may change a VMI's spec
 * is held to these rules. Their words are upstream's (AdmitHotplugStorage); all of them are said at once.
 */
import type { Disk } from "../../api/disk.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { Volume } from "../../api/volume.ts";
import { type Cause, invalid } from "../cause.ts";
import { deepEqual } from "../deep_equal.ts";

interface Change {
  vmi: VirtualMachineInstance;
  old: VirtualMachineInstance;
}

/** A volume and its disk, by their name. */
interface Storage {
  name: string;
  volume?: Volume;
  disk?: Disk;
}

export function validateVolumeUpdate({ vmi, old }: Change): Cause[] {
  const [after, before] = [storageOf(vmi), storageOf(old)];
  const plugged = new Set(
    (old.status?.volumeStatus ?? []).filter(({ hotplugVolume }) => hotplugVolume !== undefined)
      .map(({ name }) => name),
  );
  // A migration of storage gives a volume another source.
  const moved = new Set((vmi.status?.migratedVolumes ?? []).map(({ volumeName }) => volumeName));
  return [
    ...[...before.values()].filter(({ name }) => !moved.has(name)).flatMap((had) =>
      plugged.has(had.name)
        ? keptPlugged(had, after.get(had.name))
        : keptPermanent(had, after.get(had.name))
    ),
    ...[...after.values()].filter(({ name }) => !before.has(name)).flatMap(pluggable),
  ];
}

function storageOf({ spec }: VirtualMachineInstance): Map<string, Storage> {
  const all = new Map<string, Storage>();
  for (const volume of spec.volumes ?? []) all.set(volume.name, { name: volume.name, volume });
  for (const disk of spec.domain.devices.disks ?? []) {
    all.set(disk.name, { ...all.get(disk.name), name: disk.name, disk });
  }
  return all;
}

function keptPermanent({ name, volume, disk }: Storage, now: Storage | undefined): Cause[] {
  if (volume !== undefined && now?.volume === undefined) {
    return [invalid("spec.volumes", `permanent volume ${name}, not found`)];
  }
  return [
    ...(deepEqual(now?.volume, volume)
      ? []
      : [invalid("spec.volumes", `permanent volume ${name}, changed`)]),
    ...(deepEqual(now?.disk, disk)
      ? []
      : [invalid("spec.domain.devices.disks", `permanent disk ${name}, changed`)]),
  ];
}

/** It may go, as a whole. */
function keptPlugged({ name, volume, disk }: Storage, now: Storage | undefined): Cause[] {
  if (now === undefined) return [];
  if (now.volume !== undefined && now.disk === undefined && disk !== undefined) {
    return [invalid("spec.domain.devices.disks", `volume ${name} doesn't have a matching disk`)];
  }
  return [
    ...(deepEqual(now.volume, volume)
      ? []
      : [invalid("spec.volumes", `hotplug volume ${name}, changed`)]),
    ...(deepEqual(now.disk, disk)
      ? []
      : [invalid("spec.domain.devices.disks", `hotplug disk ${name}, changed`)]),
  ];
}

function pluggable({ name, volume, disk }: Storage): Cause[] {
  if (volume?.memoryDump !== undefined) return [];
  const isClaim = volume?.dataVolume !== undefined || volume?.persistentVolumeClaim !== undefined;
  return [
    ...(isClaim ? [] : [invalid("spec.volumes", `volume ${name} is not a PVC or DataVolume`)]),
    ...(disk === undefined
      ? [invalid("spec.domain.devices.disks", `disk ${name} does not exist`)]
      : pluggableDisk(disk).map((message) =>
        invalid("spec.domain.devices.disks", `Hotplug configuration for ${message}`)
      )),
  ];
}

function pluggableDisk({ name, disk, lun, dedicatedIOThread }: Disk): string[] {
  const bus = (disk ?? lun)?.bus ?? "";
  if (disk === undefined && lun === undefined) {
    return [`[${name}] requires diskDevice of type 'disk' or 'lun' to be used.`];
  }
  if (disk !== undefined && bus !== "scsi" && bus !== "virtio") {
    return [`disk [${name}] requires bus to be 'scsi' or 'virtio'. [${bus}] is not permitted.`];
  }
  if (lun !== undefined && bus !== "scsi") {
    return [`LUN [${name}] requires bus to be 'scsi'. [${bus}] is not permitted.`];
  }
  return dedicatedIOThread === true && bus !== "virtio"
    ? [`[${name}] requires virtio bus for IOThreads.`]
    : [];
}
