/** The wish for a guest as it was. */
import * as z from "zod";
import { ObjectMeta } from "./k8s_meta.ts";
import { TypedLocalObjectReference } from "./k8s_reference.ts";
import { SnapshotCondition } from "./snapshot.ts";
import { atomicList, openEnum, optional, setList, stringMap, Time } from "./structural.ts";

/** How a volume is restored otherwise. */
export const VolumeRestoreOverride = z.object({
  annotations: optional(stringMap()),
  labels: optional(stringMap()),
  restoreName: optional(z.string()),
  volumeName: optional(z.string()),
});
export type VolumeRestoreOverride = z.infer<typeof VolumeRestoreOverride>;

/** From what, and to what. */
export const VirtualMachineRestoreSpec = z.object({
  patches: optional(atomicList(z.string())).describe("JSON patches of what is restored"),
  target: TypedLocalObjectReference.describe("The VirtualMachine to be restored"),
  targetReadinessPolicy: optional(
    openEnum("StopTarget", "WaitGracePeriod", "FailImmediate", "WaitEventually").meta({
      "default": "WaitGracePeriod",
    }),
  ).describe(
    "What to do when the target runs: StopTarget, WaitGracePeriod, FailImmediate or WaitEventually",
  ),
  virtualMachineSnapshotName: z.string().describe("The snapshot"),
  volumeOwnershipPolicy: optional(z.string()).describe(
    "Who the restored volumes belong to: Vm or None",
  ),
  volumeRestoreOverrides: optional(atomicList(VolumeRestoreOverride)).describe(
    "Volumes that are restored otherwise",
  ),
  volumeRestorePolicy: optional(z.string()).describe(
    "How restored volumes are named: RandomizeNames, InPlace or PrefixTargetName",
  ),
});
export type VirtualMachineRestoreSpec = z.infer<typeof VirtualMachineRestoreSpec>;

/** A volume, and what it was restored from. */
export const VolumeRestore = z.object({
  dataVolumeName: optional(z.string()),
  persistentVolumeClaim: z.string(),
  volumeName: z.string(),
  volumeSnapshotName: z.string(),
});
export type VolumeRestore = z.infer<typeof VolumeRestore>;

/** How far a restore is. */
export const VirtualMachineRestoreStatus = z.object({
  complete: optional(z.boolean()),
  conditions: optional(atomicList(SnapshotCondition)),
  deletedDataVolumes: optional(setList(z.string())),
  restoreTime: optional(Time),
  restores: optional(atomicList(VolumeRestore)),
});
export type VirtualMachineRestoreStatus = z.infer<typeof VirtualMachineRestoreStatus>;

/** The wish for a guest as it was. */
export const VirtualMachineRestore = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: VirtualMachineRestoreSpec,
  status: optional(VirtualMachineRestoreStatus),
});
export type VirtualMachineRestore = z.infer<typeof VirtualMachineRestore>;
