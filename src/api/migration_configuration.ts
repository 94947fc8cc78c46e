/** How guests are migrated, as set for the cluster and as it applied to one migration. */
import * as z from "zod";
import { Quantity } from "./quantity_schema.ts";
import { int32, int64, openEnum, optional } from "./structural.ts";

/** How guests are migrated in this cluster. */
export const MigrationConfiguration = z.object({
  allowAutoConverge: optional(z.boolean()).describe(
    "Slow a guest down that changes memory faster than it can be copied. Default: false",
  ),
  allowPostCopy: optional(z.boolean()).describe(
    "Move first and copy the rest on demand, when copying first takes too long. Default: false",
  ),
  allowWorkloadDisruption: optional(z.boolean()).describe(
    "Pause the guest, or use post-copy, when the time is up",
  ),
  bandwidthPerMigration: optional(Quantity).describe(
    "Bytes per second for one migration; 0: no limit",
  ),
  completionTimeoutPerGiB: optional(int64()).describe(
    "Seconds for each GiB before a migration is given up. Default: 150",
  ),
  disableTLS: optional(z.boolean()).describe("Do not encrypt migrations. Default: false"),
  matchSELinuxLevelOnMigration: optional(z.boolean()).describe(
    "The target gets an SELinux level of its own rather than the source's. Default: false",
  ),
  maxDowntimeMs: optional(int64({ minimum: 1, maximum: 2_000_000 })).describe(
    "Milliseconds that the guest may stand still. Default: 900",
  ),
  network: optional(z.string()).describe("Multus network for migrations. Default: the pod network"),
  nodeDrainTaintKey: optional(z.string()).describe(
    "Taint of nodes that guests leave. Default: kubevirt.io/drain",
  ),
  parallelMigrationsPerCluster: optional(int32()).describe("Default: 5"),
  parallelOutboundMigrationsPerNode: optional(int32()).describe("Default: 2"),
  progressTimeout: optional(int64()).describe(
    "Seconds without progress before a migration is given up. Default: 150",
  ),
  unsafeMigrationOverride: optional(z.boolean()).describe(
    "Migrate though it looks unsafe. Default: false",
  ),
  utilityVolumesTimeout: optional(int64()).describe(
    "Seconds to wait for utility volumes to be detached. Default: 150",
  ),
});
export type MigrationConfiguration = z.infer<typeof MigrationConfiguration>;

/** When a migration counts as stalled. */
export const StallDetectorOptions = z.object({
  completionTimeoutFactor: optional(z.string()).describe("Factor on the completion timeout"),
  ewmaAlpha: optional(z.string()).describe("Weight of the newest measurement, 0 to 1"),
  patienceWindowDecayFactor: optional(z.string()).describe("How fast patience runs out"),
  precopyPossibleFactor: optional(z.string()).describe(
    "How much longer than allowed the downtime may look",
  ),
  searchLocalMinima: optional(z.boolean()).describe("Act when little is left to copy"),
  stallMargin: optional(int64({ minimum: 0, maximum: 100 })).describe(
    "Percentage that counts as no progress",
  ),
  stallProgressTimeout: optional(int64()).describe("Seconds that are looked back"),
  switchoverTimeout: optional(int64()).describe("Seconds that the switch may take"),
});
export type StallDetectorOptions = z.infer<typeof StallDetectorOptions>;

/** Options that may change or go. */
export const ExperimentalMigrationOptions = z.object({
  compression: optional(openEnum("none", "zstd")).describe("none or zstd"),
  stallDetector: optional(StallDetectorOptions).describe("When the migration counts as stalled"),
});
export type ExperimentalMigrationOptions = z.infer<typeof ExperimentalMigrationOptions>;

/** What applied to one migration after all policies. */
export const VMIMConfigurationOptions = z.object({
  allowAutoConverge: optional(z.boolean()).describe(
    "Slow a guest down that changes memory faster than it can be copied",
  ),
  allowPostCopy: optional(z.boolean()).describe(
    "Move first and copy the rest on demand, when copying first takes too long",
  ),
  allowWorkloadDisruption: optional(z.boolean()).describe(
    "Pause the guest, or use post-copy, when the time is up",
  ),
  bandwidthPerMigration: optional(Quantity).describe("Bytes per second; 0: no limit"),
  completionTimeoutPerGiB: optional(int64()).describe(
    "Seconds for each GiB before the migration is given up",
  ),
  disableTLS: optional(z.boolean()).describe("Do not encrypt"),
  experimental: optional(ExperimentalMigrationOptions).describe("Options that may change or go"),
  matchSELinuxLevelOnMigration: optional(z.boolean()),
  maxDowntimeMs: optional(int64({ minimum: 1, maximum: 2_000_000 })).describe(
    "Milliseconds that the guest may stand still",
  ),
  network: optional(z.string()).describe("Multus network of the migration"),
  nodeDrainTaintKey: optional(z.string()),
  parallelMigrationsPerCluster: optional(int32()),
  parallelOutboundMigrationsPerNode: optional(int32()),
  progressTimeout: optional(int64()).describe(
    "Seconds without progress before the migration is given up",
  ),
  unsafeMigrationOverride: optional(z.boolean()),
  utilityVolumesTimeout: optional(int64()),
});
export type VMIMConfigurationOptions = z.infer<typeof VMIMConfigurationOptions>;
