/** Claims on storage. */
import { z } from "zod";
import { LabelSelector } from "./k8s_meta.ts";
import { TypedLocalObjectReference, TypedObjectReference } from "./k8s_reference.ts";
import { Quantity } from "./quantity.ts";
import { atomicList, optional } from "./structural.ts";

/** How much storage a claim asks for. */
export const VolumeResourceRequirements = z.object({
  limits: optional(z.record(z.string(), Quantity)),
  requests: optional(z.record(z.string(), Quantity)),
});
export type VolumeResourceRequirements = z.infer<typeof VolumeResourceRequirements>;

/** What storage a claim asks for. */
export const PersistentVolumeClaimSpec = z.object({
  accessModes: optional(atomicList(z.string())),
  dataSource: optional(TypedLocalObjectReference),
  dataSourceRef: optional(TypedObjectReference),
  resources: optional(VolumeResourceRequirements),
  selector: optional(LabelSelector),
  storageClassName: optional(z.string()),
  volumeAttributesClassName: optional(z.string()),
  volumeMode: optional(z.string()),
  volumeName: optional(z.string()),
});
export type PersistentVolumeClaimSpec = z.infer<typeof PersistentVolumeClaimSpec>;

/** A claim of the same namespace, as pods mount it. */
export const CorePersistentVolumeClaimVolumeSource = z.object({
  claimName: z.string(),
  readOnly: optional(z.boolean()),
});
export type CorePersistentVolumeClaimVolumeSource = z.infer<
  typeof CorePersistentVolumeClaimVolumeSource
>;
