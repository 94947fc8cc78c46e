/** Configuration of the whole installation. */
import * as z from "zod";
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
import { Quantity } from "./quantity_schema.ts";
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
  memoryLimit: Quantity.describe("Memory for the inspection. Default: 2000Mi"),
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
  clusterProfiler: optional(z.boolean()).describe("Allow profiles of the controllers to be taken"),
  cpuAllocationRatio: optional(int()).describe(
    "How many virtual CPUs share a physical one. Default: 10",
  ),
  disabledFeatureGates: optional(atomicList(z.string())).describe(
    "Feature gates that are off though they are on by default",
  ),
  diskVerification: optional(DiskVerification).describe("Limits on the inspection of images"),
  featureGates: optional(atomicList(z.string())).describe(
    "Feature gates that are on though they are off by default",
  ),
  logVerbosity: optional(LogVerbosity).describe("How much the parts log"),
  memoryOvercommit: optional(int({ minimum: 10 })).describe(
    "Percentage of its memory request that a guest sees. Default: 100",
  ),
  minimumClusterTSCFrequency: optional(int64()).describe(
    "The lowest timestamp counter frequency, in hertz, rather than what is found",
  ),
  minimumReservePVCBytes: optional(int64()).describe(
    "Bytes to leave free on claims. Default: 131072",
  ),
  nodeSelectors: optional(stringMap()).describe("Labels that a node must have to run guests"),
  pvcTolerateLessSpaceUpToPercent: optional(int()).describe(
    "How much smaller than asked for a claim may be. Default: 10",
  ),
  useEmulation: optional(z.boolean()).describe("Run guests without KVM where there is none"),
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
  enforced: optional(z.boolean().meta({ default: false })),
  qgsSocketPath: optional(z.string().meta({ default: "/var/run/tdx-qgs/qgs.socket" })),
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
  name: optional(openEnum("kvm", "hyperv-direct")).describe("kvm or hyperv-direct"),
});
export type HypervisorConfiguration = z.infer<typeof HypervisorConfiguration>;

/** Nodes whose kernel merges equal pages. */
export const KSMConfiguration = z.object({
  nodeLabelSelector: optional(LabelSelector).describe("Which nodes; empty: all"),
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
  localhostProfile: optional(z.string()).describe("A file on the node"),
  runtimeDefaultProfile: optional(z.boolean()).describe("The runtime's own"),
});
export type CustomProfile = z.infer<typeof CustomProfile>;

/** Seccomp profile of launcher pods. */
export const VirtualMachineInstanceProfile = z.object({
  customProfile: optional(CustomProfile).describe("This profile"),
});
export type VirtualMachineInstanceProfile = z.infer<typeof VirtualMachineInstanceProfile>;

/** Seccomp profiles. */
export const SeccompConfiguration = z.object({
  virtualMachineInstanceProfile: optional(VirtualMachineInstanceProfile).describe(
    "Profile of launcher pods",
  ),
});
export type SeccompConfiguration = z.infer<typeof SeccompConfiguration>;

/** What one kind of helper container needs. */
export const SupportContainerResources = z.object({
  type: z.string().describe("Kind of helper container"),
  resources: ResourceRequirementsWithoutClaims.describe("What it needs"),
});
export type SupportContainerResources = z.infer<typeof SupportContainerResources>;

/** TLS of the installation's servers. */
export const TLSConfiguration = z.object({
  ciphers: optional(setList(z.string())).describe("Cipher suites, below TLS 1.3 only"),
  minTLSVersion: optional(openEnum("VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"))
    .describe("Oldest version that is spoken"),
});
export type TLSConfiguration = z.infer<typeof TLSConfiguration>;

/** Configuration of the whole installation. */
export const KubeVirtConfiguration = z.object({
  additionalGuestMemoryOverheadRatio: optional(z.string()).describe(
    "Factor on the memory reserved beyond the guest's own",
  ),
  apiConfiguration: optional(ReloadableComponentConfiguration).describe(
    "Client settings of the API server",
  ),
  architectureConfiguration: optional(ArchConfiguration).describe("Machines by architecture"),
  autoCPULimitNamespaceLabelSelector: optional(LabelSelector).describe(
    "Namespaces whose guests get a CPU limit",
  ),
  changedBlockTrackingLabelSelectors: optional(ChangedBlockTrackingSelectors.nullable()).describe(
    "VMs whose changes are tracked for incremental backups",
  ),
  commonInstancetypesDeployment: optional(CommonInstancetypesDeployment.nullable()).describe(
    "Whether the common instancetypes are installed",
  ),
  confidentialCompute: optional(ConfidentialComputeConfiguration.nullable()).describe(
    "Encrypted guests",
  ),
  controllerConfiguration: optional(ReloadableComponentConfiguration).describe(
    "Client settings of the controllers",
  ),
  cpuModel: optional(z.string()).describe("CPU model of guests that name none"),
  cpuRequest: optional(Quantity).describe(
    "CPU request of guests that make none. Default: 100m for each virtual CPU",
  ),
  defaultRuntimeClass: optional(z.string()).describe("Runtime class of launcher pods"),
  developerConfiguration: optional(DeveloperConfiguration).describe(
    "Feature gates and knobs for development",
  ),
  emulatedMachines: optional(z.array(z.string())).describe("Use architectureConfiguration instead"),
  evictionStrategy: optional(z.string()).describe("Eviction strategy of guests that name none"),
  handlerConfiguration: optional(ReloadableComponentConfiguration).describe(
    "Client settings of the node agents",
  ),
  hypervisors: optional(atomicList(HypervisorConfiguration).max(1)).describe(
    "Hypervisors that guests run on",
  ),
  imagePullPolicy: optional(z.string()).describe("Pull policy of guests' helper containers"),
  instancetype: optional(InstancetypeConfiguration.nullable()).describe(
    "How VMs refer to instancetypes",
  ),
  ksmConfiguration: optional(KSMConfiguration).describe("Nodes whose kernel merges equal pages"),
  liveUpdateConfiguration: optional(LiveUpdateConfiguration).describe(
    "How far guests can grow while they run",
  ),
  machineType: optional(z.string()).describe("Use architectureConfiguration instead"),
  mediatedDevicesConfiguration: optional(MediatedDevicesConfiguration).describe(
    "Mediated devices to make on nodes",
  ),
  memBalloonStatsPeriod: optional(int32()).describe(
    "Seconds between memory statistics. Default: 10",
  ),
  migrations: optional(MigrationConfiguration).describe("How guests are migrated"),
  minCPUModel: optional(z.string()).describe("Not used any more"),
  network: optional(NetworkConfiguration).describe("Networking of guests"),
  obsoleteCPUModels: optional(z.record(z.string(), z.boolean())).describe(
    "CPU models that nodes do not advertise",
  ),
  ovmfPath: optional(z.string()).describe("Use architectureConfiguration instead"),
  permittedHostDevices: optional(PermittedHostDevices).describe(
    "Devices of nodes that guests may get",
  ),
  persistentReservationConfiguration: optional(PersistentReservationConfiguration.nullable())
    .describe("Whether SCSI persistent reservations are served"),
  roleAggregationStrategy: optional(openEnum("AggregateToDefault", "Manual")).describe(
    "AggregateToDefault adds our roles to view, edit and admin; Manual does not",
  ),
  seccompConfiguration: optional(SeccompConfiguration).describe("Seccomp profiles"),
  selinuxLauncherType: optional(z.string()).describe("SELinux type of launcher pods"),
  smbios: optional(SMBiosConfiguration).describe("What guests' firmware says of the machine"),
  supportContainerResources: optional(mapList(SupportContainerResources, "type")).describe(
    "What helper containers need, by kind",
  ),
  supportedGuestAgentVersions: optional(z.array(z.string())).describe("Not used any more"),
  tlsConfiguration: optional(TLSConfiguration).describe("TLS of the installation's servers"),
  virtTemplateDeployment: optional(VirtTemplateDeployment.nullable()).describe(
    "Whether the template controller is installed",
  ),
  virtualMachineInstancesPerNode: optional(int()).describe("The most guests that a node runs"),
  virtualMachineOptions: optional(VirtualMachineOptions).describe("Options of all guests"),
  vmRolloutStrategy: optional(openEnum("Stage", "LiveUpdate").nullable()).describe(
    "How changes of VMs reach running guests: LiveUpdate where possible, or Stage until the next start",
  ),
  vmStateStorageClass: optional(z.string()).describe("Storage class for the state of TPM and UEFI"),
  webhookConfiguration: optional(ReloadableComponentConfiguration).describe(
    "Client settings of the webhooks",
  ),
});
export type KubeVirtConfiguration = z.infer<typeof KubeVirtConfiguration>;
