/** The state of one run of a guest. */
import * as z from "zod";
import { ProbedCondition } from "./k8s_meta.ts";
import { ChangedBlockTrackingStatus } from "./backup_status.ts";
import { CPUTopology } from "./cpu.ts";
import { Machine } from "./domain.ts";
import { MemoryStatus } from "./memory.ts";
import { VirtualMachineInstanceMigrationState } from "./migration_state.ts";
import { atomicList, int32, int64, optional, stringMap, Time } from "./structural.ts";
import { StorageMigratedVolumeInfo, VolumeStatus } from "./volume_status.ts";

/** One aspect of a VMI's state. */
export const VirtualMachineInstanceCondition = ProbedCondition;
export type VirtualMachineInstanceCondition = z.infer<typeof VirtualMachineInstanceCondition>;

/** What the guest agent says of the operating system. */
export const VirtualMachineInstanceGuestOSInfo = z.object({
  name: optional(z.string()).describe("Name of the system"),
  id: optional(z.string()).describe('Identifier such as "debian"'),
  kernelRelease: optional(z.string()).describe("Release of the kernel"),
  kernelVersion: optional(z.string()).describe("Build of the kernel"),
  machine: optional(z.string()).describe("Architecture"),
  prettyName: optional(z.string()).describe("Name and version"),
  version: optional(z.string()).describe("Version"),
  versionId: optional(z.string()).describe("Version in numbers"),
});
export type VirtualMachineInstanceGuestOSInfo = z.infer<typeof VirtualMachineInstanceGuestOSInfo>;

/** An interface as it is now. */
export const VirtualMachineInstanceNetworkInterface = z.object({
  name: optional(z.string()).describe("Name of the interface and its network"),
  infoSource: optional(z.string()).describe(
    "Where this is known from: domain, guest-agent, multus-status",
  ),
  interfaceName: optional(z.string()).describe("Name inside the guest"),
  ipAddress: optional(z.string()).describe("First of ipAddresses"),
  ipAddresses: optional(z.array(z.string())).describe("All addresses"),
  linkState: optional(z.string()).describe("up or down"),
  mac: optional(z.string()).describe("Hardware address"),
  podInterfaceName: optional(z.string()).describe("Name inside the pod"),
  queueCount: optional(int32()).describe("How many queues it has"),
});
export type VirtualMachineInstanceNetworkInterface = z.infer<
  typeof VirtualMachineInstanceNetworkInterface
>;

/** The initial RAM disk that was booted. */
export const InitrdInfo = z.object({
  checksum: optional(int64({ minimum: 0, maximum: 4_294_967_295 })).describe("CRC-32 of the file"),
});
export type InitrdInfo = z.infer<typeof InitrdInfo>;

/** The kernel that was booted. */
export const KernelInfo = z.object({
  checksum: optional(int64({ minimum: 0, maximum: 4_294_967_295 })).describe("CRC-32 of the file"),
});
export type KernelInfo = z.infer<typeof KernelInfo>;

/** What was booted directly. */
export const KernelBootStatus = z.object({
  initrdInfo: optional(InitrdInfo).describe("The initial RAM disk"),
  kernelInfo: optional(KernelInfo).describe("The kernel"),
});
export type KernelBootStatus = z.infer<typeof KernelBootStatus>;

/** When a phase was entered. */
export const VirtualMachineInstancePhaseTransitionTimestamp = z.object({
  phase: optional(z.string()).describe("The phase"),
  phaseTransitionTimestamp: optional(Time).describe("When it was entered"),
});
export type VirtualMachineInstancePhaseTransitionTimestamp = z.infer<
  typeof VirtualMachineInstancePhaseTransitionTimestamp
>;

/** What nodes must offer for this guest to run there. */
export const TopologyHints = z.object({
  tscFrequency: optional(int64()).describe("Frequency of the timestamp counter, in hertz"),
});
export type TopologyHints = z.infer<typeof TopologyHints>;

/** The state of one run of a guest. */
export const VirtualMachineInstanceStatus = z.object({
  VSOCKCID: optional(int64({ minimum: 0, maximum: 4_294_967_295 })).describe(
    "Context ID of the guest's vsock",
  ),
  activePods: optional(stringMap()).describe("Pods that run this guest: their nodes by pod UID"),
  changedBlockTracking: optional(ChangedBlockTrackingStatus.nullable()).describe(
    "Whether changed blocks are tracked for incremental backups",
  ),
  conditions: optional(z.array(VirtualMachineInstanceCondition)).describe(
    "Ready, Paused, LiveMigratable and other aspects",
  ),
  currentCPUTopology: optional(CPUTopology).describe("Processors that the guest has now"),
  evacuationNodeName: optional(z.string()).describe("The node that the guest is asked to leave"),
  fsFreezeStatus: optional(z.string()).describe(
    '"frozen" while the guest\'s file systems are frozen',
  ),
  guestOSInfo: optional(VirtualMachineInstanceGuestOSInfo).describe(
    "What the guest agent says of the operating system",
  ),
  interfaces: optional(z.array(VirtualMachineInstanceNetworkInterface)).describe(
    "The guest's interfaces and their addresses",
  ),
  kernelBootStatus: optional(KernelBootStatus).describe("What was booted directly"),
  launcherContainerImageVersion: optional(z.string()).describe("Image of the guest's pod"),
  machine: optional(Machine).describe("The machine type that the guest got"),
  memory: optional(MemoryStatus).describe("Memory that the guest had at boot and has now"),
  migratedVolumes: optional(atomicList(StorageMigratedVolumeInfo)).describe(
    "Volumes that move with a migration",
  ),
  migrationMethod: optional(z.string()).describe(
    "LiveMigration, or BlockMigration when disks are copied",
  ),
  migrationState: optional(VirtualMachineInstanceMigrationState).describe(
    "The present or last migration",
  ),
  migrationTransport: optional(z.string()).describe("How migration data travels"),
  nodeName: optional(z.string()).describe("The node that the guest runs on"),
  phase: optional(z.string()).describe(
    "Pending, Scheduling, Scheduled, Running, Succeeded, Failed, WaitingForSync or Unknown",
  ),
  phaseTransitionTimestamps: optional(atomicList(VirtualMachineInstancePhaseTransitionTimestamp))
    .describe("When each phase was entered"),
  qosClass: optional(z.string()).describe("Quality of service of the guest's pod"),
  reason: optional(z.string()).describe("Why the guest is in this phase, in one word"),
  runtimeUser: optional(int64()).describe("User that the guest runs as; 0 is root"),
  selinuxContext: optional(z.string()).describe("SELinux context of the guest's pod"),
  topologyHints: optional(TopologyHints).describe("What a node must offer to this guest"),
  virtualMachineRevisionName: optional(z.string()).describe(
    "ControllerRevision that holds the VM spec this run was made from",
  ),
  volumeStatus: optional(atomicList(VolumeStatus)).describe("State of the guest's volumes"),
});
export type VirtualMachineInstanceStatus = z.infer<typeof VirtualMachineInstanceStatus>;
