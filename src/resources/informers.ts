/** The caches that the controllers share: one watch per resource. */
import { APP_LABEL, Component, CREATED_BY_LABEL, NODE_NAME_LABEL } from "../api/labels.ts";
import type { KubeVirt } from "../api/kubevirt.ts";
import type { VirtualMachineInstanceMigration } from "../api/migration.ts";
import type { MigrationPolicy } from "../api/migration_policy.ts";
import type { VirtualMachinePool } from "../api/pool.ts";
import {
  KUBEVIRTS,
  MIGRATION_POLICIES,
  VIRTUAL_MACHINE_INSTANCE_MIGRATIONS,
  VIRTUAL_MACHINE_INSTANCE_PRESETS,
  VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS,
  VIRTUAL_MACHINE_INSTANCES,
  VIRTUAL_MACHINE_POOLS,
  VIRTUAL_MACHINES,
} from "../api/registry.ts";
import type { VirtualMachineInstancePreset } from "../api/preset.ts";
import type { VirtualMachineInstanceReplicaSet } from "../api/replica_set.ts";
import type { VirtualMachine } from "../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject } from "../kube/object.ts";
import { NODES, PODS } from "../kube/core_resources.ts";
import type { Clock } from "../runtime/clock.ts";
import { Informer } from "../runtime/informer.ts";
import type { Logger } from "../runtime/log.ts";
import type { MetricsRegistry } from "../runtime/metrics.ts";
import type { Node, Pod } from "./core_objects.ts";
import { controllerOf } from "./owner_reference.ts";

/** Index of VMIs: the node that owns them. */
export const BY_NODE = "node";
/** Index of VMs and VMIs: UID of what controls them, or {@link uncontrolledIn} their namespace. */
export const BY_CONTROLLER = "controller";
/** Index of migrations: {@link vmiNameIn} of what they move. */
export const BY_VMI_NAME = "vmi-name";
/** Index of presets: their namespace. */
export const BY_NAMESPACE = "namespace";
/** Index of launcher pods: UID of their VMI. */
export const BY_VMI_UID = "vmi-uid";

export interface ControllerInformers {
  virtualMachines: Informer<VirtualMachine>;
  virtualMachineInstances: Informer<VirtualMachineInstance>;
  replicaSets: Informer<VirtualMachineInstanceReplicaSet>;
  pools: Informer<VirtualMachinePool>;
  presets: Informer<VirtualMachineInstancePreset>;
  migrations: Informer<VirtualMachineInstanceMigration>;
  migrationPolicies: Informer<MigrationPolicy>;
  launcherPods: Informer<Pod>;
  nodes: Informer<Node>;
  kubevirts: Informer<KubeVirt>;
}

export interface InformerDependencies {
  client: KubeClient;
  logger: Logger;
  clock?: Clock;
  metrics?: MetricsRegistry;
}

export function createControllerInformers(dependencies: InformerDependencies): ControllerInformers {
  return {
    virtualMachines: new Informer<VirtualMachine>({
      ...dependencies,
      resource: VIRTUAL_MACHINES,
      indexes: { [BY_CONTROLLER]: controllers },
    }),
    virtualMachineInstances: new Informer<VirtualMachineInstance>({
      ...dependencies,
      resource: VIRTUAL_MACHINE_INSTANCES,
      indexes: {
        [BY_NODE]: (vmi) => labelValues(vmi, NODE_NAME_LABEL),
        [BY_CONTROLLER]: controllers,
      },
    }),
    replicaSets: new Informer({
      ...dependencies,
      resource: VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS,
    }),
    pools: new Informer({ ...dependencies, resource: VIRTUAL_MACHINE_POOLS }),
    presets: new Informer<VirtualMachineInstancePreset>({
      ...dependencies,
      resource: VIRTUAL_MACHINE_INSTANCE_PRESETS,
      indexes: { [BY_NAMESPACE]: ({ metadata: { namespace = "" } }) => [namespace] },
    }),
    migrations: new Informer<VirtualMachineInstanceMigration>({
      ...dependencies,
      resource: VIRTUAL_MACHINE_INSTANCE_MIGRATIONS,
      indexes: { [BY_VMI_NAME]: (migration) => [vmiNameIn(migration)] },
    }),
    migrationPolicies: new Informer({ ...dependencies, resource: MIGRATION_POLICIES }),
    launcherPods: new Informer<Pod>({
      ...dependencies,
      resource: PODS,
      labelSelector: `${APP_LABEL}=${Component.Launcher}`,
      indexes: { [BY_VMI_UID]: (pod) => labelValues(pod, CREATED_BY_LABEL) },
    }),
    nodes: new Informer({ ...dependencies, resource: NODES }),
    kubevirts: new Informer({ ...dependencies, resource: KUBEVIRTS }),
  };
}

/** Key of {@link BY_CONTROLLER} for what nothing controls. */
export function uncontrolledIn(namespace: string | undefined): string {
  return `nobody in ${namespace}`;
}

/** Key of {@link BY_VMI_NAME}. */
export function vmiNameIn({ metadata, spec }: VirtualMachineInstanceMigration): string {
  return `${metadata.namespace}/${spec.vmiName ?? ""}`;
}

/** Runs all of them until the signal aborts. */
export async function runInformers(
  informers: ControllerInformers,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(Object.values(informers).map((informer) => informer.run(signal)));
}

function controllers(object: KubeObject): string[] {
  return [controllerOf(object)?.uid ?? uncontrolledIn(object.metadata.namespace)];
}

function labelValues(object: KubeObject, label: string): string[] {
  const value = object.metadata.labels?.[label];
  return value === undefined ? [] : [value];
}
