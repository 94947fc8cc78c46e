import type { Disk } from "../api/disk.ts";
import {
  bootOrder,
  type DiskSource,
  type DomainInput,
  type Fragment,
  type Refusal,
  userAlias,
  virtioModel,
} from "./configurator.ts";
import { diskBus, diskTargets } from "./disk_targets.ts";
import { element, type XmlElement } from "./xml.ts";

const BUSES: readonly string[] = ["virtio", "sata", "scsi", "usb"];

/** Disks and CD-ROM drives, in the order they are listed: that is also the boot order unless one is given. */
export function configureDisks(input: DomainInput): Fragment {
  const disks = input.vmi.spec.domain.devices.disks ?? [];
  const targets = diskTargets(disks);
  const devices: XmlElement[] = [];
  const refusals: Refusal[] = [];
  disks.forEach((disk, index) => {
    const refused = refuse(disk, input);
    if (refused !== undefined) {
      const [field, message] = refused;
      const at = `spec.domain.devices.disks[${index}]`;
      refusals.push({ field: field === "" ? at : `${at}.${field}`, message });
      return;
    }
    devices.push(diskElement(disk, { input, target: targets.get(disk.name) ?? "" }));
  });
  return { devices, refusals };
}

/** The first reason why this disk cannot be made as asked, with the field below the disk. */
function refuse(disk: Disk, { facts }: DomainInput): [field: string, message: string] | undefined {
  const source = facts.disks[disk.name];
  const bus = diskBus(disk);
  if (disk.lun !== undefined) return ["lun", "SCSI passthrough is not supported"];
  if (source === undefined && disk.cdrom === undefined) return ["name", "no volume of this name"];
  if (!BUSES.includes(bus)) {
    return [disk.cdrom ? "cdrom.bus" : "disk.bus", `bus is not supported: got ${bus}`];
  }
  if (disk.cdrom !== undefined && bus === "virtio") {
    return ["cdrom.bus", "a CD-ROM cannot be on bus virtio"];
  }
  if (disk.shareable === true && source?.format !== "raw") {
    return ["shareable", "only a raw image can be shared: this volume is a qcow2 overlay"];
  }
  return undefined;
}

function diskElement(
  disk: Disk,
  { input, target }: { input: DomainInput; target: string },
): XmlElement {
  const source = input.facts.disks[disk.name];
  const bus = diskBus(disk);
  const cdrom = disk.cdrom !== undefined;
  return element(
    "disk",
    {
      type: "file",
      device: cdrom ? "cdrom" : "disk",
      model: bus === "virtio" ? virtioModel(input) : undefined,
    },
    driver(disk, source),
    source === undefined ? undefined : element("source", { file: source.path }),
    source === undefined ? undefined : backingStore(source),
    element("target", {
      dev: target,
      bus,
      tray: cdrom ? disk.cdrom?.tray || undefined : undefined,
    }),
    isReadOnly(disk, source) ? element("readonly") : undefined,
    disk.shareable === true ? element("shareable") : undefined,
    blockSize(disk),
    disk.serial ? element("serial", {}, disk.serial) : undefined,
    bootOrder(disk.bootOrder),
    userAlias(disk.name),
  );
}

/** Whether the guest sees a disk that it cannot write to. */
export function isReadOnly(disk: Disk, source: DiskSource | undefined): boolean {
  if (disk.cdrom !== undefined) return disk.cdrom.readonly !== false || source?.readOnly === true;
  return disk.disk?.readonly === true || source?.readOnly === true;
}

/** error_policy stop: the guest is paused on an I/O error, so that it can go on when the storage is back. */
function driver(disk: Disk, source: DiskSource | undefined): XmlElement {
  return element("driver", {
    name: "qemu",
    type: source?.format ?? "raw",
    cache: disk.cache || (disk.shareable === true ? "none" : undefined),
    error_policy: disk.errorPolicy || "stop",
    io: disk.io || undefined,
    discard: "unmap",
  });
}

/** The chain is written out to its end: what is not written, QEMU would probe. */
function backingStore({ backing }: DiskSource): XmlElement | undefined {
  if (backing === undefined) return undefined;
  return element(
    "backingStore",
    { type: "file" },
    element("format", { type: backing.format }),
    element("source", { file: backing.path }),
    element("backingStore"),
  );
}

function blockSize(disk: Disk): XmlElement | undefined {
  const custom = disk.blockSize?.custom;
  if (custom === undefined) return undefined;
  return element("blockio", {
    logical_block_size: custom.logical,
    physical_block_size: custom.physical,
    discard_granularity: custom.discardGranularity,
  });
}
