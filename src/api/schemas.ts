/** The schema of each kind. Apart from `registry.ts`, so that importing a resource's name costs no schema. */
import type { z } from "zod";
import { VirtualMachineBackup, VirtualMachineBackupTracker } from "./backup.ts";
import { VirtualMachineClone } from "./clone.ts";
import { VirtualMachineExport } from "./export.ts";
import { VirtualMachineClusterInstancetype, VirtualMachineInstancetype } from "./instancetype.ts";
import { KubeVirt } from "./kubevirt.ts";
import { VirtualMachineInstanceMigration } from "./migration.ts";
import { MigrationPolicy } from "./migration_policy.ts";
import { Plugin } from "./plugin.ts";
import { VirtualMachinePool } from "./pool.ts";
import { VirtualMachineClusterPreference, VirtualMachinePreference } from "./preference.ts";
import { VirtualMachineInstancePreset } from "./preset.ts";
import {
  type CustomResource,
  KUBEVIRTS,
  MIGRATION_POLICIES,
  PLUGINS,
  VIRTUAL_MACHINE_BACKUP_TRACKERS,
  VIRTUAL_MACHINE_BACKUPS,
  VIRTUAL_MACHINE_CLONES,
  VIRTUAL_MACHINE_CLUSTER_INSTANCETYPES,
  VIRTUAL_MACHINE_CLUSTER_PREFERENCES,
  VIRTUAL_MACHINE_EXPORTS,
  VIRTUAL_MACHINE_INSTANCE_MIGRATIONS,
  VIRTUAL_MACHINE_INSTANCE_PRESETS,
  VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS,
  VIRTUAL_MACHINE_INSTANCES,
  VIRTUAL_MACHINE_INSTANCETYPES,
  VIRTUAL_MACHINE_POOLS,
  VIRTUAL_MACHINE_PREFERENCES,
  VIRTUAL_MACHINE_RESTORES,
  VIRTUAL_MACHINE_SNAPSHOT_CONTENTS,
  VIRTUAL_MACHINE_SNAPSHOTS,
  VIRTUAL_MACHINES,
} from "./registry.ts";
import { VirtualMachineInstanceReplicaSet } from "./replica_set.ts";
import { VirtualMachineRestore } from "./restore.ts";
import { VirtualMachineSnapshot, VirtualMachineSnapshotContent } from "./snapshot.ts";
import { VirtualMachine } from "./virtual_machine.ts";
import { VirtualMachineInstance } from "./virtual_machine_instance.ts";

/** Every kind of the registry with its schema, in the registry's order. */
export const SCHEMAS: readonly (readonly [CustomResource, z.ZodType])[] = [
  [VIRTUAL_MACHINES, VirtualMachine],
  [VIRTUAL_MACHINE_INSTANCES, VirtualMachineInstance],
  [KUBEVIRTS, KubeVirt],
  [VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS, VirtualMachineInstanceReplicaSet],
  [VIRTUAL_MACHINE_POOLS, VirtualMachinePool],
  [VIRTUAL_MACHINE_INSTANCE_PRESETS, VirtualMachineInstancePreset],
  [VIRTUAL_MACHINE_INSTANCE_MIGRATIONS, VirtualMachineInstanceMigration],
  [MIGRATION_POLICIES, MigrationPolicy],
  [VIRTUAL_MACHINE_INSTANCETYPES, VirtualMachineInstancetype],
  [VIRTUAL_MACHINE_CLUSTER_INSTANCETYPES, VirtualMachineClusterInstancetype],
  [VIRTUAL_MACHINE_PREFERENCES, VirtualMachinePreference],
  [VIRTUAL_MACHINE_CLUSTER_PREFERENCES, VirtualMachineClusterPreference],
  [VIRTUAL_MACHINE_SNAPSHOTS, VirtualMachineSnapshot],
  [VIRTUAL_MACHINE_SNAPSHOT_CONTENTS, VirtualMachineSnapshotContent],
  [VIRTUAL_MACHINE_RESTORES, VirtualMachineRestore],
  [VIRTUAL_MACHINE_CLONES, VirtualMachineClone],
  [VIRTUAL_MACHINE_EXPORTS, VirtualMachineExport],
  [VIRTUAL_MACHINE_BACKUPS, VirtualMachineBackup],
  [VIRTUAL_MACHINE_BACKUP_TRACKERS, VirtualMachineBackupTracker],
  [PLUGINS, Plugin],
];
