/** Copies of a guest's state, and the way back to them. */
import * as z from "zod";
import { ObjectMeta, ProbedCondition, TemplateMeta } from "./k8s_meta.ts";
import { TypedLocalObjectReference } from "./k8s_reference.ts";
import { PersistentVolumeClaimSpec } from "./k8s_storage.ts";
import { atomicList, Duration, optional, setList, Time } from "./structural.ts";
import { VirtualMachineSpec } from "./virtual_machine.ts";
import { VirtualMachineStatus } from "./virtual_machine_status.ts";

/** One aspect of a snapshot's, restore's or clone's state. */
export const SnapshotCondition = ProbedCondition;
export type SnapshotCondition = z.infer<typeof SnapshotCondition>;

/** What went wrong last. */
export const SnapshotError = z.object({
  message: optional(z.string()),
  time: optional(Time),
});
export type SnapshotError = z.infer<typeof SnapshotError>;

/** Which guest, and for how long it may take. */
export const VirtualMachineSnapshotSpec = z.object({
  deletionPolicy: optional(z.string()).describe(
    "What becomes of the content when the snapshot goes: Delete or Retain",
  ),
  failureDeadline: optional(Duration).describe(
    "After what time the snapshot has failed; 5 minutes when absent",
  ),
  source: TypedLocalObjectReference.describe("The VirtualMachine"),
});
export type VirtualMachineSnapshotSpec = z.infer<typeof VirtualMachineSnapshotSpec>;

/** Which volumes are in a snapshot. */
export const SnapshotVolumesLists = z.object({
  excludedVolumes: optional(setList(z.string())),
  includedVolumes: optional(setList(z.string())),
});
export type SnapshotVolumesLists = z.infer<typeof SnapshotVolumesLists>;

/** What is to be known of the guest at that time. */
export const SourceIndication = z.object({
  indication: z.string(),
  message: z.string(),
});
export type SourceIndication = z.infer<typeof SourceIndication>;

/** How far a snapshot is. */
export const VirtualMachineSnapshotStatus = z.object({
  conditions: optional(atomicList(SnapshotCondition)),
  creationTime: optional(Time.nullable()),
  error: optional(SnapshotError),
  indications: optional(setList(z.string())),
  phase: optional(z.string()),
  readyToUse: optional(z.boolean()),
  snapshotVolumes: optional(SnapshotVolumesLists),
  sourceIndications: optional(atomicList(SourceIndication)),
  sourceUID: optional(z.string()),
  virtualMachineSnapshotContentName: optional(z.string()),
});
export type VirtualMachineSnapshotStatus = z.infer<typeof VirtualMachineSnapshotStatus>;

/** The wish for a copy of a guest's state. */
export const VirtualMachineSnapshot = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: VirtualMachineSnapshotSpec,
  status: optional(VirtualMachineSnapshotStatus),
});
export type VirtualMachineSnapshot = z.infer<typeof VirtualMachineSnapshot>;

/** A guest as it was. */
export const SnapshottedVirtualMachine = z.object({
  metadata: optional(TemplateMeta.nullable()),
  spec: optional(VirtualMachineSpec),
  status: optional(VirtualMachineStatus),
});
export type SnapshottedVirtualMachine = z.infer<typeof SnapshottedVirtualMachine>;

/** What was copied. */
export const SnapshotSource = z.object({
  virtualMachine: optional(SnapshottedVirtualMachine),
});
export type SnapshotSource = z.infer<typeof SnapshotSource>;

/** A claim as it was. */
export const SnapshottedPersistentVolumeClaim = z.object({
  metadata: optional(TemplateMeta),
  spec: optional(PersistentVolumeClaimSpec),
});
export type SnapshottedPersistentVolumeClaim = z.infer<typeof SnapshottedPersistentVolumeClaim>;

/** A volume, and the snapshot of it. */
export const VolumeBackup = z.object({
  persistentVolumeClaim: SnapshottedPersistentVolumeClaim,
  volumeName: z.string(),
  volumeSnapshotName: optional(z.string()),
});
export type VolumeBackup = z.infer<typeof VolumeBackup>;

/** What a snapshot holds. */
export const VirtualMachineSnapshotContentSpec = z.object({
  source: SnapshotSource,
  virtualMachineSnapshotName: optional(z.string()),
  volumeBackups: optional(atomicList(VolumeBackup)),
});
export type VirtualMachineSnapshotContentSpec = z.infer<typeof VirtualMachineSnapshotContentSpec>;

/** The state of a volume's snapshot. */
export const VolumeSnapshotContentStatus = z.object({
  creationTime: optional(Time.nullable()),
  error: optional(SnapshotError),
  readyToUse: optional(z.boolean()),
  volumeSnapshotName: z.string(),
});
export type VolumeSnapshotContentStatus = z.infer<typeof VolumeSnapshotContentStatus>;

/** Whether a snapshot can be used. */
export const VirtualMachineSnapshotContentStatus = z.object({
  creationTime: optional(Time.nullable()),
  error: optional(SnapshotError),
  readyToUse: optional(z.boolean()),
  volumeSnapshotStatus: optional(atomicList(VolumeSnapshotContentStatus)),
});
export type VirtualMachineSnapshotContentStatus = z.infer<
  typeof VirtualMachineSnapshotContentStatus
>;

/** What a snapshot holds. */
export const VirtualMachineSnapshotContent = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: VirtualMachineSnapshotContentSpec,
  status: optional(VirtualMachineSnapshotContentStatus),
});
export type VirtualMachineSnapshotContent = z.infer<typeof VirtualMachineSnapshotContent>;
