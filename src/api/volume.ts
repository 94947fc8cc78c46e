/** What a guest's disks and file systems hold. */
import { z } from "zod";
import { CloudInitConfigDriveSource, CloudInitNoCloudSource, SysprepSource } from "./cloud_init.ts";
import { DownwardAPIVolumeFile } from "./k8s_reference.ts";
import { CorePersistentVolumeClaimVolumeSource } from "./k8s_storage.ts";
import { Quantity } from "./quantity.ts";
import { optional } from "./structural.ts";

/** The files of a ConfigMap. */
export const ConfigMapVolumeSource = z.object({
  name: optional(z.string().meta({ "default": "" })),
  optional: optional(z.boolean()),
  volumeLabel: optional(z.string()),
}).meta({ "x-kubernetes-map-type": "atomic" });
export type ConfigMapVolumeSource = z.infer<typeof ConfigMapVolumeSource>;

/** A disk image inside a container image. Changes are lost when the guest ends. */
export const ContainerDiskSource = z.object({
  image: z.string(),
  imagePullPolicy: optional(z.string()),
  imagePullSecret: optional(z.string()),
  path: optional(z.string()),
});
export type ContainerDiskSource = z.infer<typeof ContainerDiskSource>;

/** A path of the launcher's container. */
export const ContainerPathVolumeSource = z.object({
  path: z.string().max(4096).meta({
    "x-kubernetes-validations": [{
      "message": "path must be absolute (start with '/')",
      "rule": "self.startsWith('/')",
    }, { "message": "path must not contain '..'", "rule": "!self.contains('..')" }],
  }),
  readOnly: optional(
    z.boolean().meta({
      "default": true,
      "x-kubernetes-validations": [{
        "message": "readOnly must be true, write access is not supported",
        "rule": "self == true",
      }],
    }),
  ),
});
export type ContainerPathVolumeSource = z.infer<typeof ContainerPathVolumeSource>;

/** The claim of a DataVolume. */
export const DataVolumeSource = z.object({
  name: z.string(),
  hotpluggable: optional(z.boolean()),
});
export type DataVolumeSource = z.infer<typeof DataVolumeSource>;

/** Files that hold fields of the launcher pod. */
export const DownwardAPIVolumeSource = z.object({
  fields: optional(z.array(DownwardAPIVolumeFile)),
  volumeLabel: optional(z.string()),
});
export type DownwardAPIVolumeSource = z.infer<typeof DownwardAPIVolumeSource>;

/** A disk that tells the guest metrics of its node. */
export const DownwardMetricsVolumeSource = z.object({});
export type DownwardMetricsVolumeSource = z.infer<typeof DownwardMetricsVolumeSource>;

/** An empty disk that lives as long as the guest. */
export const EmptyDiskSource = z.object({
  capacity: Quantity,
});
export type EmptyDiskSource = z.infer<typeof EmptyDiskSource>;

/** A claim, read only, with changes that are lost when the guest ends. */
export const EphemeralVolumeSource = z.object({
  persistentVolumeClaim: optional(CorePersistentVolumeClaimVolumeSource),
});
export type EphemeralVolumeSource = z.infer<typeof EphemeralVolumeSource>;

/** A disk image in a directory of the node. */
export const HostDisk = z.object({
  type: z.string(),
  capacity: optional(Quantity),
  path: z.string(),
  shared: optional(z.boolean()),
});
export type HostDisk = z.infer<typeof HostDisk>;

/** A claim that takes a dump of the guest's memory. */
export const MemoryDumpVolumeSource = z.object({
  claimName: z.string(),
  hotpluggable: optional(z.boolean()),
  readOnly: optional(z.boolean()),
});
export type MemoryDumpVolumeSource = z.infer<typeof MemoryDumpVolumeSource>;

/** A claim of the same namespace. */
export const PersistentVolumeClaimVolumeSource = z.object({
  claimName: z.string(),
  hotpluggable: optional(z.boolean()),
  readOnly: optional(z.boolean()),
});
export type PersistentVolumeClaimVolumeSource = z.infer<typeof PersistentVolumeClaimVolumeSource>;

/** The files of a Secret. */
export const SecretVolumeSource = z.object({
  optional: optional(z.boolean()),
  secretName: optional(z.string()),
  volumeLabel: optional(z.string()),
});
export type SecretVolumeSource = z.infer<typeof SecretVolumeSource>;

/** The token of a service account. */
export const ServiceAccountVolumeSource = z.object({
  serviceAccountName: optional(z.string()),
});
export type ServiceAccountVolumeSource = z.infer<typeof ServiceAccountVolumeSource>;

/** What the disk or file system of the same name holds; exactly one source. */
export const Volume = z.object({
  name: z.string(),
  cloudInitConfigDrive: optional(CloudInitConfigDriveSource),
  cloudInitNoCloud: optional(CloudInitNoCloudSource),
  configMap: optional(ConfigMapVolumeSource),
  containerDisk: optional(ContainerDiskSource),
  containerPath: optional(ContainerPathVolumeSource),
  dataVolume: optional(DataVolumeSource),
  downwardAPI: optional(DownwardAPIVolumeSource),
  downwardMetrics: optional(DownwardMetricsVolumeSource),
  emptyDisk: optional(EmptyDiskSource),
  ephemeral: optional(EphemeralVolumeSource),
  hostDisk: optional(HostDisk),
  memoryDump: optional(MemoryDumpVolumeSource),
  persistentVolumeClaim: optional(PersistentVolumeClaimVolumeSource),
  secret: optional(SecretVolumeSource),
  serviceAccount: optional(ServiceAccountVolumeSource),
  sysprep: optional(SysprepSource),
});
export type Volume = z.infer<typeof Volume>;

/** A claim that is mounted beside the guest without being one of its disks. */
export const UtilityVolume = z.object({
  name: z.string(),
  type: optional(z.string()),
  claimName: z.string(),
  readOnly: optional(z.boolean()),
});
export type UtilityVolume = z.infer<typeof UtilityVolume>;
