/**
 * The words of phases, statuses and strategies. The API fields that hold them are open strings, so that a value of tomorrow
 * is no parse error; these are the values that are written and compared with.
 */

/** `status.phase` of a VirtualMachineInstance. Succeeded and Failed are final. */
export const VirtualMachineInstancePhase = {
  /** Not yet seen by admission. */
  Unset: "",
  Pending: "Pending",
  Scheduling: "Scheduling",
  Scheduled: "Scheduled",
  Running: "Running",
  Succeeded: "Succeeded",
  Failed: "Failed",
  WaitingForSync: "WaitingForSync",
  Unknown: "Unknown",
} as const;
export type VirtualMachineInstancePhase =
  (typeof VirtualMachineInstancePhase)[keyof typeof VirtualMachineInstancePhase];

/** Whether a VMI of this phase has ended and will never run again. */
export function isFinalPhase(phase: string | undefined): boolean {
  return phase === VirtualMachineInstancePhase.Succeeded ||
    phase === VirtualMachineInstancePhase.Failed;
}

/** `status.phase` of a VirtualMachineInstanceMigration. Succeeded and Failed are final. */
export const MigrationPhase = {
  Unset: "",
  Pending: "Pending",
  Scheduling: "Scheduling",
  Scheduled: "Scheduled",
  PreparingTarget: "PreparingTarget",
  TargetReady: "TargetReady",
  Running: "Running",
  Succeeded: "Succeeded",
  Failed: "Failed",
} as const;
export type MigrationPhase = (typeof MigrationPhase)[keyof typeof MigrationPhase];

/** `status.printableStatus` of a VirtualMachine: the STATUS column. */
export const VirtualMachinePrintableStatus = {
  Stopped: "Stopped",
  Provisioning: "Provisioning",
  Starting: "Starting",
  Running: "Running",
  Paused: "Paused",
  Stopping: "Stopping",
  Terminating: "Terminating",
  CrashLoopBackOff: "CrashLoopBackOff",
  Migrating: "Migrating",
  Unknown: "Unknown",
  ErrorUnschedulable: "ErrorUnschedulable",
  ErrImagePull: "ErrImagePull",
  ImagePullBackOff: "ImagePullBackOff",
  ErrorPvcNotFound: "ErrorPvcNotFound",
  DataVolumeError: "DataVolumeError",
  WaitingForVolumeBinding: "WaitingForVolumeBinding",
  WaitingForReceiver: "WaitingForReceiver",
} as const;
export type VirtualMachinePrintableStatus =
  (typeof VirtualMachinePrintableStatus)[keyof typeof VirtualMachinePrintableStatus];

/** `spec.runStrategy` of a VirtualMachine. */
export const VirtualMachineRunStrategy = {
  /** Kept running: recreated after any stop or failure. */
  Always: "Always",
  /** Off. */
  Halted: "Halted",
  /** Only the start and stop calls act. */
  Manual: "Manual",
  /** Recreated after a failure, left alone after a clean shutdown. */
  RerunOnFailure: "RerunOnFailure",
  /** Started once, never again. */
  Once: "Once",
  /** Waits to receive a migration from another cluster. */
  WaitAsReceiver: "WaitAsReceiver",
} as const;
export type VirtualMachineRunStrategy =
  (typeof VirtualMachineRunStrategy)[keyof typeof VirtualMachineRunStrategy];

/** `action` of an entry of a VirtualMachine's `status.stateChangeRequests`. */
export const StateChangeRequestAction = {
  Start: "Start",
  Stop: "Stop",
} as const;
export type StateChangeRequestAction =
  (typeof StateChangeRequestAction)[keyof typeof StateChangeRequestAction];

/** Key and value in a Start request's `data` that start the guest paused. */
export const START_REQUEST_PAUSED_KEY = "paused";
/** Value of {@link START_REQUEST_PAUSED_KEY} that is acted on. */
export const START_REQUEST_PAUSED_TRUE = "true";

/** `spec.startStrategy` of a VirtualMachineInstance. */
export const StartStrategy = {
  Paused: "Paused",
} as const;
export type StartStrategy = (typeof StartStrategy)[keyof typeof StartStrategy];

/** `spec.evictionStrategy` of a VirtualMachineInstance. */
export const EvictionStrategy = {
  None: "None",
  LiveMigrate: "LiveMigrate",
  LiveMigrateIfPossible: "LiveMigrateIfPossible",
  External: "External",
} as const;
export type EvictionStrategy = (typeof EvictionStrategy)[keyof typeof EvictionStrategy];

/** `phase` of an entry of a VMI's `status.volumeStatus`. */
export const VolumePhase = {
  Pending: "Pending",
  Bound: "Bound",
  AttachedToNode: "AttachedToNode",
  MountedToPod: "MountedToPod",
  Ready: "Ready",
  Detaching: "Detaching",
  UnMountedFromPod: "UnMountedFromPod",
  MemoryDumpInProgress: "MemoryDumpInProgress",
  MemoryDumpCompleted: "MemoryDumpCompleted",
  MemoryDumpFailed: "MemoryDumpFailed",
} as const;
export type VolumePhase = (typeof VolumePhase)[keyof typeof VolumePhase];

/** `status.phase` of the KubeVirt object. */
export const KubeVirtPhase = {
  Deploying: "Deploying",
  Deployed: "Deployed",
  Deleting: "Deleting",
  Deleted: "Deleted",
} as const;
export type KubeVirtPhase = (typeof KubeVirtPhase)[keyof typeof KubeVirtPhase];

/** `infoSource` of an entry of a VMI's `status.interfaces`: several are joined by {@link INFO_SOURCE_SEPARATOR}. */
export const InterfaceInfoSource = {
  Domain: "domain",
  GuestAgent: "guest-agent",
  MultusStatus: "multus-status",
} as const;
export type InterfaceInfoSource = (typeof InterfaceInfoSource)[keyof typeof InterfaceInfoSource];
/** Stands between the sources of one `infoSource`. */
export const INFO_SOURCE_SEPARATOR = ", ";
