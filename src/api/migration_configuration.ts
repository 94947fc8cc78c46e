/** How guests are migrated, as set for the cluster and as it applied to one migration. */
import { z } from "zod";
import { Quantity } from "./quantity.ts";
import { int32, int64, openEnum, optional } from "./structural.ts";

/** How guests are migrated in this cluster. */
export const MigrationConfiguration = z.object({
  allowAutoConverge: optional(z.boolean()),
  allowPostCopy: optional(z.boolean()),
  allowWorkloadDisruption: optional(z.boolean()),
  bandwidthPerMigration: optional(Quantity),
  completionTimeoutPerGiB: optional(int64()),
  disableTLS: optional(z.boolean()),
  matchSELinuxLevelOnMigration: optional(z.boolean()),
  maxDowntimeMs: optional(int64({ minimum: 1, maximum: 2_000_000 })),
  network: optional(z.string()),
  nodeDrainTaintKey: optional(z.string()),
  parallelMigrationsPerCluster: optional(int32()),
  parallelOutboundMigrationsPerNode: optional(int32()),
  progressTimeout: optional(int64()),
  unsafeMigrationOverride: optional(z.boolean()),
  utilityVolumesTimeout: optional(int64()),
});
export type MigrationConfiguration = z.infer<typeof MigrationConfiguration>;

/** When a migration counts as stalled. */
export const StallDetectorOptions = z.object({
  completionTimeoutFactor: optional(z.string()),
  ewmaAlpha: optional(z.string()),
  patienceWindowDecayFactor: optional(z.string()),
  precopyPossibleFactor: optional(z.string()),
  searchLocalMinima: optional(z.boolean()),
  stallMargin: optional(int64({ minimum: 0, maximum: 100 })),
  stallProgressTimeout: optional(int64()),
  switchoverTimeout: optional(int64()),
});
export type StallDetectorOptions = z.infer<typeof StallDetectorOptions>;

/** Options that may change or go. */
export const ExperimentalMigrationOptions = z.object({
  compression: optional(openEnum("none", "zstd")),
  stallDetector: optional(StallDetectorOptions),
});
export type ExperimentalMigrationOptions = z.infer<typeof ExperimentalMigrationOptions>;

/** What applied to one migration after all policies. */
export const VMIMConfigurationOptions = z.object({
  allowAutoConverge: optional(z.boolean()),
  allowPostCopy: optional(z.boolean()),
  allowWorkloadDisruption: optional(z.boolean()),
  bandwidthPerMigration: optional(Quantity),
  completionTimeoutPerGiB: optional(int64()),
  disableTLS: optional(z.boolean()),
  experimental: optional(ExperimentalMigrationOptions),
  matchSELinuxLevelOnMigration: optional(z.boolean()),
  maxDowntimeMs: optional(int64({ minimum: 1, maximum: 2_000_000 })),
  network: optional(z.string()),
  nodeDrainTaintKey: optional(z.string()),
  parallelMigrationsPerCluster: optional(int32()),
  parallelOutboundMigrationsPerNode: optional(int32()),
  progressTimeout: optional(int64()),
  unsafeMigrationOverride: optional(z.boolean()),
  utilityVolumesTimeout: optional(int64()),
});
export type VMIMConfigurationOptions = z.infer<typeof VMIMConfigurationOptions>;
