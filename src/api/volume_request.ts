/** Volumes that are plugged into, and out of, running guests. */
import { z } from "zod";
import { Disk } from "./disk.ts";
import { atomicList, optional } from "./structural.ts";
import { DataVolumeSource, PersistentVolumeClaimVolumeSource } from "./volume.ts";

/** What the new disk holds; exactly one. */
export const HotplugVolumeSource = z.object({
  dataVolume: optional(DataVolumeSource),
  persistentVolumeClaim: optional(PersistentVolumeClaimVolumeSource),
});
export type HotplugVolumeSource = z.infer<typeof HotplugVolumeSource>;

/** Plugs a volume into a guest. */
export const AddVolumeOptions = z.object({
  name: z.string(),
  disk: Disk,
  dryRun: optional(atomicList(z.string())),
  volumeSource: HotplugVolumeSource,
});
export type AddVolumeOptions = z.infer<typeof AddVolumeOptions>;

/** Unplugs a volume from a guest. */
export const RemoveVolumeOptions = z.object({
  name: z.string(),
  dryRun: optional(atomicList(z.string())),
});
export type RemoveVolumeOptions = z.infer<typeof RemoveVolumeOptions>;

/** A volume to add to or remove from a VM. */
export const VirtualMachineVolumeRequest = z.object({
  addVolumeOptions: optional(AddVolumeOptions),
  removeVolumeOptions: optional(RemoveVolumeOptions),
});
export type VirtualMachineVolumeRequest = z.infer<typeof VirtualMachineVolumeRequest>;
