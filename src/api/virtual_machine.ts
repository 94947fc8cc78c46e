/** A guest as the user wants it. */
import * as z from "zod";
import { DataVolumeTemplateSpec } from "./data_volume.ts";
import { InstancetypeMatcher, PreferenceMatcher } from "./instancetype_matcher.ts";
import { ObjectMeta } from "./k8s_meta.ts";
import { optional } from "./structural.ts";
import { VirtualMachineInstanceTemplateSpec } from "./virtual_machine_instance.ts";
import { VirtualMachineStatus } from "./virtual_machine_status.ts";

/** A guest as the user wants it. */
export const VirtualMachineSpec = z.object({
  dataVolumeTemplates: optional(z.array(DataVolumeTemplateSpec.nullable())).describe(
    "DataVolumes that are made with the VM and deleted with it",
  ),
  instancetype: optional(InstancetypeMatcher).describe(
    "Size of the guest, kept elsewhere; conflicts with sizes in the template",
  ),
  preference: optional(PreferenceMatcher).describe(
    "Defaults for what the template leaves open, kept elsewhere",
  ),
  runStrategy: optional(z.string()).describe(
    "When the guest runs: Always, Halted, Manual, RerunOnFailure, Once or WaitAsReceiver. Not together with running",
  ),
  running: optional(z.boolean()).describe(
    "true means runStrategy Always, false means Halted. Older than runStrategy, and not together with it",
  ),
  template: VirtualMachineInstanceTemplateSpec.describe("What each run of the guest is made from"),
  updateVolumesStrategy: optional(z.string()).describe(
    "How changed volumes reach a running guest: Replacement at the next start, or Migration of their content",
  ),
});
export type VirtualMachineSpec = z.infer<typeof VirtualMachineSpec>;

/** A guest as the user wants it: kept, started and stopped. */
export const VirtualMachine = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: VirtualMachineSpec.describe("What the guest shall be"),
  status: optional(VirtualMachineStatus).describe("What the guest is now"),
});
export type VirtualMachine = z.infer<typeof VirtualMachine>;
