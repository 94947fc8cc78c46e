/** Configuration of the whole installation. */
import { z } from "zod";
import { LabelSelector } from "./k8s_meta.ts";
import { ReloadableComponentConfiguration } from "./kubevirt_components.ts";
import { MediatedDevicesConfiguration, PermittedHostDevices } from "./kubevirt_devices.ts";
import {
  ArchConfiguration,
  InstancetypeConfiguration,
  LiveUpdateConfiguration,
  NetworkConfiguration,
  SMBiosConfiguration,
  VirtualMachineOptions,
} from "./kubevirt_guest_defaults.ts";
import { MigrationConfiguration } from "./migration_configuration.ts";
import { Quantity } from "./quantity.ts";
import { ResourceRequirementsWithoutClaims } from "./resources.ts";
import {
  atomicList,
  int,
  int32,
  int64,
  mapList,
  openEnum,
  optional,
  setList,
  stringMap,
} from "./structural.ts";

/** Limits on the inspection of images. */
export const DiskVerification = z.object({
  memoryLimit: Quantity,
});
export type DiskVerification = z.infer<typeof DiskVerification>;

/** How much the parts log: 0 to 9. */
export const LogVerbosity = z.object({
  nodeVerbosity: optional(z.record(z.string(), int())),
  virtAPI: optional(int()),
  virtController: optional(int()),
  virtHandler: optional(int()),
  virtLauncher: optional(int()),
  virtOperator: optional(int()),
  virtSynchronizationController: optional(int()),
});
export type LogVerbosity = z.infer<typeof LogVerbosity>;

/** Feature gates and knobs for development. */
export const DeveloperConfiguration = z.object({
  clusterProfiler: optional(z.boolean()),
  cpuAllocationRatio: optional(int()),
  disabledFeatureGates: optional(atomicList(z.string())),
  diskVerification: optional(DiskVerification),
  featureGates: optional(atomicList(z.string())),
  logVerbosity: optional(LogVerbosity),
  memoryOvercommit: optional(int({ minimum: 10 })),
  minimumClusterTSCFrequency: optional(int64()),
  minimumReservePVCBytes: optional(int64()),
  nodeSelectors: optional(stringMap()),
  pvcTolerateLessSpaceUpToPercent: optional(int()),
  useEmulation: optional(z.boolean()),
});
export type DeveloperConfiguration = z.infer<typeof DeveloperConfiguration>;

/** Whether the common instancetypes are installed. */
export const CommonInstancetypesDeployment = z.object({
  enabled: optional(z.boolean().nullable()),
});
export type CommonInstancetypesDeployment = z.infer<typeof CommonInstancetypesDeployment>;

/** Whether the template controller is installed. */
export const VirtTemplateDeployment = z.object({
  enabled: optional(z.boolean().nullable()),
});
export type VirtTemplateDeployment = z.infer<typeof VirtTemplateDeployment>;

/** The quote service of Intel TDX. */
export const TDXAttestationConfiguration = z.object({
  enforced: optional(z.boolean().meta({ "default": false })),
  qgsSocketPath: optional(z.string().meta({ "default": "/var/run/tdx-qgs/qgs.socket" })),
});
export type TDXAttestationConfiguration = z.infer<typeof TDXAttestationConfiguration>;

/** Intel TDX. */
export const TDXConfiguration = z.object({
  attestation: optional(TDXAttestationConfiguration),
});
export type TDXConfiguration = z.infer<typeof TDXConfiguration>;

/** Encrypted guests. */
export const ConfidentialComputeConfiguration = z.object({
  tdx: optional(TDXConfiguration.nullable()),
});
export type ConfidentialComputeConfiguration = z.infer<typeof ConfidentialComputeConfiguration>;

/** A hypervisor that guests run on. */
export const HypervisorConfiguration = z.object({
  name: optional(openEnum("kvm", "hyperv-direct")),
});
export type HypervisorConfiguration = z.infer<typeof HypervisorConfiguration>;

/** Nodes whose kernel merges equal pages. */
export const KSMConfiguration = z.object({
  nodeLabelSelector: optional(LabelSelector),
});
export type KSMConfiguration = z.infer<typeof KSMConfiguration>;

/** VMs whose changes are tracked for incremental backups. */
export const ChangedBlockTrackingSelectors = z.object({
  namespaceLabelSelector: optional(LabelSelector),
  virtualMachineLabelSelector: optional(LabelSelector),
});
export type ChangedBlockTrackingSelectors = z.infer<typeof ChangedBlockTrackingSelectors>;

/** Whether SCSI persistent reservations are served. */
export const PersistentReservationConfiguration = z.object({
  enabled: optional(z.boolean().nullable()),
});
export type PersistentReservationConfiguration = z.infer<typeof PersistentReservationConfiguration>;

/** A seccomp profile. */
export const CustomProfile = z.object({
  localhostProfile: optional(z.string()),
  runtimeDefaultProfile: optional(z.boolean()),
});
export type CustomProfile = z.infer<typeof CustomProfile>;

/** Seccomp profile of launcher pods. */
export const VirtualMachineInstanceProfile = z.object({
  customProfile: optional(CustomProfile),
});
export type VirtualMachineInstanceProfile = z.infer<typeof VirtualMachineInstanceProfile>;

/** Seccomp profiles. */
export const SeccompConfiguration = z.object({
  virtualMachineInstanceProfile: optional(VirtualMachineInstanceProfile),
});
export type SeccompConfiguration = z.infer<typeof SeccompConfiguration>;

/** What one kind of helper container needs. */
export const SupportContainerResources = z.object({
  type: z.string(),
  resources: ResourceRequirementsWithoutClaims,
});
export type SupportContainerResources = z.infer<typeof SupportContainerResources>;

/** TLS of the installation's servers. */
export const TLSConfiguration = z.object({
  ciphers: optional(setList(z.string())),
  minTLSVersion: optional(openEnum("VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13")),
});
export type TLSConfiguration = z.infer<typeof TLSConfiguration>;

/** Configuration of the whole installation. */
export const KubeVirtConfiguration = z.object({
  additionalGuestMemoryOverheadRatio: optional(z.string()),
  apiConfiguration: optional(ReloadableComponentConfiguration),
  architectureConfiguration: optional(ArchConfiguration),
  autoCPULimitNamespaceLabelSelector: optional(LabelSelector),
  changedBlockTrackingLabelSelectors: optional(ChangedBlockTrackingSelectors.nullable()),
  commonInstancetypesDeployment: optional(CommonInstancetypesDeployment.nullable()),
  confidentialCompute: optional(ConfidentialComputeConfiguration.nullable()),
  controllerConfiguration: optional(ReloadableComponentConfiguration),
  cpuModel: optional(z.string()),
  cpuRequest: optional(Quantity),
  defaultRuntimeClass: optional(z.string()),
  developerConfiguration: optional(DeveloperConfiguration),
  emulatedMachines: optional(z.array(z.string())),
  evictionStrategy: optional(z.string()),
  handlerConfiguration: optional(ReloadableComponentConfiguration),
  hypervisors: optional(atomicList(HypervisorConfiguration).max(1)),
  imagePullPolicy: optional(z.string()),
  instancetype: optional(InstancetypeConfiguration.nullable()),
  ksmConfiguration: optional(KSMConfiguration),
  liveUpdateConfiguration: optional(LiveUpdateConfiguration),
  machineType: optional(z.string()),
  mediatedDevicesConfiguration: optional(MediatedDevicesConfiguration),
  memBalloonStatsPeriod: optional(int32()),
  migrations: optional(MigrationConfiguration),
  minCPUModel: optional(z.string()),
  network: optional(NetworkConfiguration),
  obsoleteCPUModels: optional(z.record(z.string(), z.boolean())),
  ovmfPath: optional(z.string()),
  permittedHostDevices: optional(PermittedHostDevices),
  persistentReservationConfiguration: optional(PersistentReservationConfiguration.nullable()),
  roleAggregationStrategy: optional(openEnum("AggregateToDefault", "Manual")),
  seccompConfiguration: optional(SeccompConfiguration),
  selinuxLauncherType: optional(z.string()),
  smbios: optional(SMBiosConfiguration),
  supportContainerResources: optional(mapList(SupportContainerResources, "type")),
  supportedGuestAgentVersions: optional(z.array(z.string())),
  tlsConfiguration: optional(TLSConfiguration),
  virtTemplateDeployment: optional(VirtTemplateDeployment.nullable()),
  virtualMachineInstancesPerNode: optional(int()),
  virtualMachineOptions: optional(VirtualMachineOptions),
  vmRolloutStrategy: optional(openEnum("Stage", "LiveUpdate").nullable()),
  vmStateStorageClass: optional(z.string()),
  webhookConfiguration: optional(ReloadableComponentConfiguration),
});
export type KubeVirtConfiguration = z.infer<typeof KubeVirtConfiguration>;
