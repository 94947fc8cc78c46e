/** Devices of the node that a guest gets. */
import * as z from "zod";
import { FeatureState } from "./features.ts";
import { optional } from "./structural.ts";

/** Whether a virtual GPU is a display. */
export const VGPUDisplayOptions = z.object({
  enabled: optional(z.boolean()).describe("Default: true"),
  ramFB: optional(FeatureState).describe(
    "A frame buffer until the guest's driver is there. Default: true",
  ),
});
export type VGPUDisplayOptions = z.infer<typeof VGPUDisplayOptions>;

/** Options of a virtual GPU. */
export const VGPUOptions = z.object({
  display: optional(VGPUDisplayOptions).describe("Whether it is a display"),
});
export type VGPUOptions = z.infer<typeof VGPUOptions>;

/** A GPU of the node. */
export const GPU = z.object({
  name: z.string().describe("Name of the device"),
  claimName: optional(z.string()).describe("Entry of resourceClaims that holds it"),
  deviceName: optional(z.string()).describe("Extended resource that holds it"),
  requestName: optional(z.string()).describe("Request of the claim"),
  tag: optional(z.string()).describe("Role of the device, told to the guest by cloud-init"),
  virtualGPUOptions: optional(VGPUOptions).describe("Options of a virtual GPU"),
});
export type GPU = z.infer<typeof GPU>;

/** A device of the node. */
export const HostDevice = z.object({
  name: z.string().describe("Name of the device"),
  claimName: optional(z.string()).describe("Entry of resourceClaims that holds it"),
  deviceName: optional(z.string()).describe("Extended resource that holds it"),
  requestName: optional(z.string()).describe("Request of the claim"),
  tag: optional(z.string()).describe("Role of the device, told to the guest by cloud-init"),
});
export type HostDevice = z.infer<typeof HostDevice>;

/** A device by which a guest tells that it crashed. */
export const PanicDevice = z.object({
  model: optional(z.string()).describe("isa, hyperv or pvpanic"),
});
export type PanicDevice = z.infer<typeof PanicDevice>;
