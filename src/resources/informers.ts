/** The caches that the controllers share: one watch per resource. */
import { APP_LABEL, Component, CREATED_BY_LABEL, NODE_NAME_LABEL } from "../api/labels.ts";
import type {
  VirtualMachineClusterInstancetype,
  VirtualMachineInstancetype,
} from "../api/instancetype.ts";
import type { KubeVirt } from "../api/kubevirt.ts";
import type { VirtualMachineInstanceMigration } from "../api/migration.ts";
import type { MigrationPolicy } from "../api/migration_policy.ts";
import type {
  VirtualMachineClusterPreference,
  VirtualMachinePreference,
} from "../api/preference.ts";
import type { VirtualMachinePool } from "../api/pool.ts";
import {
  KUBEVIRTS,
  MIGRATION_POLICIES,
  VIRTUAL_MACHINE_CLUSTER_INSTANCETYPES,
  VIRTUAL_MACHINE_CLUSTER_PREFERENCES,
  VIRTUAL_MACHINE_INSTANCE_MIGRATIONS,
  VIRTUAL_MACHINE_INSTANCE_PRESETS,
  VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS,
  VIRTUAL_MACHINE_INSTANCES,
  VIRTUAL_MACHINE_INSTANCETYPES,
  VIRTUAL_MACHINE_POOLS,
  VIRTUAL_MACHINE_PREFERENCES,
  VIRTUAL_MACHINES,
} from "../api/registry.ts";
import type { VirtualMachineInstancePreset } from "../api/preset.ts";
import type { VirtualMachineInstanceReplicaSet } from "../api/replica_set.ts";
import type { VirtualMachine } from "../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject, ObjectKey } from "../kube/object.ts";
import { NODES, PODS, RESOURCE_QUOTAS } from "../kube/core_resources.ts";
import type { Clock } from "../runtime/clock.ts";
import { Informer } from "../runtime/informer.ts";
import type { Logger } from "../runtime/log.ts";
import type { MetricsRegistry } from "../runtime/metrics.ts";
import type { Node, Pod, ResourceQuota } from "./core_objects.ts";
import { matchedResource, MATCHER_FIELDS } from "./instancetype/matcher.ts";
import { usedRevisionName } from "./instancetype/reference.ts";
import { controllerOf } from "./owner_reference.ts";

/** Index of VMIs: the node that owns them. */
export const BY_NODE = "node";
/** Index of VMs and VMIs: UID of what controls them, or {@link uncontrolledIn} their namespace. */
export const BY_CONTROLLER = "controller";
/** Index of migrations: {@link vmiNameIn} of what they move. */
export const BY_VMI_NAME = "vmi-name";
/** Index of presets and quotas: their namespace. */
export const BY_NAMESPACE = "namespace";
/** Index of VMs: instancetypes and preferences of which they do not have a copy yet, by {@link firstUseKey}. */
export const BY_FIRST_USE = "first-use";
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
  /** Without their use, which changes with each pod. */
  resourceQuotas: Informer<ResourceQuota>;
  kubevirts: Informer<KubeVirt>;
  instancetypes: Informer<VirtualMachineInstancetype>;
  clusterInstancetypes: Informer<VirtualMachineClusterInstancetype>;
  preferences: Informer<VirtualMachinePreference>;
  clusterPreferences: Informer<VirtualMachineClusterPreference>;
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
      indexes: { [BY_CONTROLLER]: controllers, [BY_FIRST_USE]: firstUses },
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
      indexes: { [BY_NAMESPACE]: namespaceOf },
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
    resourceQuotas: new Informer<ResourceQuota>({
      ...dependencies,
      resource: RESOURCE_QUOTAS,
      indexes: { [BY_NAMESPACE]: namespaceOf },
      keep: hardLimits,
    }),
    kubevirts: new Informer({ ...dependencies, resource: KUBEVIRTS }),
    instancetypes: new Informer({ ...dependencies, resource: VIRTUAL_MACHINE_INSTANCETYPES }),
    clusterInstancetypes: new Informer({
      ...dependencies,
      resource: VIRTUAL_MACHINE_CLUSTER_INSTANCETYPES,
    }),
    preferences: new Informer({ ...dependencies, resource: VIRTUAL_MACHINE_PREFERENCES }),
    clusterPreferences: new Informer({
      ...dependencies,
      resource: VIRTUAL_MACHINE_CLUSTER_PREFERENCES,
    }),
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

/** Names an instancetype or preference of any kind. */
export function firstUseKey(resource: { plural: string }, key: ObjectKey): string {
  return `${resource.plural}/${key.namespace ?? ""}/${key.name}`;
}

function firstUses(vm: VirtualMachine): string[] {
  const { namespace = "" } = vm.metadata;
  return MATCHER_FIELDS.flatMap((field) => {
    const matcher = vm.spec[field];
    const resource = matcher && matchedResource(field, matcher);
    if (!resource || !matcher?.name || usedRevisionName(field, vm) !== undefined) return [];
    const { name } = matcher;
    return [firstUseKey(resource, resource.namespaced ? { namespace, name } : { name })];
  });
}

function namespaceOf({ metadata: { namespace = "" } }: KubeObject): string[] {
  return [namespace];
}

/** What counts for the pods that are made. */
function hardLimits({ apiVersion, kind, metadata, spec }: ResourceQuota): ResourceQuota {
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      uid,
      ...(namespace !== undefined && { namespace }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
    ...(spec?.hard !== undefined && { spec: { hard: spec.hard } }),
  };
}

function controllers(object: KubeObject): string[] {
  return [controllerOf(object)?.uid ?? uncontrolledIn(object.metadata.namespace)];
}

function labelValues(object: KubeObject, label: string): string[] {
  const value = object.metadata.labels?.[label];
  return value === undefined ? [] : [value];
}
