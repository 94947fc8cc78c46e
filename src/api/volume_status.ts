/** The state of a guest's volumes. */
import * as z from "zod";
import { Quantity } from "./quantity_schema.ts";
import { atomicList, int64, optional, Time } from "./structural.ts";

/** What a claim asked for and got. */
export const PersistentVolumeClaimInfo = z.object({
  accessModes: optional(atomicList(z.string())).describe("How many nodes may mount it, and how"),
  capacity: optional(z.record(z.string(), Quantity)).describe("What it got"),
  claimName: optional(z.string()).describe("Name of the claim"),
  filesystemOverhead: optional(z.string().meta({ "pattern": "^(0(?:\\.\\d{1,3})?|1)$" })).describe(
    "Share of the file system to leave free, 0 to 1",
  ),
  preallocated: optional(z.boolean()).describe("Whether its storage is allocated in advance"),
  requests: optional(z.record(z.string(), Quantity)).describe("What it asked for"),
  volumeMode: optional(z.string()).describe("Filesystem or Block"),
});
export type PersistentVolumeClaimInfo = z.infer<typeof PersistentVolumeClaimInfo>;

/** What a container disk holds. */
export const ContainerDiskInfo = z.object({
  checksum: optional(int64({ minimum: 0, maximum: 4_294_967_295 })).describe("CRC-32 of the image"),
});
export type ContainerDiskInfo = z.infer<typeof ContainerDiskInfo>;

/** The pod by which a volume was brought to the node. */
export const HotplugVolumeStatus = z.object({
  attachPodName: optional(z.string()).describe("Name of the pod"),
  attachPodUID: optional(z.string()).describe("UID of the pod"),
});
export type HotplugVolumeStatus = z.infer<typeof HotplugVolumeStatus>;

/** The dump of a guest's memory. */
export const DomainMemoryDumpInfo = z.object({
  claimName: optional(z.string()).describe("Claim that holds the dump"),
  endTimestamp: optional(Time).describe("When the dump was complete"),
  startTimestamp: optional(Time).describe("When the dump began"),
  targetFileName: optional(z.string()).describe("File that holds the dump"),
});
export type DomainMemoryDumpInfo = z.infer<typeof DomainMemoryDumpInfo>;

/** The state of one volume. */
export const VolumeStatus = z.object({
  name: z.string().describe("Name of the volume"),
  containerDiskVolume: optional(ContainerDiskInfo).describe("What the container disk holds"),
  hotplugVolume: optional(HotplugVolumeStatus).describe(
    "The pod by which the volume was brought to the node",
  ),
  memoryDumpVolume: optional(DomainMemoryDumpInfo).describe("The memory dump"),
  message: optional(z.string()).describe("Why, for people"),
  persistentVolumeClaimInfo: optional(PersistentVolumeClaimInfo).describe(
    "What the claim asked for and got",
  ),
  phase: optional(z.string()).describe("How far the volume is on its way into the guest"),
  reason: optional(z.string()).describe("Why, in one word"),
  size: optional(int64()).describe("Size in bytes"),
  target: z.string().describe("Device name in the domain, such as vda"),
});
export type VolumeStatus = z.infer<typeof VolumeStatus>;

/** A volume that moves from one claim to another. */
export const StorageMigratedVolumeInfo = z.object({
  destinationPVCInfo: optional(PersistentVolumeClaimInfo).describe("The new claim"),
  sourcePVCInfo: optional(PersistentVolumeClaimInfo).describe("The old claim"),
  volumeName: z.string().describe("Name of the volume"),
});
export type StorageMigratedVolumeInfo = z.infer<typeof StorageMigratedVolumeInfo>;
