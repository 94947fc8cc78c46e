/** The wish to move a guest to another node. */
import * as z from "zod";
import { ObjectMeta, ProbedCondition } from "./k8s_meta.ts";
import { VirtualMachineInstanceMigrationState } from "./migration_state.ts";
import { atomicList, optional, stringMap, Time } from "./structural.ts";

/** The receiving end of a move between clusters. */
export const VirtualMachineInstanceMigrationTarget = z.object({
  migrationID: z.string(),
});
export type VirtualMachineInstanceMigrationTarget = z.infer<
  typeof VirtualMachineInstanceMigrationTarget
>;

/** The sending end of a move between clusters. */
export const VirtualMachineInstanceMigrationSource = z.object({
  connectURL: z.string(),
  migrationID: z.string(),
});
export type VirtualMachineInstanceMigrationSource = z.infer<
  typeof VirtualMachineInstanceMigrationSource
>;

/** Which guest moves, and where it may go. */
export const VirtualMachineInstanceMigrationSpec = z.object({
  addedNodeSelector: optional(stringMap()).describe(
    "Labels that the new node must have, beside what the guest itself asks for",
  ),
  priority: optional(z.string()).describe(
    "Which moves go first: system-critical, user-triggered or system-maintenance",
  ),
  receive: optional(VirtualMachineInstanceMigrationTarget).describe(
    "The guest comes from another cluster",
  ),
  sendTo: optional(VirtualMachineInstanceMigrationSource).describe(
    "The guest goes to another cluster",
  ),
  vmiName: optional(z.string()).describe("Name of the guest, in the same namespace"),
});
export type VirtualMachineInstanceMigrationSpec = z.infer<
  typeof VirtualMachineInstanceMigrationSpec
>;

/** One aspect of a move's state. */
export const VirtualMachineInstanceMigrationCondition = ProbedCondition;
export type VirtualMachineInstanceMigrationCondition = z.infer<
  typeof VirtualMachineInstanceMigrationCondition
>;

/** When a move entered a phase. */
export const VirtualMachineInstanceMigrationPhaseTransitionTimestamp = z.object({
  phase: optional(z.string()),
  phaseTransitionTimestamp: optional(Time),
});
export type VirtualMachineInstanceMigrationPhaseTransitionTimestamp = z.infer<
  typeof VirtualMachineInstanceMigrationPhaseTransitionTimestamp
>;

/** How far a move is. */
export const VirtualMachineInstanceMigrationStatus = z.object({
  conditions: optional(z.array(VirtualMachineInstanceMigrationCondition)),
  migrationState: optional(VirtualMachineInstanceMigrationState).describe(
    "What both nodes say of the move",
  ),
  phase: optional(z.string()).describe("How far the move is"),
  phaseTransitionTimestamps: optional(
    atomicList(VirtualMachineInstanceMigrationPhaseTransitionTimestamp),
  ).describe("When each phase began"),
  synchronizationAddresses: optional(atomicList(z.string())).describe(
    "Where the other cluster finds this one",
  ),
});
export type VirtualMachineInstanceMigrationStatus = z.infer<
  typeof VirtualMachineInstanceMigrationStatus
>;

/** The wish to move a guest to another node. */
export const VirtualMachineInstanceMigration = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: VirtualMachineInstanceMigrationSpec,
  status: optional(VirtualMachineInstanceMigrationStatus),
});
export type VirtualMachineInstanceMigration = z.infer<typeof VirtualMachineInstanceMigration>;
