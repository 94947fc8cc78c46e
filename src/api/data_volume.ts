/** DataVolumes of CDI, as far as a virtual machine's templates hold them. */
import * as z from "zod";
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
  blank: optional(DataVolumeBlankImage).describe("An empty disk"),
  gcs: optional(DataVolumeSourceGCS).describe("A file in Google Cloud Storage"),
  http: optional(DataVolumeSourceHTTP).describe("A file behind http or https"),
  imageio: optional(DataVolumeSourceImageIO).describe("A disk of oVirt"),
  pvc: optional(DataVolumeSourcePVC).describe("A copy of another claim"),
  registry: optional(DataVolumeSourceRegistry).describe("A container disk image"),
  s3: optional(DataVolumeSourceS3).describe("A file in S3"),
  snapshot: optional(DataVolumeSourceSnapshot).describe("A volume snapshot"),
  upload: optional(DataVolumeSourceUpload).describe("Whatever is uploaded"),
  vddk: optional(DataVolumeSourceVDDK).describe("A disk of VMware"),
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
  accessModes: optional(z.array(z.string())).describe("How many nodes may mount it, and how"),
  dataSource: optional(TypedLocalObjectReference).describe(
    "Object of the same namespace that it is filled from",
  ),
  dataSourceRef: optional(TypedObjectReference).describe("Object that it is filled from"),
  resources: optional(VolumeResourceRequirements).describe("How much storage"),
  selector: optional(LabelSelector).describe("Which volumes may be bound"),
  storageClassName: optional(z.string()).describe("Storage class"),
  volumeMode: optional(z.string()).describe("Filesystem or Block"),
  volumeName: optional(z.string()).describe("The volume to bind"),
});
export type StorageSpec = z.infer<typeof StorageSpec>;

/** A claim and the content it shall have. */
export const DataVolumeSpec = z.object({
  checkpoints: optional(z.array(DataVolumeCheckpoint)).describe("Steps of a multi-stage import"),
  contentType: optional(openEnum("kubevirt", "archive")).describe(
    "kubevirt for a disk, archive for files",
  ),
  finalCheckpoint: optional(z.boolean()).describe("Whether the present checkpoint is the last"),
  preallocation: optional(z.boolean()).describe("Allocate all storage in advance"),
  priorityClassName: optional(z.string()).describe("Priority of the importing pod"),
  pvc: optional(PersistentVolumeClaimSpec).describe("The claim, exactly as it shall be"),
  source: optional(CdiDataVolumeSource).describe("Where the content comes from"),
  sourceRef: optional(DataVolumeSourceRef).describe(
    "DataSource that says where the content comes from",
  ),
  storage: optional(StorageSpec).describe(
    "The claim; what is left open comes from the storage class's profile",
  ),
});
export type DataVolumeSpec = z.infer<typeof DataVolumeSpec>;

/** Always empty: kept for old clients. */
export const DataVolumeTemplateDummyStatus = z.object({});
export type DataVolumeTemplateDummyStatus = z.infer<typeof DataVolumeTemplateDummyStatus>;

/** A DataVolume that is made with, and owned by, a VM. */
export const DataVolumeTemplateSpec = z.object({
  apiVersion: optional(z.string()),
  kind: optional(z.string()),
  metadata: optional(TemplateMeta.nullable()).describe(
    "Name, labels and annotations of the DataVolume",
  ),
  spec: DataVolumeSpec.describe("What the DataVolume shall be"),
  status: optional(DataVolumeTemplateDummyStatus.nullable()).describe(
    "Always empty: kept for old clients",
  ),
});
export type DataVolumeTemplateSpec = z.infer<typeof DataVolumeTemplateSpec>;
