/** The state of a VM. */
import * as z from "zod";
import { ProbedCondition } from "./k8s_meta.ts";
import { ChangedBlockTrackingStatus } from "./backup_status.ts";
import { InstancetypeStatusRef } from "./instancetype_matcher.ts";
import { atomicList, int, int64, optional, stringMap, Time } from "./structural.ts";
import { VirtualMachineVolumeRequest } from "./volume_request.ts";
import { StorageMigratedVolumeInfo } from "./volume_status.ts";

/** One aspect of a VM's state. */
export const VirtualMachineCondition = ProbedCondition;
export type VirtualMachineCondition = z.infer<typeof VirtualMachineCondition>;

/** A start or stop that was asked for and not yet done. */
export const VirtualMachineStateChangeRequest = z.object({
  action: z.string().describe("Start or Stop"),
  data: optional(stringMap()).describe('How; "paused: true" starts the guest paused'),
  uid: optional(z.string()).describe("The VMI that is meant"),
});
export type VirtualMachineStateChangeRequest = z.infer<typeof VirtualMachineStateChangeRequest>;

/** Starts that failed in a row. */
export const VirtualMachineStartFailure = z.object({
  consecutiveFailCount: optional(int()).describe("How many starts failed in a row"),
  lastFailedVMIUID: optional(z.string()).describe("The VMI that failed last"),
  retryAfterTimestamp: optional(Time).describe("When the next start is tried"),
});
export type VirtualMachineStartFailure = z.infer<typeof VirtualMachineStartFailure>;

/** A dump of the guest's memory that was asked for. */
export const VirtualMachineMemoryDumpRequest = z.object({
  claimName: z.string().describe("Claim that the dump is written to"),
  endTimestamp: optional(Time).describe("When the dump was complete"),
  fileName: optional(z.string()).describe("File that holds the dump"),
  message: optional(z.string()).describe("Why the dump failed"),
  phase: z.string().describe("How far it is"),
  remove: optional(z.boolean()).describe("Let go of the claim"),
  startTimestamp: optional(Time).describe("When the dump began"),
});
export type VirtualMachineMemoryDumpRequest = z.infer<typeof VirtualMachineMemoryDumpRequest>;

/** Whether a volume can be snapshotted. */
export const VolumeSnapshotStatus = z.object({
  name: z.string().describe("Name of the volume"),
  enabled: z.boolean().describe("Whether the volume can be snapshotted"),
  reason: optional(z.string()).describe("Why it cannot"),
});
export type VolumeSnapshotStatus = z.infer<typeof VolumeSnapshotStatus>;

/** Volumes that move to other claims. */
export const VolumeMigrationState = z.object({
  migratedVolumes: optional(atomicList(StorageMigratedVolumeInfo)).describe(
    "The volumes, with their old and new claims",
  ),
});
export type VolumeMigrationState = z.infer<typeof VolumeMigrationState>;

/** Changes of volumes that are under way. */
export const VolumeUpdateState = z.object({
  volumeMigrationState: optional(VolumeMigrationState).describe(
    "Volumes whose content is being moved",
  ),
});
export type VolumeUpdateState = z.infer<typeof VolumeUpdateState>;

/** The state of a VM. */
export const VirtualMachineStatus = z.object({
  changedBlockTracking: optional(ChangedBlockTrackingStatus.nullable()).describe(
    "Whether changed blocks are tracked for incremental backups",
  ),
  conditions: optional(z.array(VirtualMachineCondition)).describe(
    "Ready, Failure, RestartRequired and the conditions of the VMI",
  ),
  created: optional(z.boolean()).describe("Whether there is a VMI"),
  desiredGeneration: optional(int64()).describe("Generation of the VM"),
  instancetypeRef: optional(InstancetypeStatusRef.nullable()).describe("The instancetype in use"),
  memoryDumpRequest: optional(VirtualMachineMemoryDumpRequest.nullable()).describe(
    "The memory dump that was asked for",
  ),
  observedGeneration: optional(int64()).describe("Generation of the VM that the guest runs"),
  preferenceRef: optional(InstancetypeStatusRef.nullable()).describe("The preference in use"),
  printableStatus: optional(z.string().meta({ default: "Stopped" })).describe(
    "State of the VM in one word",
  ),
  ready: optional(z.boolean()).describe("Whether the guest runs and is ready"),
  restoreInProgress: optional(z.string()).describe("Name of the restore that is under way"),
  runStrategy: optional(z.string()).describe("Run strategy under which the last VMI was made"),
  snapshotInProgress: optional(z.string()).describe("Name of the snapshot that is under way"),
  startFailure: optional(VirtualMachineStartFailure.nullable()).describe(
    "Starts that failed in a row, and when the next is tried",
  ),
  stateChangeRequests: optional(z.array(VirtualMachineStateChangeRequest)).describe(
    "Starts and stops that were asked for and not yet done",
  ),
  volumeRequests: optional(atomicList(VirtualMachineVolumeRequest)).describe(
    "Volumes to be plugged in or out",
  ),
  volumeSnapshotStatuses: optional(z.array(VolumeSnapshotStatus)).describe(
    "Which volumes can be snapshotted",
  ),
  volumeUpdateState: optional(VolumeUpdateState).describe("Volumes that are being replaced"),
});
export type VirtualMachineStatus = z.infer<typeof VirtualMachineStatus>;
