/** The state of a guest's volumes. */
import { z } from "zod";
import { Quantity } from "./quantity.ts";
import { atomicList, int64, optional, Time } from "./structural.ts";

/** What a claim asked for and got. */
export const PersistentVolumeClaimInfo = z.object({
  accessModes: optional(atomicList(z.string())),
  capacity: optional(z.record(z.string(), Quantity)),
  claimName: optional(z.string()),
  filesystemOverhead: optional(z.string().meta({ "pattern": "^(0(?:\\.\\d{1,3})?|1)$" })),
  preallocated: optional(z.boolean()),
  requests: optional(z.record(z.string(), Quantity)),
  volumeMode: optional(z.string()),
});
export type PersistentVolumeClaimInfo = z.infer<typeof PersistentVolumeClaimInfo>;

/** What a container disk holds. */
export const ContainerDiskInfo = z.object({
  checksum: optional(int64({ minimum: 0, maximum: 4_294_967_295 })),
});
export type ContainerDiskInfo = z.infer<typeof ContainerDiskInfo>;

/** The pod by which a volume was brought to the node. */
export const HotplugVolumeStatus = z.object({
  attachPodName: optional(z.string()),
  attachPodUID: optional(z.string()),
});
export type HotplugVolumeStatus = z.infer<typeof HotplugVolumeStatus>;

/** The dump of a guest's memory. */
export const DomainMemoryDumpInfo = z.object({
  claimName: optional(z.string()),
  endTimestamp: optional(Time),
  startTimestamp: optional(Time),
  targetFileName: optional(z.string()),
});
export type DomainMemoryDumpInfo = z.infer<typeof DomainMemoryDumpInfo>;

/** The state of one volume. */
export const VolumeStatus = z.object({
  name: z.string(),
  containerDiskVolume: optional(ContainerDiskInfo),
  hotplugVolume: optional(HotplugVolumeStatus),
  memoryDumpVolume: optional(DomainMemoryDumpInfo),
  message: optional(z.string()),
  persistentVolumeClaimInfo: optional(PersistentVolumeClaimInfo),
  phase: optional(z.string()),
  reason: optional(z.string()),
  size: optional(int64()),
  target: z.string(),
});
export type VolumeStatus = z.infer<typeof VolumeStatus>;

/** A volume that moves from one claim to another. */
export const StorageMigratedVolumeInfo = z.object({
  destinationPVCInfo: optional(PersistentVolumeClaimInfo),
  sourcePVCInfo: optional(PersistentVolumeClaimInfo),
  volumeName: z.string(),
});
export type StorageMigratedVolumeInfo = z.infer<typeof StorageMigratedVolumeInfo>;
