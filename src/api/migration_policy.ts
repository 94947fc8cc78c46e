/** How guests of a certain kind are moved. */
import * as z from "zod";
import { ObjectMeta } from "./k8s_meta.ts";
import { ExperimentalMigrationOptions } from "./migration_configuration.ts";
import { Quantity } from "./quantity_schema.ts";
import { int64, optional, stringMap } from "./structural.ts";

/** Which guests a policy is for. */
export const MigrationPolicySelectors = z.object({
  namespaceSelector: optional(stringMap()).describe("Labels of the guest's namespace"),
  virtualMachineInstanceSelector: optional(stringMap()).describe("Labels of the guest"),
});
export type MigrationPolicySelectors = z.infer<typeof MigrationPolicySelectors>;

/** How the selected guests are moved. */
export const MigrationPolicySpec = z.object({
  allowAutoConverge: optional(z.boolean()).describe(
    "Slow the guest down so that the move comes to an end",
  ),
  allowPostCopy: optional(z.boolean()).describe(
    "Let the guest run at its new node before all memory is there",
  ),
  allowWorkloadDisruption: optional(z.boolean()).describe(
    "Pause the guest or use post-copy when the move takes too long",
  ),
  bandwidthPerMigration: optional(Quantity).describe("Bytes per second; 0 means no limit"),
  completionTimeoutPerGiB: optional(int64()).describe("Seconds for each GiB of memory and disk"),
  experimental: optional(ExperimentalMigrationOptions),
  maxDowntimeMs: optional(int64({ minimum: 1, maximum: 2_000_000 })),
  selectors: MigrationPolicySelectors.describe("Which guests the policy is for; all must match"),
});
export type MigrationPolicySpec = z.infer<typeof MigrationPolicySpec>;

/** Always empty. */
export const MigrationPolicyStatus = z.object({});
export type MigrationPolicyStatus = z.infer<typeof MigrationPolicyStatus>;

/** How guests of a certain kind are moved. */
export const MigrationPolicy = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: MigrationPolicySpec,
  status: optional(MigrationPolicyStatus.nullable()),
});
export type MigrationPolicy = z.infer<typeof MigrationPolicy>;
