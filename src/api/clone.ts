/** The wish for a copy of a guest. */
import * as z from "zod";
import { ObjectMeta } from "./k8s_meta.ts";
import { TypedLocalObjectReference } from "./k8s_reference.ts";
import { SnapshotCondition } from "./snapshot.ts";
import { atomicList, openEnum, optional, stringMap, Time } from "./structural.ts";

/** Labels and annotations of the template that are copied. */
export const VirtualMachineCloneTemplateFilters = z.object({
  annotationFilters: optional(atomicList(z.string())),
  labelFilters: optional(atomicList(z.string())),
});
export type VirtualMachineCloneTemplateFilters = z.infer<typeof VirtualMachineCloneTemplateFilters>;

/** What is copied, and to what. */
export const VirtualMachineCloneSpec = z.object({
  annotationFilters: optional(atomicList(z.string())).describe(
    "Annotations that are copied; * matches any text, a leading ! excludes",
  ),
  labelFilters: optional(atomicList(z.string())).describe(
    "Labels that are copied; * matches any text, a leading ! excludes",
  ),
  newMacAddresses: optional(stringMap()).describe(
    "MAC addresses of the copy by interface; others are made anew",
  ),
  newSMBiosSerial: optional(z.string()).describe("Serial number of the copy"),
  patches: optional(atomicList(z.string())).describe("JSON patches of the copy"),
  source: TypedLocalObjectReference.describe("A VirtualMachine or a VirtualMachineSnapshot"),
  target: optional(TypedLocalObjectReference).describe(
    "The VirtualMachine to be made; its name is made up when absent",
  ),
  template: optional(VirtualMachineCloneTemplateFilters).describe(
    "Labels and annotations of the template that are copied",
  ),
  volumeNamePolicy: optional(openEnum("RandomizeNames", "PrefixTargetName")).describe(
    "How the copy's volumes are named",
  ),
});
export type VirtualMachineCloneSpec = z.infer<typeof VirtualMachineCloneSpec>;

/** How far the copy is. */
export const VirtualMachineCloneStatus = z.object({
  conditions: optional(atomicList(SnapshotCondition)),
  creationTime: optional(Time.nullable()),
  phase: optional(z.string()),
  restoreName: optional(z.string().nullable()),
  snapshotName: optional(z.string().nullable()),
  targetName: optional(z.string().nullable()),
});
export type VirtualMachineCloneStatus = z.infer<typeof VirtualMachineCloneStatus>;

/** The wish for a copy of a guest. */
export const VirtualMachineClone = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: VirtualMachineCloneSpec,
  status: optional(VirtualMachineCloneStatus),
});
export type VirtualMachineClone = z.infer<typeof VirtualMachineClone>;
