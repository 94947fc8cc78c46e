/** The state of a guest's backups. */
import * as z from "zod";
import { atomicList, optional, Time } from "./structural.ts";

/** One volume of a backup. */
export const BackupVolumeInfo = z.object({
  dataEndpoint: optional(z.string()).describe("URL of the content, when the client pulls"),
  diskTarget: z.string().describe("Device name in the domain"),
  mapEndpoint: optional(z.string()).describe(
    "URL of the map of changed blocks, when the client pulls",
  ),
  volumeName: z.string().describe("Name of the volume"),
});
export type BackupVolumeInfo = z.infer<typeof BackupVolumeInfo>;

/** The state of a backup. */
export const VirtualMachineInstanceBackupStatus = z.object({
  backupMsg: optional(z.string()).describe("Why it failed, or what went wrong on the way"),
  backupName: optional(z.string()).describe("Name of the backup"),
  checkpointName: optional(z.string()).describe("Checkpoint that it made"),
  completed: optional(z.boolean()).describe("Whether it is complete"),
  endTimestamp: optional(Time).describe("When it ended"),
  failed: optional(z.boolean()).describe("Whether it failed"),
  quiesceStatus: optional(z.string()).describe("Whether the guest's file systems were frozen"),
  startTimestamp: optional(Time).describe("When it began"),
  volumes: optional(atomicList(BackupVolumeInfo)).describe("The volumes it holds"),
});
export type VirtualMachineInstanceBackupStatus = z.infer<typeof VirtualMachineInstanceBackupStatus>;

/** Whether changes are tracked for incremental backups. */
export const ChangedBlockTrackingStatus = z.object({
  backupStatus: optional(VirtualMachineInstanceBackupStatus.nullable()).describe(
    "The present or last backup",
  ),
  state: z.string().describe("Whether changes are tracked"),
});
export type ChangedBlockTrackingStatus = z.infer<typeof ChangedBlockTrackingStatus>;
