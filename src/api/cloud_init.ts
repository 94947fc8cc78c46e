/** What a guest is told about itself at its first boot. */
import { z } from "zod";
import { LocalObjectReference } from "./k8s_reference.ts";
import { optional } from "./structural.ts";

/** cloud-init data on a disk of the NoCloud kind. */
export const CloudInitNoCloudSource = z.object({
  networkData: optional(z.string()),
  networkDataBase64: optional(z.string()),
  networkDataSecretRef: optional(LocalObjectReference),
  secretRef: optional(LocalObjectReference),
  userData: optional(z.string()),
  userDataBase64: optional(z.string()),
});
export type CloudInitNoCloudSource = z.infer<typeof CloudInitNoCloudSource>;

/** cloud-init data on a disk of the ConfigDrive kind. */
export const CloudInitConfigDriveSource = z.object({
  networkData: optional(z.string()),
  networkDataBase64: optional(z.string()),
  networkDataSecretRef: optional(LocalObjectReference),
  secretRef: optional(LocalObjectReference),
  userData: optional(z.string()),
  userDataBase64: optional(z.string()),
});
export type CloudInitConfigDriveSource = z.infer<typeof CloudInitConfigDriveSource>;

/** Answers for the set-up of Windows; exactly one source. */
export const SysprepSource = z.object({
  configMap: optional(LocalObjectReference),
  secret: optional(LocalObjectReference),
});
export type SysprepSource = z.infer<typeof SysprepSource>;
