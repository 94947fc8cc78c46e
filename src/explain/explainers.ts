/** Every controller that can be asked what it would do about an object, in one list. */
import {
  KUBEVIRTS,
  VIRTUAL_MACHINE_INSTANCE_MIGRATIONS,
  VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS,
  VIRTUAL_MACHINE_INSTANCES,
  VIRTUAL_MACHINE_POOLS,
  VIRTUAL_MACHINES,
} from "../api/registry.ts";
import type { Resource } from "../kube/client.ts";
import { NODES } from "../kube/core_resources.ts";
import type { ObjectKey } from "../kube/object.ts";
import type { ControllerDependencies } from "../resources/controller.ts";
import { createKubeVirtReconciler } from "../resources/kubevirt/controller.ts";
import { createNodeReconciler } from "../resources/node/controller.ts";
import { createVirtualMachineReconciler } from "../resources/virtual_machine/controller.ts";
import { createVirtualMachineInstanceReconciler } from "../resources/virtual_machine_instance/controller.ts";
import { createMigrationReconciler } from "../resources/virtual_machine_instance_migration/controller.ts";
import { createReplicaSetReconciler } from "../resources/virtual_machine_instance_replica_set/controller.ts";
import { createPoolReconciler } from "../resources/virtual_machine_pool/controller.ts";
import type { Decision, Reconciler } from "../runtime/reconciler.ts";

/** What a controller is made from, and what is said of the installation. */
export interface ExplainDependencies extends ControllerDependencies {
  envelopeImage: string;
  /** Of the installation. */
  namespace: string;
  version: string;
}

/** What a controller sees of one object, and what it would do. */
export interface Explanation {
  controller: string;
  world: object;
  /** What is there of that which the decision's status would replace. */
  statusBefore: unknown;
  decision: Decision<{ type: string }, unknown>;
}

export interface Explainer {
  resource: Pick<Resource, "kind" | "plural" | "namespaced">;
  /** All names of the kind that are understood, in lower case. */
  names: readonly string[];
  /** Reads only. `undefined`: there is no such object. */
  explain(
    dependencies: ExplainDependencies,
    key: ObjectKey,
    signal: AbortSignal,
  ): Promise<Explanation | undefined>;
}

function explainer<World extends object, Action extends { type: string }, Status>(
  resource: Explainer["resource"] & { singular?: string; shortNames?: readonly string[] },
  create: (dependencies: ExplainDependencies) => Reconciler<World, Action, Status>,
  statusBefore: (world: World) => unknown,
): Explainer {
  const { kind, plural, shortNames = [] } = resource;
  return {
    resource,
    names: [kind.toLowerCase(), plural, ...shortNames],
    explain: async (dependencies, key, signal) => {
      const reconciler = create(dependencies);
      const world = await reconciler.observe(key, signal, dependencies.logger);
      if (world === undefined) return undefined;
      return {
        controller: reconciler.name,
        world,
        statusBefore: statusBefore(world),
        decision: reconciler.decide(world),
      };
    },
  };
}

export const EXPLAINERS: readonly Explainer[] = [
  explainer(VIRTUAL_MACHINES, createVirtualMachineReconciler, ({ vm }) => vm.status),
  explainer(VIRTUAL_MACHINE_INSTANCES, createVirtualMachineInstanceReconciler, ({ vmi }) => {
    const { labels = {}, finalizers = [] } = vmi.metadata;
    return { labels, finalizers, status: vmi.status };
  }),
  explainer(
    VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS,
    createReplicaSetReconciler,
    ({ set }) => set.status,
  ),
  explainer(VIRTUAL_MACHINE_POOLS, createPoolReconciler, ({ pool }) => pool.status),
  explainer(
    VIRTUAL_MACHINE_INSTANCE_MIGRATIONS,
    createMigrationReconciler,
    ({ migration }) => migration.status,
  ),
  explainer(NODES, createNodeReconciler, () => undefined),
  explainer(KUBEVIRTS, createKubeVirtReconciler, ({ kubevirt }) => kubevirt.status),
];

/** By any of its names, in any case; `undefined`: no controller looks after such objects. */
export function findExplainer(name: string): Explainer | undefined {
  return EXPLAINERS.find(({ names }) => names.includes(name.toLowerCase()));
}
