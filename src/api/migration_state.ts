/** The state of a guest's migration. */
import { z } from "zod";
import { VMIMConfigurationOptions } from "./migration_configuration.ts";
import { Quantity } from "./quantity.ts";
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
  abortRequested: optional(z.boolean()),
  abortStatus: optional(z.string()),
  completed: optional(z.boolean()),
  endTimestamp: optional(Time.nullable()),
  failed: optional(z.boolean()),
  failureReason: optional(z.string()),
  migrationConfiguration: optional(VMIMConfigurationOptions),
  migrationNetworkType: optional(z.string()),
  migrationPolicyName: optional(z.string()),
  migrationUid: optional(z.string()),
  mode: optional(z.string()),
  sourceNode: optional(z.string()),
  sourcePersistentStatePVCName: optional(z.string()),
  sourcePod: optional(z.string()),
  sourceState: optional(VirtualMachineInstanceMigrationSourceState),
  startTimestamp: optional(Time.nullable()),
  targetAttachmentPodUID: optional(z.string()),
  targetCPUSet: optional(atomicList(int())),
  targetDirectMigrationNodePorts: optional(z.record(z.string(), int())),
  targetMemoryOverhead: optional(Quantity),
  targetNode: optional(z.string()),
  targetNodeAddress: optional(z.string()),
  targetNodeDomainDetected: optional(z.boolean()),
  targetNodeDomainReadyTimestamp: optional(Time),
  targetNodeTopology: optional(z.string()),
  targetPersistentStatePVCName: optional(z.string()),
  targetPod: optional(z.string()),
  targetState: optional(VirtualMachineInstanceMigrationTargetState),
});
export type VirtualMachineInstanceMigrationState = z.infer<
  typeof VirtualMachineInstanceMigrationState
>;
