/** What the migration controller sees and may do: all of it data. */
import type { VirtualMachineInstanceMigration } from "../../api/migration.ts";
import type { MigrationPolicy } from "../../api/migration_policy.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";

export interface MigrationWorld {
  /** RFC 3339. */
  now: string;
  migration: VirtualMachineInstanceMigration;
  /** The instance that is to move; absent: there is none of the name. */
  vmi?: VirtualMachineInstance;
  /** Migrations of the same instance, this one among them. */
  siblings: readonly VirtualMachineInstanceMigration[];
  policies: readonly MigrationPolicy[];
  /** Of the instance's namespace; only there when a policy asks for them. */
  namespaceLabels: Readonly<Record<string, string>>;
  /** Nodes other than the instance's whose agent can start guests. */
  targetNodes: number;
}

export type MigrationAction =
  | { type: "remove_finalizer" }
  /** One of too many that are over. */
  | { type: "delete_migration"; uid: string };
