/** Whether a migration policy is acceptable. */
import type { MigrationPolicy } from "../../api/migration_policy.ts";
import { type Cause, invalid } from "../cause.ts";
import { unitsOf } from "../quantity_comparison.ts";

type PolicyRule = (policy: MigrationPolicy) => Cause[];

const RULES: readonly PolicyRule[] = [completionTimeout, bandwidth];

/** All causes. */
export function validateMigrationPolicy(policy: MigrationPolicy): Cause[] {
  return RULES.flatMap((rule) => rule(policy));
}

function completionTimeout({ spec }: MigrationPolicy): Cause[] {
  if ((spec.completionTimeoutPerGiB ?? 0) >= 0) return [];
  return [invalid("spec.completionTimeoutPerGiB", "must not be negative")];
}

function bandwidth({ spec }: MigrationPolicy): Cause[] {
  if ((unitsOf(spec.bandwidthPerMigration) ?? 0n) >= 0n) return [];
  return [invalid("spec.bandwidthPerMigration", "must not be negative")];
}
