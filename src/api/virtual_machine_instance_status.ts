/** The state of one run of a guest. */
import { z } from "zod";
import { ChangedBlockTrackingStatus } from "./backup_status.ts";
import { CPUTopology } from "./cpu.ts";
import { Machine } from "./domain.ts";
import { MemoryStatus } from "./memory.ts";
import { VirtualMachineInstanceMigrationState } from "./migration_state.ts";
import { atomicList, int32, int64, optional, stringMap, Time } from "./structural.ts";
import { StorageMigratedVolumeInfo, VolumeStatus } from "./volume_status.ts";

/** One aspect of a VMI's state. */
export const VirtualMachineInstanceCondition = z.object({
  status: z.string(),
  type: z.string(),
  lastProbeTime: optional(Time.nullable()),
  lastTransitionTime: optional(Time.nullable()),
  message: optional(z.string()),
  reason: optional(z.string()),
});
export type VirtualMachineInstanceCondition = z.infer<typeof VirtualMachineInstanceCondition>;

/** What the guest agent says of the operating system. */
export const VirtualMachineInstanceGuestOSInfo = z.object({
  name: optional(z.string()),
  id: optional(z.string()),
  kernelRelease: optional(z.string()),
  kernelVersion: optional(z.string()),
  machine: optional(z.string()),
  prettyName: optional(z.string()),
  version: optional(z.string()),
  versionId: optional(z.string()),
});
export type VirtualMachineInstanceGuestOSInfo = z.infer<typeof VirtualMachineInstanceGuestOSInfo>;

/** An interface as it is now. */
export const VirtualMachineInstanceNetworkInterface = z.object({
  name: optional(z.string()),
  infoSource: optional(z.string()),
  interfaceName: optional(z.string()),
  ipAddress: optional(z.string()),
  ipAddresses: optional(z.array(z.string())),
  linkState: optional(z.string()),
  mac: optional(z.string()),
  podInterfaceName: optional(z.string()),
  queueCount: optional(int32()),
});
export type VirtualMachineInstanceNetworkInterface = z.infer<
  typeof VirtualMachineInstanceNetworkInterface
>;

/** The initial RAM disk that was booted. */
export const InitrdInfo = z.object({
  checksum: optional(int64({ minimum: 0, maximum: 4_294_967_295 })),
});
export type InitrdInfo = z.infer<typeof InitrdInfo>;

/** The kernel that was booted. */
export const KernelInfo = z.object({
  checksum: optional(int64({ minimum: 0, maximum: 4_294_967_295 })),
});
export type KernelInfo = z.infer<typeof KernelInfo>;

/** What was booted directly. */
export const KernelBootStatus = z.object({
  initrdInfo: optional(InitrdInfo),
  kernelInfo: optional(KernelInfo),
});
export type KernelBootStatus = z.infer<typeof KernelBootStatus>;

/** When a phase was entered. */
export const VirtualMachineInstancePhaseTransitionTimestamp = z.object({
  phase: optional(z.string()),
  phaseTransitionTimestamp: optional(Time),
});
export type VirtualMachineInstancePhaseTransitionTimestamp = z.infer<
  typeof VirtualMachineInstancePhaseTransitionTimestamp
>;

/** What nodes must offer for this guest to run there. */
export const TopologyHints = z.object({
  tscFrequency: optional(int64()),
});
export type TopologyHints = z.infer<typeof TopologyHints>;

/** The state of one run of a guest. */
export const VirtualMachineInstanceStatus = z.object({
  VSOCKCID: optional(int64({ minimum: 0, maximum: 4_294_967_295 })),
  activePods: optional(stringMap()),
  changedBlockTracking: optional(ChangedBlockTrackingStatus.nullable()),
  conditions: optional(z.array(VirtualMachineInstanceCondition)),
  currentCPUTopology: optional(CPUTopology),
  evacuationNodeName: optional(z.string()),
  fsFreezeStatus: optional(z.string()),
  guestOSInfo: optional(VirtualMachineInstanceGuestOSInfo),
  interfaces: optional(z.array(VirtualMachineInstanceNetworkInterface)),
  kernelBootStatus: optional(KernelBootStatus),
  launcherContainerImageVersion: optional(z.string()),
  machine: optional(Machine),
  memory: optional(MemoryStatus),
  migratedVolumes: optional(atomicList(StorageMigratedVolumeInfo)),
  migrationMethod: optional(z.string()),
  migrationState: optional(VirtualMachineInstanceMigrationState),
  migrationTransport: optional(z.string()),
  nodeName: optional(z.string()),
  phase: optional(z.string()),
  phaseTransitionTimestamps: optional(atomicList(VirtualMachineInstancePhaseTransitionTimestamp)),
  qosClass: optional(z.string()),
  reason: optional(z.string()),
  runtimeUser: optional(int64()),
  selinuxContext: optional(z.string()),
  topologyHints: optional(TopologyHints),
  virtualMachineRevisionName: optional(z.string()),
  volumeStatus: optional(atomicList(VolumeStatus)),
});
export type VirtualMachineInstanceStatus = z.infer<typeof VirtualMachineInstanceStatus>;
