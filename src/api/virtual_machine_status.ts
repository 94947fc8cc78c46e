/** The state of a VM. */
import { z } from "zod";
import { ChangedBlockTrackingStatus } from "./backup_status.ts";
import { InstancetypeStatusRef } from "./instancetype_matcher.ts";
import { atomicList, int, int64, optional, stringMap, Time } from "./structural.ts";
import { VirtualMachineVolumeRequest } from "./volume_request.ts";
import { StorageMigratedVolumeInfo } from "./volume_status.ts";

/** One aspect of a VM's state. */
export const VirtualMachineCondition = z.object({
  status: z.string(),
  type: z.string(),
  lastProbeTime: optional(Time.nullable()),
  lastTransitionTime: optional(Time.nullable()),
  message: optional(z.string()),
  reason: optional(z.string()),
});
export type VirtualMachineCondition = z.infer<typeof VirtualMachineCondition>;

/** A start or stop that was asked for and not yet done. */
export const VirtualMachineStateChangeRequest = z.object({
  action: z.string(),
  data: optional(stringMap()),
  uid: optional(z.string()),
});
export type VirtualMachineStateChangeRequest = z.infer<typeof VirtualMachineStateChangeRequest>;

/** Starts that failed in a row. */
export const VirtualMachineStartFailure = z.object({
  consecutiveFailCount: optional(int()),
  lastFailedVMIUID: optional(z.string()),
  retryAfterTimestamp: optional(Time),
});
export type VirtualMachineStartFailure = z.infer<typeof VirtualMachineStartFailure>;

/** A dump of the guest's memory that was asked for. */
export const VirtualMachineMemoryDumpRequest = z.object({
  claimName: z.string(),
  endTimestamp: optional(Time),
  fileName: optional(z.string()),
  message: optional(z.string()),
  phase: z.string(),
  remove: optional(z.boolean()),
  startTimestamp: optional(Time),
});
export type VirtualMachineMemoryDumpRequest = z.infer<typeof VirtualMachineMemoryDumpRequest>;

/** Whether a volume can be snapshotted. */
export const VolumeSnapshotStatus = z.object({
  name: z.string(),
  enabled: z.boolean(),
  reason: optional(z.string()),
});
export type VolumeSnapshotStatus = z.infer<typeof VolumeSnapshotStatus>;

/** Volumes that move to other claims. */
export const VolumeMigrationState = z.object({
  migratedVolumes: optional(atomicList(StorageMigratedVolumeInfo)),
});
export type VolumeMigrationState = z.infer<typeof VolumeMigrationState>;

/** Changes of volumes that are under way. */
export const VolumeUpdateState = z.object({
  volumeMigrationState: optional(VolumeMigrationState),
});
export type VolumeUpdateState = z.infer<typeof VolumeUpdateState>;

/** The state of a VM. */
export const VirtualMachineStatus = z.object({
  changedBlockTracking: optional(ChangedBlockTrackingStatus.nullable()),
  conditions: optional(z.array(VirtualMachineCondition)),
  created: optional(z.boolean()),
  desiredGeneration: optional(int64()),
  instancetypeRef: optional(InstancetypeStatusRef.nullable()),
  memoryDumpRequest: optional(VirtualMachineMemoryDumpRequest.nullable()),
  observedGeneration: optional(int64()),
  preferenceRef: optional(InstancetypeStatusRef.nullable()),
  printableStatus: optional(z.string().meta({ "default": "Stopped" })),
  ready: optional(z.boolean()),
  restoreInProgress: optional(z.string()),
  runStrategy: optional(z.string()),
  snapshotInProgress: optional(z.string()),
  startFailure: optional(VirtualMachineStartFailure.nullable()),
  stateChangeRequests: optional(z.array(VirtualMachineStateChangeRequest)),
  volumeRequests: optional(atomicList(VirtualMachineVolumeRequest)),
  volumeSnapshotStatuses: optional(z.array(VolumeSnapshotStatus)),
  volumeUpdateState: optional(VolumeUpdateState),
});
export type VirtualMachineStatus = z.infer<typeof VirtualMachineStatus>;
