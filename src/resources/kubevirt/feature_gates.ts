/**
 * Feature gates. Always on when generally available; else on when listed as enabled; else off when listed as disabled; else
 * on when Beta and off when Alpha. Names that nobody knows are off, and are no error.
 */

const GENERALLY_AVAILABLE: ReadonlySet<string> = new Set([
  "LiveMigration",
  "SRIOVLiveMigration",
  "NonRoot",
  "PSA",
  "CPUNodeDiscovery",
  "NUMA",
  "GPU",
  "CommonInstancetypesDeployment",
  "HotplugNICs",
  "BochsDisplayForEFIGuests",
  "VMLiveUpdateFeatures",
  "NetworkBindingPlugins",
  "DynamicPodInterfaceNaming",
  "VolumesUpdateStrategy",
  "VolumeMigration",
  "DisableCustomSELinuxPolicy",
  "AutoResourceLimits",
  "ClusterProfiler",
  "VMPersistentState",
  "VMExport",
  "PersistentReservation",
  "InstancetypeReferencePolicy",
  "EnableVirtioFsConfigVolumes",
  "ExpandDisks",
  "PanicDevices",
  "LiveUpdateNADRef",
  "VideoConfig",
  "SecureExecution",
  "MigrationPriorityQueue",
  "VmiMemoryOverheadReport",
  "LibvirtHooksServerAndClient",
]);

const BETA: ReadonlySet<string> = new Set([
  "ImageVolume",
  "Snapshot",
  "WorkloadEncryptionSEV",
  "KubevirtSeccompProfile",
  "NodeRestriction",
  "GPUsWithDRA",
  "HostDevicesWithDRA",
  "DecentralizedLiveMigration",
  "DeclarativeHotplugVolumes",
  "PasstBinding",
  "PodSecondaryInterfaceNamingUpgrade",
  "ExternalNetResourceInjection",
  "RebootPolicy",
  "Template",
  "OptOutRoleAggregation",
]);

/** Off unless listed. */
const ALPHA: ReadonlySet<string> = new Set([
  "CPUManager",
  "ExperimentalIgnitionSupport",
  "HypervStrictCheck",
  "Sidecar",
  "HostDevices",
  "HostDisk",
  "DownwardMetrics",
  "Root",
  "WorkloadEncryptionTDX",
  "VSOCK",
  "AlignCPUs",
  "EnableVirtioFsStorageVolumes",
  "PCINUMAAwareTopology",
  "NetworkDevicesWithDRA",
  "ObjectGraph",
  "UtilityVolumes",
  "ConfigurableHypervisor",
  "IncrementalBackup",
  "ContainerPathVolumes",
  "ReservedOverheadMemlock",
  "VGPULiveMigration",
  "VMStatsCollector",
  "OCIExport",
  "Plugins",
  "GraceIOVirtualization",
  "IOMMUFD",
  "FirmwareAutoSelection",
  "MigrationStallDetection",
  "MigrationDowntimeTuning",
  "CrossArchitectureVirtualization",
  "PortRangesSpec",
]);

export interface FeatureGateLists {
  /** `developerConfiguration.featureGates` */
  enabled: readonly string[];
  /** `developerConfiguration.disabledFeatureGates` */
  disabled: readonly string[];
}

/** All gates that are on. */
export function enabledFeatureGates({ enabled, disabled }: FeatureGateLists): string[] {
  const byDefault = [...BETA].filter((gate) => !disabled.includes(gate));
  return [...new Set([...GENERALLY_AVAILABLE, ...enabled, ...byDefault])];
}

export function isFeatureGateEnabled(gate: string, lists: FeatureGateLists): boolean {
  if (GENERALLY_AVAILABLE.has(gate)) return true;
  if (lists.enabled.includes(gate)) return true;
  return !lists.disabled.includes(gate) && BETA.has(gate);
}

export function isKnownFeatureGate(gate: string): boolean {
  return GENERALLY_AVAILABLE.has(gate) || BETA.has(gate) || ALPHA.has(gate);
}
