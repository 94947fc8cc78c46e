/** The state of a guest's backups. */
import { z } from "zod";
import { atomicList, optional, Time } from "./structural.ts";

/** One volume of a backup. */
export const BackupVolumeInfo = z.object({
  dataEndpoint: optional(z.string()),
  diskTarget: z.string(),
  mapEndpoint: optional(z.string()),
  volumeName: z.string(),
});
export type BackupVolumeInfo = z.infer<typeof BackupVolumeInfo>;

/** The state of a backup. */
export const VirtualMachineInstanceBackupStatus = z.object({
  backupMsg: optional(z.string()),
  backupName: optional(z.string()),
  checkpointName: optional(z.string()),
  completed: optional(z.boolean()),
  endTimestamp: optional(Time),
  failed: optional(z.boolean()),
  quiesceStatus: optional(z.string()),
  startTimestamp: optional(Time),
  volumes: optional(atomicList(BackupVolumeInfo)),
});
export type VirtualMachineInstanceBackupStatus = z.infer<typeof VirtualMachineInstanceBackupStatus>;

/** Whether changes are tracked for incremental backups. */
export const ChangedBlockTrackingStatus = z.object({
  backupStatus: optional(VirtualMachineInstanceBackupStatus.nullable()),
  state: z.string(),
});
export type ChangedBlockTrackingStatus = z.infer<typeof ChangedBlockTrackingStatus>;
