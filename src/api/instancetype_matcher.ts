/** References from a VM to an instancetype and a preference. */
import { z } from "zod";
import { optional } from "./structural.ts";

/** The instancetype of a VM: its size. */
export const InstancetypeMatcher = z.object({
  kind: optional(z.string()),
  name: optional(z.string()),
  inferFromVolume: optional(z.string()),
  inferFromVolumeFailurePolicy: optional(z.string()),
  revisionName: optional(z.string()),
});
export type InstancetypeMatcher = z.infer<typeof InstancetypeMatcher>;

/** The preference of a VM: its defaults. */
export const PreferenceMatcher = z.object({
  kind: optional(z.string()),
  name: optional(z.string()),
  inferFromVolume: optional(z.string()),
  inferFromVolumeFailurePolicy: optional(z.string()),
  revisionName: optional(z.string()),
});
export type PreferenceMatcher = z.infer<typeof PreferenceMatcher>;

/** A stored copy of an object. */
export const ControllerRevisionRef = z.object({
  name: optional(z.string()),
});
export type ControllerRevisionRef = z.infer<typeof ControllerRevisionRef>;

/** The copy of an instancetype or preference that a VM uses. */
export const InstancetypeStatusRef = z.object({
  kind: optional(z.string()),
  name: optional(z.string()),
  controllerRevisionRef: optional(ControllerRevisionRef),
  inferFromVolume: optional(z.string()),
  inferFromVolumeFailurePolicy: optional(z.string()),
});
export type InstancetypeStatusRef = z.infer<typeof InstancetypeStatusRef>;
