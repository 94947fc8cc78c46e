import { NODE_SCHEDULABLE_LABEL } from "../../api/labels.ts";
import type { VirtualMachineInstanceMigration } from "../../api/migration.ts";
import { VIRTUAL_MACHINE_INSTANCES } from "../../api/registry.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { KubeClient } from "../../kube/client.ts";
import { NAMESPACES } from "../../kube/core_resources.ts";
import { keyOf, type ObjectKey } from "../../kube/object.ts";
import type { Clock } from "../../runtime/clock.ts";
import { BY_VMI_NAME, type ControllerInformers, vmiNameIn } from "../informers.ts";
import type { MigrationWorld } from "./world.ts";

export interface ObserveDependencies {
  client: KubeClient;
  informers: Pick<
    ControllerInformers,
    "migrations" | "migrationPolicies" | "virtualMachineInstances" | "nodes"
  >;
  clock: Clock;
}

/** From the caches, but for an instance that they do not show and for labels that only some policies ask for. */
export async function observeMigration(
  dependencies: ObserveDependencies,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<MigrationWorld | undefined> {
  const { informers, clock } = dependencies;
  const migration = informers.migrations.get(key);
  if (migration === undefined) return undefined;
  const { vmiName = "" } = migration.spec;
  const vmi = await findInstance(dependencies, { ...keyOf(migration), name: vmiName }, signal);
  return {
    now: clock.now().toISOString(),
    migration,
    ...(vmi !== undefined && { vmi }),
    siblings: informers.migrations.byIndex(BY_VMI_NAME, vmiNameIn(migration)),
    policies: informers.migrationPolicies.list(),
    namespaceLabels: await namespaceLabels(dependencies, migration, signal),
    targetNodes:
      informers.nodes.list().filter(({ metadata, spec }) =>
        metadata.labels?.[NODE_SCHEDULABLE_LABEL] === "true" && spec?.unschedulable !== true &&
        metadata.name !== vmi?.status?.nodeName
      ).length,
  };
}

/** One that no cache shows may have been made a moment ago: only the server can say that there is none. */
async function findInstance(
  { client, informers }: ObserveDependencies,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<VirtualMachineInstance | undefined> {
  if (key.name === "") return undefined;
  return informers.virtualMachineInstances.get(key) ??
    await client.get<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, key, { signal });
}

async function namespaceLabels(
  { client, informers }: ObserveDependencies,
  { metadata: { namespace = "" } }: VirtualMachineInstanceMigration,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const isAsked = informers.migrationPolicies.list().some(({ spec }) =>
    Object.keys(spec.selectors.namespaceSelector ?? {}).length > 0
  );
  if (!isAsked) return {};
  const found = await client.get(NAMESPACES, { name: namespace }, { signal });
  return found?.metadata.labels ?? {};
}
