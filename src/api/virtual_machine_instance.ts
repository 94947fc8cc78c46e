/** One run of a guest. */
import * as z from "zod";
import { ObjectMeta, TemplateMeta } from "./k8s_meta.ts";
import { optional } from "./structural.ts";
import { VirtualMachineInstanceSpec } from "./virtual_machine_instance_spec.ts";
import { VirtualMachineInstanceStatus } from "./virtual_machine_instance_status.ts";

/** One run of a guest. */
export const VirtualMachineInstance = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: VirtualMachineInstanceSpec.describe("What this run shall be. Fixed once created"),
  status: optional(VirtualMachineInstanceStatus).describe("What this run is now"),
});
export type VirtualMachineInstance = z.infer<typeof VirtualMachineInstance>;

/** What the VMIs made from a template are. */
export const VirtualMachineInstanceTemplateSpec = z.object({
  metadata: optional(TemplateMeta.nullable()).describe("Labels and annotations of each run"),
  spec: optional(VirtualMachineInstanceSpec).describe("What each run shall be"),
});
export type VirtualMachineInstanceTemplateSpec = z.infer<typeof VirtualMachineInstanceTemplateSpec>;
