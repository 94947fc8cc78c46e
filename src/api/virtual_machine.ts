/** A guest as the user wants it. */
import { z } from "zod";
import { DataVolumeTemplateSpec } from "./data_volume.ts";
import { InstancetypeMatcher, PreferenceMatcher } from "./instancetype_matcher.ts";
import { ObjectMeta } from "./k8s_meta.ts";
import { optional } from "./structural.ts";
import { VirtualMachineInstanceTemplateSpec } from "./virtual_machine_instance.ts";
import { VirtualMachineStatus } from "./virtual_machine_status.ts";

/** A guest as the user wants it. */
export const VirtualMachineSpec = z.object({
  dataVolumeTemplates: optional(z.array(DataVolumeTemplateSpec.nullable())),
  instancetype: optional(InstancetypeMatcher),
  preference: optional(PreferenceMatcher),
  runStrategy: optional(z.string()),
  running: optional(z.boolean()),
  template: VirtualMachineInstanceTemplateSpec,
  updateVolumesStrategy: optional(z.string()),
});
export type VirtualMachineSpec = z.infer<typeof VirtualMachineSpec>;

/** A guest as the user wants it: kept, started and stopped. */
export const VirtualMachine = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: VirtualMachineSpec,
  status: optional(VirtualMachineStatus),
});
export type VirtualMachine = z.infer<typeof VirtualMachine>;
