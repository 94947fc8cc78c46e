/** The state of a guest's migration. */
import * as z from "zod";
import { VMIMConfigurationOptions } from "./migration_configuration.ts";
import { Quantity } from "./quantity_schema.ts";
import { atomicList, int, optional, stringMap, Time } from "./structural.ts";

/** What the source's node says. */
export const VirtualMachineInstanceMigrationSourceState = z.object({
  domainName: optional(z.string()),
  domainNamespace: optional(z.string()),
  migrationUID: optional(z.string()),
  node: optional(z.string()),
  nodeSelectors: optional(stringMap()),
  persistentStatePVCName: optional(z.string()),
  pod: optional(z.string()),
  selinuxContext: optional(z.string()),
  syncAddress: optional(z.string()),
  virtualMachineInstanceUID: optional(z.string()),
});
export type VirtualMachineInstanceMigrationSourceState = z.infer<
  typeof VirtualMachineInstanceMigrationSourceState
>;

/** What the target's node says. */
export const VirtualMachineInstanceMigrationTargetState = z.object({
  attachmentPodUID: optional(z.string()),
  cpuSet: optional(atomicList(int())),
  directMigrationNodePorts: optional(z.record(z.string(), int())),
  domainDetected: optional(z.boolean()),
  domainName: optional(z.string()),
  domainNamespace: optional(z.string()),
  domainReadyTimestamp: optional(Time),
  migrationUID: optional(z.string()),
  node: optional(z.string()),
  nodeAddress: optional(z.string()),
  nodeTopology: optional(z.string()),
  persistentStatePVCName: optional(z.string()),
  pod: optional(z.string()),
  selinuxContext: optional(z.string()),
  syncAddress: optional(z.string()),
  virtualMachineInstanceUID: optional(z.string()),
});
export type VirtualMachineInstanceMigrationTargetState = z.infer<
  typeof VirtualMachineInstanceMigrationTargetState
>;

/** The state of a guest's migration, the last or the present one. */
export const VirtualMachineInstanceMigrationState = z.object({
  abortRequested: optional(z.boolean()).describe("Whether it is asked to stop"),
  abortStatus: optional(z.string()).describe("How stopping it went"),
  completed: optional(z.boolean()).describe("Whether it is over"),
  endTimestamp: optional(Time.nullable()).describe("When it ended"),
  failed: optional(z.boolean()).describe("Whether it failed"),
  failureReason: optional(z.string()).describe("Why it failed"),
  migrationConfiguration: optional(VMIMConfigurationOptions).describe(
    "What applied to it after all policies",
  ),
  migrationNetworkType: optional(z.string()).describe("pod or migration"),
  migrationPolicyName: optional(z.string()).describe("Policy that applied to it"),
  migrationUid: optional(z.string()).describe("UID of the migration"),
  mode: optional(z.string()).describe("PreCopy, PostCopy or Paused"),
  sourceNode: optional(z.string()).describe("Where the guest was"),
  sourcePersistentStatePVCName: optional(z.string()).describe(
    "Claim of the guest's state at the source",
  ),
  sourcePod: optional(z.string()).describe("Where the guest was"),
  sourceState: optional(VirtualMachineInstanceMigrationSourceState).describe(
    "What the source's node says",
  ),
  startTimestamp: optional(Time.nullable()).describe("When it began"),
  targetAttachmentPodUID: optional(z.string()).describe(
    "Pod that holds hotplugged volumes at the target",
  ),
  targetCPUSet: optional(atomicList(int())).describe("Physical CPUs at the target"),
  targetDirectMigrationNodePorts: optional(z.record(z.string(), int())).describe(
    "Ports at the target",
  ),
  targetMemoryOverhead: optional(Quantity).describe("Memory beyond the guest's own at the target"),
  targetNode: optional(z.string()).describe("Where the guest goes"),
  targetNodeAddress: optional(z.string()).describe("Address of the target"),
  targetNodeDomainDetected: optional(z.boolean()).describe(
    "Whether the guest was seen at the target",
  ),
  targetNodeDomainReadyTimestamp: optional(Time).describe("When the guest ran at the target"),
  targetNodeTopology: optional(z.string()).describe("NUMA layout of the target"),
  targetPersistentStatePVCName: optional(z.string()).describe(
    "Claim of the guest's state at the target",
  ),
  targetPod: optional(z.string()).describe("Where the guest goes"),
  targetState: optional(VirtualMachineInstanceMigrationTargetState).describe(
    "What the target's node says",
  ),
});
export type VirtualMachineInstanceMigrationState = z.infer<
  typeof VirtualMachineInstanceMigrationState
>;
