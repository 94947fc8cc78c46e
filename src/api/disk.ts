/** Disks as the guest sees them. What they hold are volumes of the same name. */
import { z } from "zod";
import { FeatureState } from "./features.ts";
import { int, optional } from "./structural.ts";

/** A hard disk. */
export const DiskTarget = z.object({
  bus: optional(z.string()),
  pciAddress: optional(z.string()),
  readonly: optional(z.boolean()),
});
export type DiskTarget = z.infer<typeof DiskTarget>;

/** A SCSI device passed through with all its commands. */
export const LunTarget = z.object({
  bus: optional(z.string()),
  readonly: optional(z.boolean()),
  reservation: optional(z.boolean()),
});
export type LunTarget = z.infer<typeof LunTarget>;

/** A CD-ROM drive. */
export const CDRomTarget = z.object({
  bus: optional(z.string()),
  readonly: optional(z.boolean()),
  tray: optional(z.string()),
});
export type CDRomTarget = z.infer<typeof CDRomTarget>;

/** Block sizes in bytes. */
export const CustomBlockSize = z.object({
  discardGranularity: optional(int()),
  logical: optional(int()),
  physical: optional(int()),
});
export type CustomBlockSize = z.infer<typeof CustomBlockSize>;

/** The block size that the guest sees. */
export const BlockSize = z.object({
  custom: optional(CustomBlockSize),
  matchVolume: optional(FeatureState),
});
export type BlockSize = z.infer<typeof BlockSize>;

/** A disk as the guest sees it. At most one of disk, lun and cdrom; none of them means disk. */
export const Disk = z.object({
  name: z.string(),
  blockSize: optional(BlockSize),
  bootOrder: optional(int()),
  cache: optional(z.string()),
  cdrom: optional(CDRomTarget),
  changedBlockTracking: optional(z.boolean()),
  dedicatedIOThread: optional(z.boolean()),
  disk: optional(DiskTarget),
  errorPolicy: optional(z.string()),
  io: optional(z.string()),
  lun: optional(LunTarget),
  serial: optional(z.string()),
  shareable: optional(z.boolean()),
  tag: optional(z.string()),
});
export type Disk = z.infer<typeof Disk>;
