/** Settings that are given to all new guests with certain labels. Deprecated upstream. */
import * as z from "zod";
import { DomainSpec } from "./domain.ts";
import { LabelSelector, ObjectMeta } from "./k8s_meta.ts";
import { optional } from "./structural.ts";

/** Which guests, and what they get. */
export const VirtualMachineInstancePresetSpec = z.object({
  domain: optional(DomainSpec).describe("What a new guest gets where it does not say otherwise"),
  selector: LabelSelector.describe("Labels of the guests that get it"),
});
export type VirtualMachineInstancePresetSpec = z.infer<typeof VirtualMachineInstancePresetSpec>;

/** Settings that are given to all new guests with certain labels. */
export const VirtualMachineInstancePreset = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: optional(VirtualMachineInstancePresetSpec),
});
export type VirtualMachineInstancePreset = z.infer<typeof VirtualMachineInstancePreset>;
