/** References from a VM to an instancetype and a preference. */
import * as z from "zod";
import { optional } from "./structural.ts";

/** The instancetype of a VM: its size. */
export const InstancetypeMatcher = z.object({
  kind: optional(z.string()).describe(
    "VirtualMachineInstancetype or VirtualMachineClusterInstancetype; the latter when absent",
  ),
  name: optional(z.string()).describe("Name of the instancetype"),
  inferFromVolume: optional(z.string()).describe(
    "Name of the volume whose source names the instancetype",
  ),
  inferFromVolumeFailurePolicy: optional(z.string()).describe(
    "Reject the VM when nothing can be inferred, or Ignore it",
  ),
  revisionName: optional(z.string()).describe(
    "ControllerRevision that holds the copy in use; filled in by the controller",
  ),
});
export type InstancetypeMatcher = z.infer<typeof InstancetypeMatcher>;

/** The preference of a VM: its defaults. */
export const PreferenceMatcher = z.object({
  kind: optional(z.string()).describe(
    "VirtualMachinePreference or VirtualMachineClusterPreference; the latter when absent",
  ),
  name: optional(z.string()).describe("Name of the preference"),
  inferFromVolume: optional(z.string()).describe(
    "Name of the volume whose source names the preference",
  ),
  inferFromVolumeFailurePolicy: optional(z.string()).describe(
    "Reject the VM when nothing can be inferred, or Ignore it",
  ),
  revisionName: optional(z.string()).describe(
    "ControllerRevision that holds the copy in use; filled in by the controller",
  ),
});
export type PreferenceMatcher = z.infer<typeof PreferenceMatcher>;

/** A stored copy of an object. */
export const ControllerRevisionRef = z.object({
  name: optional(z.string()),
});
export type ControllerRevisionRef = z.infer<typeof ControllerRevisionRef>;

/** The copy of an instancetype or preference that a VM uses. */
export const InstancetypeStatusRef = z.object({
  kind: optional(z.string()).describe("Kind of the object"),
  name: optional(z.string()).describe("Name of the object"),
  controllerRevisionRef: optional(ControllerRevisionRef).describe("The stored copy that is in use"),
  inferFromVolume: optional(z.string()).describe("Volume that it was inferred from"),
  inferFromVolumeFailurePolicy: optional(z.string()),
});
export type InstancetypeStatusRef = z.infer<typeof InstancetypeStatusRef>;
