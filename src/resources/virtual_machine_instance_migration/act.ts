import { VIRTUAL_MACHINE_INSTANCE_MIGRATION_FINALIZER } from "../../api/labels.ts";
import type { VirtualMachineInstanceMigrationStatus } from "../../api/migration.ts";
import { VIRTUAL_MACHINE_INSTANCE_MIGRATIONS } from "../../api/registry.ts";
import type { KubeClient } from "../../kube/client.ts";
import { keyOf } from "../../kube/object.ts";
import { mergePatch } from "../merge_patch.ts";
import type { MigrationAction, MigrationWorld } from "./world.ts";

interface Context {
  client: KubeClient;
  world: MigrationWorld;
  signal: AbortSignal;
}

/** Carries out one action. */
export async function actOnMigration(
  action: MigrationAction,
  { client, world: { migration }, signal }: Context,
): Promise<void> {
  const key = keyOf(migration);
  switch (action.type) {
    case "remove_finalizer": {
      const { finalizers = [], resourceVersion } = migration.metadata;
      const others = finalizers.filter((each) =>
        each !== VIRTUAL_MACHINE_INSTANCE_MIGRATION_FINALIZER
      );
      const patch = { metadata: { finalizers: others, resourceVersion } };
      await client.patch(VIRTUAL_MACHINE_INSTANCE_MIGRATIONS, key, patch, { signal });
      return;
    }
    case "delete_migration": {
      const options = { preconditions: { uid: action.uid }, signal };
      await client.delete(VIRTUAL_MACHINE_INSTANCE_MIGRATIONS, key, options);
      return;
    }
  }
}

/** Writes what differs, in one patch, unless nothing does. */
export async function writeMigrationStatus(
  status: VirtualMachineInstanceMigrationStatus,
  { client, world: { migration }, signal }: Context,
): Promise<void> {
  const change = mergePatch(migration.status ?? {}, status);
  if (change === undefined) return;
  const { resourceVersion } = migration.metadata;
  const patch = { metadata: { resourceVersion }, status: change };
  const options = { subresource: "status", signal };
  await client.patch(VIRTUAL_MACHINE_INSTANCE_MIGRATIONS, keyOf(migration), patch, options);
}
