/** DataVolumes of CDI, as far as a virtual machine's templates hold them. */
import { z } from "zod";
import { LabelSelector, TemplateMeta } from "./k8s_meta.ts";
import { TypedLocalObjectReference, TypedObjectReference } from "./k8s_reference.ts";
import { PersistentVolumeClaimSpec, VolumeResourceRequirements } from "./k8s_storage.ts";
import { openEnum, optional } from "./structural.ts";

/** An empty disk. */
export const DataVolumeBlankImage = z.object({});
export type DataVolumeBlankImage = z.infer<typeof DataVolumeBlankImage>;

/** A file in Google Cloud Storage. */
export const DataVolumeSourceGCS = z.object({
  secretRef: optional(z.string()),
  url: z.string(),
});
export type DataVolumeSourceGCS = z.infer<typeof DataVolumeSourceGCS>;

/** A file behind http or https. */
export const DataVolumeSourceHTTP = z.object({
  certConfigMap: optional(z.string()),
  extraHeaders: optional(z.array(z.string())),
  secretExtraHeaders: optional(z.array(z.string())),
  secretRef: optional(z.string()),
  url: z.string(),
});
export type DataVolumeSourceHTTP = z.infer<typeof DataVolumeSourceHTTP>;

/** A disk of oVirt. */
export const DataVolumeSourceImageIO = z.object({
  certConfigMap: optional(z.string()),
  diskId: z.string(),
  insecureSkipVerify: optional(z.boolean()),
  secretRef: optional(z.string()),
  url: z.string(),
});
export type DataVolumeSourceImageIO = z.infer<typeof DataVolumeSourceImageIO>;

/** A copy of another claim. */
export const DataVolumeSourcePVC = z.object({
  name: z.string(),
  namespace: z.string(),
});
export type DataVolumeSourcePVC = z.infer<typeof DataVolumeSourcePVC>;

/** Which variant of a multi-platform image. */
export const PlatformOptions = z.object({
  architecture: optional(z.string()),
});
export type PlatformOptions = z.infer<typeof PlatformOptions>;

/** A container disk image. */
export const DataVolumeSourceRegistry = z.object({
  certConfigMap: optional(z.string()),
  imageStream: optional(z.string()),
  platform: optional(PlatformOptions),
  pullMethod: optional(z.string()),
  secretRef: optional(z.string()),
  url: optional(z.string()),
});
export type DataVolumeSourceRegistry = z.infer<typeof DataVolumeSourceRegistry>;

/** A file in S3. */
export const DataVolumeSourceS3 = z.object({
  certConfigMap: optional(z.string()),
  secretRef: optional(z.string()),
  url: z.string(),
});
export type DataVolumeSourceS3 = z.infer<typeof DataVolumeSourceS3>;

/** A volume snapshot. */
export const DataVolumeSourceSnapshot = z.object({
  name: z.string(),
  namespace: z.string(),
});
export type DataVolumeSourceSnapshot = z.infer<typeof DataVolumeSourceSnapshot>;

/** Whatever is uploaded. */
export const DataVolumeSourceUpload = z.object({});
export type DataVolumeSourceUpload = z.infer<typeof DataVolumeSourceUpload>;

/** A disk of VMware. */
export const DataVolumeSourceVDDK = z.object({
  backingFile: optional(z.string()),
  extraArgs: optional(z.string()),
  initImageURL: optional(z.string()),
  secretRef: optional(z.string()),
  thumbprint: optional(z.string()),
  url: optional(z.string()),
  uuid: optional(z.string()),
});
export type DataVolumeSourceVDDK = z.infer<typeof DataVolumeSourceVDDK>;

/** Where a DataVolume's content comes from; exactly one. */
export const CdiDataVolumeSource = z.object({
  blank: optional(DataVolumeBlankImage),
  gcs: optional(DataVolumeSourceGCS),
  http: optional(DataVolumeSourceHTTP),
  imageio: optional(DataVolumeSourceImageIO),
  pvc: optional(DataVolumeSourcePVC),
  registry: optional(DataVolumeSourceRegistry),
  s3: optional(DataVolumeSourceS3),
  snapshot: optional(DataVolumeSourceSnapshot),
  upload: optional(DataVolumeSourceUpload),
  vddk: optional(DataVolumeSourceVDDK),
});
export type CdiDataVolumeSource = z.infer<typeof CdiDataVolumeSource>;

/** A DataSource that says where the content comes from. */
export const DataVolumeSourceRef = z.object({
  kind: z.string(),
  name: z.string(),
  namespace: optional(z.string()),
});
export type DataVolumeSourceRef = z.infer<typeof DataVolumeSourceRef>;

/** One step of a multi-stage import. */
export const DataVolumeCheckpoint = z.object({
  current: z.string(),
  previous: z.string(),
});
export type DataVolumeCheckpoint = z.infer<typeof DataVolumeCheckpoint>;

/** A claim whose missing parts are filled in from the storage class's profile. */
export const StorageSpec = z.object({
  accessModes: optional(z.array(z.string())),
  dataSource: optional(TypedLocalObjectReference),
  dataSourceRef: optional(TypedObjectReference),
  resources: optional(VolumeResourceRequirements),
  selector: optional(LabelSelector),
  storageClassName: optional(z.string()),
  volumeMode: optional(z.string()),
  volumeName: optional(z.string()),
});
export type StorageSpec = z.infer<typeof StorageSpec>;

/** A claim and the content it shall have. */
export const DataVolumeSpec = z.object({
  checkpoints: optional(z.array(DataVolumeCheckpoint)),
  contentType: optional(openEnum("kubevirt", "archive")),
  finalCheckpoint: optional(z.boolean()),
  preallocation: optional(z.boolean()),
  priorityClassName: optional(z.string()),
  pvc: optional(PersistentVolumeClaimSpec),
  source: optional(CdiDataVolumeSource),
  sourceRef: optional(DataVolumeSourceRef),
  storage: optional(StorageSpec),
});
export type DataVolumeSpec = z.infer<typeof DataVolumeSpec>;

/** Always empty: kept for old clients. */
export const DataVolumeTemplateDummyStatus = z.object({});
export type DataVolumeTemplateDummyStatus = z.infer<typeof DataVolumeTemplateDummyStatus>;

/** A DataVolume that is made with, and owned by, a VM. */
export const DataVolumeTemplateSpec = z.object({
  apiVersion: optional(z.string()),
  kind: optional(z.string()),
  metadata: optional(TemplateMeta.nullable()),
  spec: DataVolumeSpec,
  status: optional(DataVolumeTemplateDummyStatus.nullable()),
});
export type DataVolumeTemplateSpec = z.infer<typeof DataVolumeTemplateSpec>;
