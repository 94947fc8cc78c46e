/**
 * Condition types and their reasons. Conditions are read by controllers, `kubectl wait` and dashboards, so their spelling is
 * part of the API.
 */

/** `status` of every condition. */
export const ConditionStatus = {
  True: "True",
  False: "False",
  Unknown: "Unknown",
} as const;
export type ConditionStatus = (typeof ConditionStatus)[keyof typeof ConditionStatus];

// ---- VirtualMachineInstance -------------------------------------------------------------------------------------------

/** Types of a VirtualMachineInstance's conditions. */
export const VirtualMachineInstanceConditionType = {
  /** The guest runs, is not paused, and its pod is ready. */
  Ready: "Ready",
  /** False while something asked for cannot be done; absent when all is well. */
  Synchronized: "Synchronized",
  /** Present while the guest is paused. */
  Paused: "Paused",
  /** Present while the guest agent answers. */
  AgentConnected: "AgentConnected",
  /** Present when the guest agent is too old. */
  AgentVersionNotSupported: "AgentVersionNotSupported",
  AccessCredentialsSynchronized: "AccessCredentialsSynchronized",
  LiveMigratable: "LiveMigratable",
  StorageLiveMigratable: "StorageLiveMigratable",
  MigrationRequired: "MigrationRequired",
  HotVCPUChange: "HotVCPUChange",
  HotMemoryChange: "HotMemoryChange",
  VolumesChange: "VolumesChange",
  DataVolumesReady: "DataVolumesReady",
  /** Present while storage is being bound for the first consumer. */
  Provisioning: "Provisioning",
  /** Present while the VMI is asked to leave its node. */
  EvictionRequested: "EvictionRequested",
  DecentralizedLiveMigrationFailure: "DecentralizedLiveMigrationFailure",
  /** Present when the guest runs without hardware virtualisation. */
  SoftwareEmulation: "SoftwareEmulation",
  /** Copied from the pod: why it is not scheduled. */
  PodScheduled: "PodScheduled",
} as const;
export type VirtualMachineInstanceConditionType =
  (typeof VirtualMachineInstanceConditionType)[keyof typeof VirtualMachineInstanceConditionType];

/** Reasons of condition Ready of a VirtualMachineInstance when it does not mirror its pod. */
export const VirtualMachineInstanceReadyReason = {
  PodNotExists: "PodNotExists",
  PodTerminating: "PodTerminating",
  GuestNotRunning: "GuestNotRunning",
  /** The process that runs the guest does not answer. */
  GuestUnresponsive: "GuestUnresponsive",
  PodConditionMissing: "PodConditionMissing",
} as const;
export type VirtualMachineInstanceReadyReason =
  (typeof VirtualMachineInstanceReadyReason)[keyof typeof VirtualMachineInstanceReadyReason];

/** Reasons of condition Synchronized=False of a VirtualMachineInstance. */
export const SynchronizedReason = {
  FailedCreate: "FailedCreate",
  FailedDelete: "FailedDelete",
  FailedPvcNotFound: "FailedPvcNotFound",
  ErrImagePull: "ErrImagePull",
  ImagePullBackOff: "ImagePullBackOff",
  FailedGuaranteeResources: "FailedGuaranteeResources",
  FailedHotplugSync: "FailedHotplugSync",
  FailedBackendStorageCreate: "FailedBackendStorageCreate",
  FailedBackendStorageProbe: "FailedBackendStorageProbe",
  PvcNotReady: "PVCNotReady",
  /** The image of a volume lost a part while the guest used it. */
  VolumeTruncated: "VolumeTruncated",
  /** The node agent could not make the domain what the spec asks for. */
  SynchronizingWithDomainFailed: "Synchronizing with the Domain failed.",
} as const;
export type SynchronizedReason = (typeof SynchronizedReason)[keyof typeof SynchronizedReason];

/** Reasons of condition Paused=True. */
export const PausedReason = {
  PausedByUser: "PausedByUser",
  PausedIOError: "PausedIOError",
  PausedByMigrationMonitor: "PausedByMigrationMonitor",
} as const;
export type PausedReason = (typeof PausedReason)[keyof typeof PausedReason];

/** Reasons of condition LiveMigratable=False, and of StorageLiveMigratable=False. */
export const NotLiveMigratableReason = {
  Disks: "DisksNotLiveMigratable",
  Interface: "InterfaceNotLiveMigratable",
  Hotplug: "HotplugNotLiveMigratable",
  VirtIOFS: "VirtIOFSNotLiveMigratable",
  HostDevice: "HostDeviceNotLiveMigratable",
  SEV: "SEVNotLiveMigratable",
  TDX: "TDXNotLiveMigratable",
  SecureExecution: "SecureExecutionNotLiveMigratable",
  HypervPassthrough: "HypervPassthroughNotLiveMigratable",
  PersistentReservation: "PersistentReservationNotLiveMigratable",
  NoTSCFrequency: "NoTSCFrequencyNotLiveMigratable",
  /** Without "Not", as upstream spells it. */
  CPUMode: "CPUModeLiveMigratable",
  Decentralized: "DecentralizedNotLiveMigratable",
} as const;
export type NotLiveMigratableReason =
  (typeof NotLiveMigratableReason)[keyof typeof NotLiveMigratableReason];

/** Reasons of condition MigrationRequired. */
export const MigrationRequiredReason = {
  AutoMigrationDueToLiveUpdate: "AutoMigrationDueToLiveUpdate",
  AutoMigrationPending: "AutoMigrationPending",
} as const;
export type MigrationRequiredReason =
  (typeof MigrationRequiredReason)[keyof typeof MigrationRequiredReason];

/** Reasons of condition DataVolumesReady. */
export const DataVolumesReadyReason = {
  NotAllReady: "NotAllDVsReady",
  AllReady: "AllDVsReady",
} as const;
export type DataVolumesReadyReason =
  (typeof DataVolumesReadyReason)[keyof typeof DataVolumesReadyReason];

/** `status.reason` of a VMI that failed because its node was lost. */
export const NODE_UNRESPONSIVE_REASON = "NodeUnresponsive";

/** Reason of a pod's condition PodScheduled=False when no node fits. */
export const POD_UNSCHEDULABLE_REASON = "Unschedulable";

// ---- VirtualMachine ---------------------------------------------------------------------------------------------------

/** Types of a VirtualMachine's own conditions; all others are copied from its VMI one to one. */
export const VirtualMachineConditionType = {
  Ready: "Ready",
  /** True when the controller could not do what the spec asks for; removed on success. */
  Failure: "Failure",
  /** True when the template has changes that the running guest does not get. */
  RestartRequired: "RestartRequired",
  /** True after a failed storage migration; blocks a start. */
  ManualRecoveryRequired: "ManualRecoveryRequired",
} as const;
export type VirtualMachineConditionType =
  (typeof VirtualMachineConditionType)[keyof typeof VirtualMachineConditionType];

/** Reasons of condition Ready=False of a VirtualMachine when it does not mirror its VMI. */
export const VirtualMachineReadyReason = {
  /** With message {@link VMI_NOT_EXISTS_MESSAGE}. */
  VMINotExists: "VMINotExists",
  VMIConditionMissing: "VMIConditionMissing",
} as const;
export type VirtualMachineReadyReason =
  (typeof VirtualMachineReadyReason)[keyof typeof VirtualMachineReadyReason];

/** Message of Ready=False while there is no VMI. */
export const VMI_NOT_EXISTS_MESSAGE = "VMI does not exist";

/** Reasons of condition Failure of a VirtualMachine. */
export const VirtualMachineFailureReason = {
  FailedCreate: "FailedCreate",
  FailedDelete: "FailedDelete",
  HotPlugVolumeError: "HotPlugVolumeError",
  HotPlugCPUError: "HotPlugCPUError",
  FailedUpdateError: "FailedUpdateError",
  AffinityChangeError: "AffinityChangeError",
  HotPlugMemoryError: "HotPlugMemoryError",
  VolumesUpdateError: "VolumesUpdateError",
  TolerationsChangeError: "TolerationsChangeError",
  AnnotationsLabelsChangeError: "AnnotationsLabelsChangeError",
  FirmwareUUIDError: "FirmwareUUIDError",
  FailedFindInstancetype: "FailedFindInstancetype",
  FailedFindPreference: "FailedFindPreference",
} as const;
export type VirtualMachineFailureReason =
  (typeof VirtualMachineFailureReason)[keyof typeof VirtualMachineFailureReason];

// ---- KubeVirt ---------------------------------------------------------------------------------------------------------

/** Types of the KubeVirt object's conditions; `kubectl wait kubevirt --for condition=Available` is the usual install check. */
export const KubeVirtConditionType = {
  Created: "Created",
  Available: "Available",
  Progressing: "Progressing",
  Degraded: "Degraded",
  /** False when the installation cannot be made what the spec asks for. */
  Synchronized: "Synchronized",
} as const;
export type KubeVirtConditionType =
  (typeof KubeVirtConditionType)[keyof typeof KubeVirtConditionType];

/** Reasons of the KubeVirt object's conditions. */
export const KubeVirtConditionReason = {
  AllResourcesCreated: "AllResourcesCreated",
  AllComponentsReady: "AllComponentsReady",
  DeploymentInProgress: "DeploymentInProgress",
  UpdateInProgress: "UpdateInProgress",
  DeploymentFailed: "DeploymentFailed",
  DeletionInProgress: "DeletionInProgress",
  DeletionFailed: "DeletionFailed",
  /** With Synchronized=False: a second KubeVirt object. */
  ExistingDeployment: "ExistingDeployment",
} as const;
export type KubeVirtConditionReason =
  (typeof KubeVirtConditionReason)[keyof typeof KubeVirtConditionReason];

/** Message of Available=True, Progressing=False and Degraded=False when reason is AllComponentsReady. */
export const ALL_COMPONENTS_READY_MESSAGE = "All components are ready.";
