/** What a guest's disks and file systems hold. */
import * as z from "zod";
import { CloudInitConfigDriveSource, CloudInitNoCloudSource, SysprepSource } from "./cloud_init.ts";
import { DownwardAPIVolumeFile } from "./k8s_reference.ts";
import { CorePersistentVolumeClaimVolumeSource } from "./k8s_storage.ts";
import { Quantity } from "./quantity_schema.ts";
import { optional } from "./structural.ts";

/** The files of a ConfigMap. */
export const ConfigMapVolumeSource = z.object({
  name: optional(z.string().meta({ default: "" })).describe("Name of the ConfigMap"),
  optional: optional(z.boolean()).describe("Go on without it"),
  volumeLabel: optional(z.string()).describe("Label of the disk"),
}).meta({ "x-kubernetes-map-type": "atomic" });
export type ConfigMapVolumeSource = z.infer<typeof ConfigMapVolumeSource>;

/** A disk image inside a container image. Changes are lost when the guest ends. */
export const ContainerDiskSource = z.object({
  image: z.string().describe("Reference of the image"),
  imagePullPolicy: optional(z.string()).describe(
    "Always, IfNotPresent or Never. Default: Always for :latest or no tag, else IfNotPresent",
  ),
  imagePullSecret: optional(z.string()).describe("Secret with credentials for the registry"),
  path: optional(z.string()).describe(
    "Path of the disk inside the image. Default: the one file below /disk",
  ),
});
export type ContainerDiskSource = z.infer<typeof ContainerDiskSource>;

/** A path of the launcher's container. */
export const ContainerPathVolumeSource = z.object({
  path: z.string().max(4096).meta({
    "x-kubernetes-validations": [
      { rule: "self.startsWith('/')", message: "must start with '/'" },
      { rule: "!self.contains('..')", message: "must not contain '..'" },
    ],
  }).describe("Absolute path"),
  readOnly: optional(z.boolean()).meta({
    default: true,
    "x-kubernetes-validations": [{ rule: "self == true", message: "must be true" }],
  }).describe("Must be true"),
});
export type ContainerPathVolumeSource = z.infer<typeof ContainerPathVolumeSource>;

/** The claim of a DataVolume. */
export const DataVolumeSource = z.object({
  name: z.string().describe("Name of the DataVolume, and of its claim"),
  hotpluggable: optional(z.boolean()).describe("Can be unplugged while the guest runs"),
});
export type DataVolumeSource = z.infer<typeof DataVolumeSource>;

/** Files that hold fields of the launcher pod. */
export const DownwardAPIVolumeSource = z.object({
  fields: optional(z.array(DownwardAPIVolumeFile)).describe("The files"),
  volumeLabel: optional(z.string()).describe("Label of the disk"),
});
export type DownwardAPIVolumeSource = z.infer<typeof DownwardAPIVolumeSource>;

/** A disk that tells the guest metrics of its node. */
export const DownwardMetricsVolumeSource = z.object({});
export type DownwardMetricsVolumeSource = z.infer<typeof DownwardMetricsVolumeSource>;

/** An empty disk that lives as long as the guest. */
export const EmptyDiskSource = z.object({
  capacity: Quantity.describe("Size of the disk"),
});
export type EmptyDiskSource = z.infer<typeof EmptyDiskSource>;

/** A claim, read only, with changes that are lost when the guest ends. */
export const EphemeralVolumeSource = z.object({
  persistentVolumeClaim: optional(CorePersistentVolumeClaimVolumeSource).describe(
    "The claim below",
  ),
});
export type EphemeralVolumeSource = z.infer<typeof EphemeralVolumeSource>;

/** A disk image in a directory of the node. */
export const HostDisk = z.object({
  type: z.string().describe("Disk: must exist. DiskOrCreate: is created when missing"),
  capacity: optional(Quantity).describe("Size of a disk that is created"),
  path: z.string().describe("Path of the image on the node"),
  shared: optional(z.boolean()).describe("Whether the path is shared between nodes"),
});
export type HostDisk = z.infer<typeof HostDisk>;

/** A claim that takes a dump of the guest's memory. */
export const MemoryDumpVolumeSource = z.object({
  claimName: z.string().describe("Claim of the same namespace"),
  hotpluggable: optional(z.boolean()).describe("Can be unplugged while the guest runs"),
  readOnly: optional(z.boolean()).describe("Default: false"),
});
export type MemoryDumpVolumeSource = z.infer<typeof MemoryDumpVolumeSource>;

/** A claim of the same namespace. */
export const PersistentVolumeClaimVolumeSource = z.object({
  claimName: z.string().describe("Claim of the same namespace"),
  hotpluggable: optional(z.boolean()).describe("Can be unplugged while the guest runs"),
  readOnly: optional(z.boolean()).describe("Default: false"),
});
export type PersistentVolumeClaimVolumeSource = z.infer<typeof PersistentVolumeClaimVolumeSource>;

/** The files of a Secret. */
export const SecretVolumeSource = z.object({
  optional: optional(z.boolean()).describe("Go on without it"),
  secretName: optional(z.string()).describe("Name of the Secret"),
  volumeLabel: optional(z.string()).describe("Label of the disk"),
});
export type SecretVolumeSource = z.infer<typeof SecretVolumeSource>;

/** The token of a service account. */
export const ServiceAccountVolumeSource = z.object({
  serviceAccountName: optional(z.string()).describe("Name of the service account"),
});
export type ServiceAccountVolumeSource = z.infer<typeof ServiceAccountVolumeSource>;

/** What the disk or file system of the same name holds; exactly one source. */
export const Volume = z.object({
  name: z.string().describe("Name of the volume and its disk"),
  cloudInitConfigDrive: optional(CloudInitConfigDriveSource).describe(
    "cloud-init data of the ConfigDrive kind",
  ),
  cloudInitNoCloud: optional(CloudInitNoCloudSource).describe(
    "cloud-init data of the NoCloud kind",
  ),
  configMap: optional(ConfigMapVolumeSource).describe("The files of a ConfigMap"),
  containerDisk: optional(ContainerDiskSource).describe(
    "A disk image inside a container image; changes are lost when the guest ends",
  ),
  containerPath: optional(ContainerPathVolumeSource).describe("A path of the launcher's container"),
  dataVolume: optional(DataVolumeSource).describe("The claim of a DataVolume"),
  downwardAPI: optional(DownwardAPIVolumeSource).describe(
    "Files that hold fields of the launcher pod",
  ),
  downwardMetrics: optional(DownwardMetricsVolumeSource).describe(
    "A disk that tells the guest metrics of its node",
  ),
  emptyDisk: optional(EmptyDiskSource).describe("An empty disk that lives as long as the guest"),
  ephemeral: optional(EphemeralVolumeSource).describe(
    "A claim, read only, with changes that are lost when the guest ends",
  ),
  hostDisk: optional(HostDisk).describe("A disk image in a directory of the node"),
  memoryDump: optional(MemoryDumpVolumeSource).describe(
    "A claim that takes a dump of the guest's memory",
  ),
  persistentVolumeClaim: optional(PersistentVolumeClaimVolumeSource).describe("A claim"),
  secret: optional(SecretVolumeSource).describe("The files of a Secret"),
  serviceAccount: optional(ServiceAccountVolumeSource).describe("The token of a service account"),
  sysprep: optional(SysprepSource).describe("Answers for the set-up of Windows"),
});
export type Volume = z.infer<typeof Volume>;

/** A claim that is mounted beside the guest without being one of its disks. */
export const UtilityVolume = z.object({
  name: z.string().describe("Name of the volume"),
  type: optional(z.string()).describe("What it is for"),
  claimName: z.string().describe("Claim of the same namespace"),
  readOnly: optional(z.boolean()).describe("Default: false"),
});
export type UtilityVolume = z.infer<typeof UtilityVolume>;
