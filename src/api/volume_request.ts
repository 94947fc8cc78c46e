/** Volumes that are plugged into, and out of, running guests. */
import * as z from "zod";
import { Disk } from "./disk.ts";
import { atomicList, optional } from "./structural.ts";
import { DataVolumeSource, PersistentVolumeClaimVolumeSource } from "./volume.ts";

/** What the new disk holds; exactly one. */
export const HotplugVolumeSource = z.object({
  dataVolume: optional(DataVolumeSource).describe("The claim of a DataVolume"),
  persistentVolumeClaim: optional(PersistentVolumeClaimVolumeSource).describe("A claim"),
});
export type HotplugVolumeSource = z.infer<typeof HotplugVolumeSource>;

/** Plugs a volume into a guest. */
export const AddVolumeOptions = z.object({
  name: z.string().describe("Name of the new volume and its disk"),
  disk: Disk.describe("The disk that the guest will see"),
  dryRun: optional(atomicList(z.string())).describe('["All"]: check, change nothing'),
  volumeSource: HotplugVolumeSource.describe("What the new disk holds"),
});
export type AddVolumeOptions = z.infer<typeof AddVolumeOptions>;

/** Unplugs a volume from a guest. */
export const RemoveVolumeOptions = z.object({
  name: z.string().describe("Name of the volume and its disk"),
  dryRun: optional(atomicList(z.string())).describe('["All"]: check, change nothing'),
});
export type RemoveVolumeOptions = z.infer<typeof RemoveVolumeOptions>;

/** A volume to add to or remove from a VM. */
export const VirtualMachineVolumeRequest = z.object({
  addVolumeOptions: optional(AddVolumeOptions).describe("A volume to plug in"),
  removeVolumeOptions: optional(RemoveVolumeOptions).describe("A volume to plug out"),
});
export type VirtualMachineVolumeRequest = z.infer<typeof VirtualMachineVolumeRequest>;
