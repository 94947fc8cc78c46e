/** Devices of the node that a guest gets. */
import { z } from "zod";
import { FeatureState } from "./features.ts";
import { optional } from "./structural.ts";

/** Whether a virtual GPU is a display. */
export const VGPUDisplayOptions = z.object({
  enabled: optional(z.boolean()),
  ramFB: optional(FeatureState),
});
export type VGPUDisplayOptions = z.infer<typeof VGPUDisplayOptions>;

/** Options of a virtual GPU. */
export const VGPUOptions = z.object({
  display: optional(VGPUDisplayOptions),
});
export type VGPUOptions = z.infer<typeof VGPUOptions>;

/** A GPU of the node. */
export const GPU = z.object({
  name: z.string(),
  claimName: optional(z.string()),
  deviceName: optional(z.string()),
  requestName: optional(z.string()),
  tag: optional(z.string()),
  virtualGPUOptions: optional(VGPUOptions),
});
export type GPU = z.infer<typeof GPU>;

/** A device of the node. */
export const HostDevice = z.object({
  name: z.string(),
  claimName: optional(z.string()),
  deviceName: optional(z.string()),
  requestName: optional(z.string()),
  tag: optional(z.string()),
});
export type HostDevice = z.infer<typeof HostDevice>;

/** A device by which a guest tells that it crashed. */
export const PanicDevice = z.object({
  model: optional(z.string()),
});
export type PanicDevice = z.infer<typeof PanicDevice>;
