/** Claims on storage. */
import * as z from "zod";
import { LabelSelector } from "./k8s_meta.ts";
import { TypedLocalObjectReference, TypedObjectReference } from "./k8s_reference.ts";
import { Quantity } from "./quantity_schema.ts";
import { atomicList, optional } from "./structural.ts";

/** How much storage a claim asks for. */
export const VolumeResourceRequirements = z.object({
  limits: optional(z.record(z.string(), Quantity)).describe("The most that is wanted"),
  requests: optional(z.record(z.string(), Quantity)).describe("The least that is wanted"),
});
export type VolumeResourceRequirements = z.infer<typeof VolumeResourceRequirements>;

/** What storage a claim asks for. */
export const PersistentVolumeClaimSpec = z.object({
  accessModes: optional(atomicList(z.string())).describe("How many nodes may mount it, and how"),
  dataSource: optional(TypedLocalObjectReference).describe(
    "Object of the same namespace that it is filled from",
  ),
  dataSourceRef: optional(TypedObjectReference).describe("Object that it is filled from"),
  resources: optional(VolumeResourceRequirements).describe("How much storage"),
  selector: optional(LabelSelector).describe("Which volumes may be bound"),
  storageClassName: optional(z.string()).describe("Storage class"),
  volumeAttributesClassName: optional(z.string()).describe("Class of volume attributes"),
  volumeMode: optional(z.string()).describe("Filesystem or Block. Default: Filesystem"),
  volumeName: optional(z.string()).describe("The volume to bind"),
});
export type PersistentVolumeClaimSpec = z.infer<typeof PersistentVolumeClaimSpec>;

/** A claim of the same namespace, as pods mount it. */
export const CorePersistentVolumeClaimVolumeSource = z.object({
  claimName: z.string().describe("Claim of the same namespace"),
  readOnly: optional(z.boolean()).describe("Default: false"),
});
export type CorePersistentVolumeClaimVolumeSource = z.infer<
  typeof CorePersistentVolumeClaimVolumeSource
>;
