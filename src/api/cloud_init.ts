/** What a guest is told about itself at its first boot. */
import * as z from "zod";
import { LocalObjectReference } from "./k8s_reference.ts";
import { optional } from "./structural.ts";

/** cloud-init data on a disk of the NoCloud kind. */
export const CloudInitNoCloudSource = z.object({
  networkData: optional(z.string()).describe("Network configuration, inline"),
  networkDataBase64: optional(z.string()).describe("Network configuration, base64"),
  networkDataSecretRef: optional(LocalObjectReference).describe(
    "Secret whose key networkdata holds network configuration",
  ),
  secretRef: optional(LocalObjectReference).describe("Secret whose key userdata holds user data"),
  userData: optional(z.string()).describe("User data, inline"),
  userDataBase64: optional(z.string()).describe("User data, base64"),
});
export type CloudInitNoCloudSource = z.infer<typeof CloudInitNoCloudSource>;

/** cloud-init data on a disk of the ConfigDrive kind. */
export const CloudInitConfigDriveSource = z.object({
  networkData: optional(z.string()).describe("Network configuration, inline"),
  networkDataBase64: optional(z.string()).describe("Network configuration, base64"),
  networkDataSecretRef: optional(LocalObjectReference).describe(
    "Secret whose key networkdata holds network configuration",
  ),
  secretRef: optional(LocalObjectReference).describe("Secret whose key userdata holds user data"),
  userData: optional(z.string()).describe("User data, inline"),
  userDataBase64: optional(z.string()).describe("User data, base64"),
});
export type CloudInitConfigDriveSource = z.infer<typeof CloudInitConfigDriveSource>;

/** Answers for the set-up of Windows; exactly one source. */
export const SysprepSource = z.object({
  configMap: optional(LocalObjectReference).describe("ConfigMap that holds autounattend.xml"),
  secret: optional(LocalObjectReference).describe("Secret that holds autounattend.xml"),
});
export type SysprepSource = z.infer<typeof SysprepSource>;
