/** The wish to have a guest's volumes downloaded. */
import * as z from "zod";
import { ObjectMeta, ProbedCondition } from "./k8s_meta.ts";
import { TypedLocalObjectReference } from "./k8s_reference.ts";
import { atomicList, Duration, mapList, optional, Time } from "./structural.ts";

/** What is offered for download, and for how long. */
export const VirtualMachineExportSpec = z.object({
  source: TypedLocalObjectReference.describe(
    "A VirtualMachine, a VirtualMachineSnapshot or a PersistentVolumeClaim",
  ),
  tokenSecretRef: optional(z.string()).describe(
    "Secret that holds the token of those who may read",
  ),
  ttlDuration: optional(Duration).describe(
    "After what time the export goes by itself; 2 hours when absent",
  ),
});
export type VirtualMachineExportSpec = z.infer<typeof VirtualMachineExportSpec>;

/** One aspect of an export's state. */
export const ExportCondition = ProbedCondition;
export type ExportCondition = z.infer<typeof ExportCondition>;

/** Where one part of a backup can be read. */
export const VirtualMachineExportBackupEndpoint = z.object({
  endpoint: z.string(),
  url: z.string(),
});
export type VirtualMachineExportBackupEndpoint = z.infer<typeof VirtualMachineExportBackupEndpoint>;

/** A backup of a volume. */
export const VirtualMachineExportBackup = z.object({
  name: z.string(),
  endpoints: optional(mapList(VirtualMachineExportBackupEndpoint, "endpoint")),
});
export type VirtualMachineExportBackup = z.infer<typeof VirtualMachineExportBackup>;

/** Where the objects of a guest can be read. */
export const VirtualMachineExportManifest = z.object({
  type: z.string(),
  url: z.string(),
});
export type VirtualMachineExportManifest = z.infer<typeof VirtualMachineExportManifest>;

/** Where a volume can be read in one format. */
export const VirtualMachineExportVolumeFormat = z.object({
  format: z.string(),
  url: z.string(),
});
export type VirtualMachineExportVolumeFormat = z.infer<typeof VirtualMachineExportVolumeFormat>;

/** A volume, in the formats that it is offered in. */
export const VirtualMachineExportVolume = z.object({
  name: z.string(),
  formats: optional(mapList(VirtualMachineExportVolumeFormat, "format")),
});
export type VirtualMachineExportVolume = z.infer<typeof VirtualMachineExportVolume>;

/** Everything that is offered, at one address. */
export const VirtualMachineExportLink = z.object({
  backups: optional(mapList(VirtualMachineExportBackup, "name")),
  cert: z.string(),
  manifests: optional(mapList(VirtualMachineExportManifest, "type")),
  volumes: optional(mapList(VirtualMachineExportVolume, "name")),
});
export type VirtualMachineExportLink = z.infer<typeof VirtualMachineExportLink>;

/** Everything that is offered, inside and outside of the cluster. */
export const VirtualMachineExportLinks = z.object({
  external: optional(VirtualMachineExportLink),
  internal: optional(VirtualMachineExportLink),
});
export type VirtualMachineExportLinks = z.infer<typeof VirtualMachineExportLinks>;

/** What can be downloaded now. */
export const VirtualMachineExportStatus = z.object({
  conditions: optional(atomicList(ExportCondition)),
  links: optional(VirtualMachineExportLinks),
  phase: optional(z.string()),
  serviceName: optional(z.string()),
  tokenSecretRef: optional(z.string()),
  ttlExpirationTime: optional(Time),
  virtualMachineName: optional(z.string()),
});
export type VirtualMachineExportStatus = z.infer<typeof VirtualMachineExportStatus>;

/** The wish to have a guest's volumes downloaded. */
export const VirtualMachineExport = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: VirtualMachineExportSpec,
  status: optional(VirtualMachineExportStatus),
});
export type VirtualMachineExport = z.infer<typeof VirtualMachineExport>;
