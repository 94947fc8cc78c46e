/** The wish for a backup of a running guest's volumes. */
import * as z from "zod";
import { BackupVolumeInfo } from "./backup_status.ts";
import { Condition, ObjectMeta } from "./k8s_meta.ts";
import { TypedLocalObjectReference } from "./k8s_reference.ts";
import { atomicList, Duration, mapList, openEnum, optional, Time } from "./structural.ts";

/** What is backed up, and how. */
export const VirtualMachineBackupSpec = z.object({
  forceFullBackup: optional(z.boolean()).describe(
    "All blocks, although there is a checkpoint to start from",
  ),
  mode: optional(openEnum("Push", "Pull")).describe("Push to a claim, or Pull by the reader"),
  pvcName: optional(z.string()).describe("Claim that the backup is written to"),
  skipQuiesce: optional(z.boolean()).describe("The guest's filesystems are not frozen"),
  source: TypedLocalObjectReference.meta({
    ...TypedLocalObjectReference.meta(),
    "x-kubernetes-validations": [
      { "message": "apiGroup is required", "rule": "has(self.apiGroup)" },
      {
        "message": "apiGroup must be kubevirt.io or backup.kubevirt.io",
        "rule":
          "!has(self.apiGroup) || self.apiGroup == 'kubevirt.io' || self.apiGroup == 'backup.kubevirt.io'",
      },
      {
        "message":
          "kind must be VirtualMachine for kubevirt.io or VirtualMachineBackupTracker for backup.kubevirt.io",
        "rule":
          "!has(self.apiGroup) || (self.apiGroup == 'kubevirt.io' && self.kind == 'VirtualMachine') || (self.apiGroup == 'backup.kubevirt.io' && self.kind == 'VirtualMachineBackupTracker')",
      },
      { "message": "name is required", "rule": "self.name != ''" },
    ],
  }).describe("A VirtualMachine, or a tracker of incremental backups"),
  tokenSecretRef: optional(z.string()).describe(
    "Secret that holds the token of those who may read",
  ),
  ttlDuration: optional(Duration).describe("After what time the backup goes by itself"),
}).meta({
  "x-kubernetes-validations": [
    { "message": "spec is immutable after creation", "rule": "self == oldSelf" },
    { "message": "pvcName is required", "rule": 'has(self.pvcName) && self.pvcName != ""' },
    {
      "message": "tokenSecretRef is required when mode is Pull",
      "rule":
        "!has(self.mode) || self.mode != 'Pull' || (has(self.tokenSecretRef) && self.tokenSecretRef != \"\")",
    },
  ],
});
export type VirtualMachineBackupSpec = z.infer<typeof VirtualMachineBackupSpec>;

/** How far a backup is. */
export const VirtualMachineBackupStatus = z.object({
  type: optional(z.string()),
  checkpointName: optional(z.string()),
  conditions: optional(mapList(Condition, "type")),
  endpointCert: optional(z.string()),
  exportUID: optional(z.string()),
  includedVolumes: optional(atomicList(BackupVolumeInfo)),
});
export type VirtualMachineBackupStatus = z.infer<typeof VirtualMachineBackupStatus>;

/** The wish for a backup of a running guest's volumes. */
export const VirtualMachineBackup = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: VirtualMachineBackupSpec,
  status: optional(VirtualMachineBackupStatus),
});
export type VirtualMachineBackup = z.infer<typeof VirtualMachineBackup>;

/** A VM whose changed blocks are tracked. */
export const BackupTrackerSource = z.object({
  apiGroup: optional(z.string()),
  kind: z.string(),
  name: z.string(),
}).meta({
  "x-kubernetes-map-type": "atomic",
  "x-kubernetes-validations": [
    {
      "message": "apiGroup must be kubevirt.io",
      "rule": "has(self.apiGroup) && self.apiGroup == 'kubevirt.io'",
    },
    { "message": "kind must be VirtualMachine", "rule": "self.kind == 'VirtualMachine'" },
    { "message": "name is required", "rule": "self.name != ''" },
  ],
});
export type BackupTrackerSource = z.infer<typeof BackupTrackerSource>;

/** Whose changed blocks are tracked. */
export const VirtualMachineBackupTrackerSpec = z.object({
  source: BackupTrackerSource.describe("The VirtualMachine"),
}).meta({
  "x-kubernetes-validations": [
    { "message": "spec is immutable after creation", "rule": "self == oldSelf" },
  ],
});
export type VirtualMachineBackupTrackerSpec = z.infer<typeof VirtualMachineBackupTrackerSpec>;

/** The state from which the next incremental backup starts. */
export const BackupCheckpoint = z.object({
  name: optional(z.string()),
  creationTime: optional(Time),
  volumes: optional(atomicList(BackupVolumeInfo)),
});
export type BackupCheckpoint = z.infer<typeof BackupCheckpoint>;

/** How far changed blocks are tracked. */
export const VirtualMachineBackupTrackerStatus = z.object({
  checkpointRedefinitionRequired: optional(z.boolean()).describe(
    "The guest has forgotten the checkpoint and must be told of it",
  ),
  latestCheckpoint: optional(BackupCheckpoint),
});
export type VirtualMachineBackupTrackerStatus = z.infer<typeof VirtualMachineBackupTrackerStatus>;

/** The wish to have a guest's changed blocks tracked for incremental backups. */
export const VirtualMachineBackupTracker = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: VirtualMachineBackupTrackerSpec,
  status: optional(VirtualMachineBackupTrackerStatus),
});
export type VirtualMachineBackupTracker = z.infer<typeof VirtualMachineBackupTracker>;
