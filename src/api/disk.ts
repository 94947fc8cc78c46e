/** Disks as the guest sees them. What they hold are volumes of the same name. */
import * as z from "zod";
import { FeatureState } from "./features.ts";
import { int, optional } from "./structural.ts";

/** A hard disk. */
export const DiskTarget = z.object({
  bus: optional(z.string()).describe(
    "virtio, sata, scsi or usb. Default: sata on amd64, virtio elsewhere",
  ),
  pciAddress: optional(z.string()).describe("PCI address inside the guest, such as 0000:81:01.0"),
  readonly: optional(z.boolean()).describe("Default: false"),
});
export type DiskTarget = z.infer<typeof DiskTarget>;

/** A SCSI device passed through with all its commands. */
export const LunTarget = z.object({
  bus: optional(z.string()).describe("virtio, sata or scsi"),
  readonly: optional(z.boolean()).describe("Default: false"),
  reservation: optional(z.boolean()).describe("SCSI persistent reservations. Default: false"),
});
export type LunTarget = z.infer<typeof LunTarget>;

/** A CD-ROM drive. */
export const CDRomTarget = z.object({
  bus: optional(z.string()).describe("sata or scsi. Default: sata"),
  readonly: optional(z.boolean()).describe("Default: true"),
  tray: optional(z.string()).describe("open or closed. Default: closed"),
});
export type CDRomTarget = z.infer<typeof CDRomTarget>;

/** Block sizes in bytes. */
export const CustomBlockSize = z.object({
  discardGranularity: optional(int()).describe("Smallest amount that the guest can discard"),
  logical: optional(int()).describe("Smallest amount that the guest can address"),
  physical: optional(int()).describe("Smallest amount that is written without reading first"),
});
export type CustomBlockSize = z.infer<typeof CustomBlockSize>;

/** The block size that the guest sees. */
export const BlockSize = z.object({
  custom: optional(CustomBlockSize).describe("These sizes"),
  matchVolume: optional(FeatureState).describe("The sizes of the storage below"),
});
export type BlockSize = z.infer<typeof BlockSize>;

/** A disk as the guest sees it. At most one of disk, lun and cdrom; none of them means disk. */
export const Disk = z.object({
  name: z.string().describe("Name of the disk and its volume"),
  blockSize: optional(BlockSize).describe("Block size that the guest sees"),
  bootOrder: optional(int()).describe(
    "Place among the devices to boot from, from 1; absent: not booted from when others are",
  ),
  cache: optional(z.string()).describe(
    "Host cache: none, writethrough or writeback. Default: none where the storage can",
  ),
  cdrom: optional(CDRomTarget).describe("A CD-ROM drive"),
  changedBlockTracking: optional(z.boolean()).describe(
    "Track changed blocks for incremental backups. Default: false",
  ),
  dedicatedIOThread: optional(z.boolean()).describe(
    "A thread for this disk's I/O alone. Default: false",
  ),
  disk: optional(DiskTarget).describe("A hard disk"),
  errorPolicy: optional(z.string()).describe(
    "What a failed write or read does: stop, ignore, report or enospace. Default: stop",
  ),
  io: optional(z.string()).describe("How the monitor does I/O: native, threads or default"),
  lun: optional(LunTarget).describe("A SCSI device passed through with all its commands"),
  serial: optional(z.string()).describe("Serial number that the guest sees"),
  shareable: optional(z.boolean()).describe("Other guests may write to the same disk"),
  tag: optional(z.string()).describe("Role of the disk, told to the guest by cloud-init"),
});
export type Disk = z.infer<typeof Disk>;
