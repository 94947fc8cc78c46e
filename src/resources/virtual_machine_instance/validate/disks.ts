/** Disks: names, volumes, targets, buses and what a guest sees of them. */
import type { Disk } from "../../../api/disk.ts";
import type { Interface } from "../../../api/interface.ts";
import { type Cause, duplicate, invalid, notSupported, required } from "../../cause.ts";
import type { JudgedSpec, SpecRule } from "../validate.ts";
import { countPresent, dnsLabelObjection, duplicateNames } from "./names.ts";
import { eachPlaced } from "./placed.ts";

export const DISK_RULES: readonly SpecRule[] = [
  uniqueNames,
  namesAreLabels,
  volumesExist,
  emptyDrives,
  lunVolumes,
  metricsDisks,
  volumesAreNamed,
  oneTarget,
  buses,
  lunBuses,
  cdromBuses,
  readOnlyDisks,
  pciAddressBuses,
  trays,
  bootOrders,
  serials,
  caches,
  inputOutputModes,
  errorPolicies,
  ioThreads,
  blockSizes,
];

const BUSES: readonly string[] = ["virtio", "sata", "scsi", "usb"];
const BUS_TARGETS = ["disk", "cdrom"] as const;
const LUN_BUSES: readonly string[] = ["scsi", "sata", "virtio"];
const CACHES: readonly string[] = ["none", "writethrough", "writeback"];
const IO_MODES: readonly string[] = ["native", "threads", "default"];
const ERROR_POLICIES: readonly string[] = ["stop", "report", "ignore", "enospace"];
const SERIAL_LENGTH_MAX = 256;
const SERIAL = /^[A-Za-z0-9_.+-]+$/;
const BLOCK_BYTES_MIN = 512;
const BLOCK_BYTES_MAX = 2 * 1024 * 1024;

type DiskRule = (disk: Disk, field: string) => Cause[];

function each({ disks }: JudgedSpec, rule: DiskRule): Cause[] {
  return eachPlaced(disks, rule);
}

function uniqueNames({ spec, field }: JudgedSpec): Cause[] {
  return duplicateNames(`${field}.domain.devices.disks`, spec.domain.devices.disks ?? []);
}

function namesAreLabels(subject: JudgedSpec): Cause[] {
  return each(subject, (disk, field) => {
    const objection = dnsLabelObjection(disk.name);
    return objection === undefined ? [] : [invalid(`${field}.name`, objection)];
  });
}

function volumesExist(subject: JudgedSpec): Cause[] {
  const { volumesByName: volumes } = subject;
  return each(subject, (disk, field) => {
    // An empty drive.
    if (volumes.has(disk.name) || disk.cdrom !== undefined) return [];
    return [invalid(`${field}.name`, `${field}.name '${disk.name}' not found.`)];
  });
}

function emptyDrives(subject: JudgedSpec): Cause[] {
  if (subject.cluster.featureGates.includes("DeclarativeHotplugVolumes")) return [];
  const { volumesByName: volumes } = subject;
  return each(subject, ({ name, cdrom }, field) => {
    if (cdrom === undefined || volumes.has(name)) return [];
    const message =
      "DeclarativeHotplugVolumes feature gate not enabled, cannot define an empty CD-ROM disk";
    return [invalid(`${field}.name`, message)];
  });
}

function lunVolumes(subject: JudgedSpec): Cause[] {
  const { volumesByName: volumes } = subject;
  return each(subject, ({ name, lun }, field) => {
    const volume = volumes.get(name);
    if (lun === undefined || volume === undefined) return [];
    if (volume.persistentVolumeClaim !== undefined || volume.dataVolume !== undefined) return [];
    const message =
      `${field}.lun can only be mapped to a DataVolume or PersistentVolumeClaim volume.`;
    return [invalid(`${field}.lun`, message)];
  });
}

function metricsDisks(subject: JudgedSpec): Cause[] {
  const { volumesByName: volumes } = subject;
  return each(subject, ({ name, disk }, field) => {
    if (volumes.get(name)?.downwardMetrics === undefined) return [];
    if (disk === undefined) {
      const message =
        `DownwardMetrics volume must be mapped to a disk, but disk is not set on ${field}.disk.`;
      return [required(`${field}.disk`, message)];
    }
    if (!disk.bus || disk.bus === "virtio") return [];
    const where = `${field}.disk.bus`;
    const message =
      `DownwardMetrics volume must be mapped to virtio bus, but ${where} is set to ${disk.bus}`;
    return [invalid(where, message)];
  });
}

/** Defaults give each volume a disk, so this is about volumes that cannot be one. */
function volumesAreNamed({ spec, field }: JudgedSpec): Cause[] {
  const { disks = [], filesystems = [] } = spec.domain.devices;
  const named = new Set([...disks, ...filesystems].map(({ name }) => name));
  return (spec.volumes ?? []).flatMap((volume, index) => {
    if (volume.memoryDump !== undefined || volume.downwardMetrics !== undefined) return [];
    if (named.has(volume.name)) return [];
    const where = `${field}.volumes[${index}].name`;
    return [invalid(where, `${where} '${volume.name}' not found.`)];
  });
}

function oneTarget(subject: JudgedSpec): Cause[] {
  return each(subject, (disk, field) => {
    if (countPresent(disk.disk, disk.lun, disk.cdrom) <= 1) return [];
    return [invalid(field, `${field} can only have a single target type defined`)];
  });
}

function buses(subject: JudgedSpec): Cause[] {
  return each(subject, (disk, field) => {
    const unknown = BUS_TARGETS.filter((target) => !isBusOrUnset(disk[target]?.bus));
    return unknown.map((target) => {
      const where = `${field}.${target}.bus`;
      const bus = disk[target]?.bus;
      if (bus === "ide") return invalid(where, "IDE bus is not supported");
      const message = `${where} is set with an unrecognized bus ${bus}, must be one of: ${BUSES}`;
      return invalid(where, message);
    });
  });
}

function isBusOrUnset(bus: string | undefined): boolean {
  return bus === undefined || bus === "" || BUSES.includes(bus);
}

function lunBuses(subject: JudgedSpec): Cause[] {
  return each(subject, ({ lun }, field) => {
    if (!lun?.bus || LUN_BUSES.includes(lun.bus)) return [];
    return [invalid(`${field}.lun.bus`, `Bus type ${lun.bus} is invalid for LUN device`)];
  });
}

function cdromBuses(subject: JudgedSpec): Cause[] {
  return each(subject, ({ cdrom }, field) => {
    if (cdrom?.bus !== "virtio") return [];
    return [invalid(`${field}.cdrom.bus`, "Bus type virtio is invalid for CD-ROM device")];
  });
}

/** A drive on this bus can be read-only, a disk cannot. */
function readOnlyDisks(subject: JudgedSpec): Cause[] {
  return each(subject, ({ disk }, field) => {
    if (disk?.bus !== "sata" || disk.readonly !== true) return [];
    return [invalid(`${field}.disk.bus`, "sata hard-disks do not support read-only.")];
  });
}

function pciAddressBuses(subject: JudgedSpec): Cause[] {
  return each(subject, ({ disk }, field) => {
    if (!disk?.pciAddress || disk.bus === "virtio") return [];
    const message =
      `disk ${field}.name - setting a PCI address is only possible with bus type virtio.`;
    return [invalid(`${field}.disk.pciAddress`, message)];
  });
}

function trays(subject: JudgedSpec): Cause[] {
  return each(subject, ({ cdrom }, field) => {
    const tray = cdrom?.tray || "closed";
    if (tray === "closed" || tray === "open") return [];
    const where = `${field}.cdrom.tray`;
    return [invalid(where, `${where} must be open or closed: got ${tray}`)];
  });
}

function bootOrders({ disks, interfaces }: JudgedSpec): Cause[] {
  const taken = new Set<number>();
  return eachPlaced<Disk | Interface>([...disks, ...interfaces], ({ bootOrder: order }, device) => {
    if (order === undefined) return [];
    const where = `${device}.bootOrder`;
    if (order < 1) return [invalid(where, `${where} must have a boot order > 0, if supplied`)];
    if (taken.has(order)) {
      return [duplicate(where, `Boot order for ${where} already set for a different device.`)];
    }
    taken.add(order);
    return [];
  });
}

function serials(subject: JudgedSpec): Cause[] {
  return each(subject, ({ serial }, field) => {
    if (serial === undefined || serial === "") return [];
    const where = `${field}.serial`;
    const causes: Cause[] = [];
    if (!SERIAL.test(serial)) {
      const characters = "[A-Za-z0-9_.+-]";
      causes.push(
        invalid(
          where,
          `${where} must be made up of the following characters ${characters}, if specified`,
        ),
      );
    }
    if (serial.length > SERIAL_LENGTH_MAX && [...serial].length > SERIAL_LENGTH_MAX) {
      const message =
        `${where} must be less than or equal to ${SERIAL_LENGTH_MAX} in length, if specified`;
      causes.push(invalid(where, message));
    }
    return causes;
  });
}

function caches(subject: JudgedSpec): Cause[] {
  return each(subject, ({ cache }, field) => {
    if (!cache || CACHES.includes(cache)) return [];
    return [invalid(`${field}.cache`, `${field}.cache has invalid value ${cache}`)];
  });
}

function inputOutputModes(subject: JudgedSpec): Cause[] {
  return each(subject, ({ io }, field) => {
    if (!io || IO_MODES.includes(io)) return [];
    const message =
      `Disk IO mode for ${field}.io is not supported. Supported modes are: native, threads, default.`;
    return [invalid(`${field}.io`, message)];
  });
}

function errorPolicies(subject: JudgedSpec): Cause[] {
  return each(subject, ({ errorPolicy }, field) => {
    if (!errorPolicy || ERROR_POLICIES.includes(errorPolicy)) return [];
    const where = `${field}.errorPolicy`;
    return [invalid(where, `${where} has invalid value "${errorPolicy}"`)];
  });
}

function ioThreads(subject: JudgedSpec): Cause[] {
  return each(subject, (disk, field) => {
    const bus = disk.disk?.bus ?? disk.lun?.bus ?? disk.cdrom?.bus;
    if (disk.dedicatedIOThread !== true || bus === "virtio" || bus === undefined) return [];
    const message = `IOThreads are not supported for disks on a ${bus} bus`;
    return [notSupported(`${field}.dedicatedIOThread`, message)];
  });
}

function blockSizes(subject: JudgedSpec): Cause[] {
  return each(subject, ({ blockSize }, field) => {
    const where = `${field}.blockSize`;
    if (blockSize?.custom === undefined) return [];
    if (blockSize.matchVolume?.enabled === true) {
      return [invalid(where, "Block size matching can't be enabled together with a custom value")];
    }
    const { logical, physical } = blockSize.custom;
    const causes = ([["logical", logical], ["physical", physical]] as const)
      .flatMap(([name, bytes]) => {
        const objection = bytes === undefined ? undefined : blockSizeObjection(bytes);
        return objection === undefined ? [] : [invalid(`${where}.custom.${name}`, objection)];
      });
    if (logical !== undefined && physical !== undefined && logical > physical) {
      const message =
        `Logical size ${logical} must be the same or less than the physical size of ${physical}`;
      causes.push(invalid(`${where}.custom`, message));
    }
    return causes;
  });
}

function blockSizeObjection(bytes: number): string | undefined {
  const what = `Provided size of ${bytes} is`;
  if (bytes < BLOCK_BYTES_MIN) {
    return `${what} less than the supported minimum size of ${BLOCK_BYTES_MIN}`;
  }
  if (bytes > BLOCK_BYTES_MAX) {
    return `${what} greater than the supported maximum size of ${BLOCK_BYTES_MAX}`;
  }
  return Number.isInteger(Math.log2(bytes)) ? undefined : `${what} not a power of 2`;
}
