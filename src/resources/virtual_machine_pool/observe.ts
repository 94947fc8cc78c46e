import { CONTROLLER_REVISIONS } from "../../kube/core_resources.ts";
import type { KubeClient } from "../../kube/client.ts";
import { formatKey, keyOf, type ObjectKey } from "../../kube/object.ts";
import type { BoundedMap } from "../../runtime/bounded_map.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Unchanged } from "../../runtime/unchanged.ts";
import type { VirtualMachinePool } from "../../api/pool.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import { findCondition } from "../condition.ts";
import { BY_CONTROLLER, type ControllerInformers } from "../informers.ts";
import { isControlledBy } from "../owner_reference.ts";
import { nameAt } from "./machine.ts";
import { POOL_REVISION_OF_LABEL, revisionNameOf, revisionOf } from "./revision.ts";
import type { PoolWorld } from "./world.ts";

/** A pool has one revision for each template that some of its guests still run. */
const REVISIONS_MAX = 500;

export interface ObserveDependencies {
  client: KubeClient;
  informers: Pick<ControllerInformers, "pools" | "virtualMachines" | "virtualMachineInstances">;
  clock: Clock;
  /** Since when machines are not ready. */
  notReady: Unchanged;
  /** The revision for which this process has looked after the older ones, by the UID of the pool. */
  prunedFor: Pick<BoundedMap<string, string>, "get" | "set">;
}

/** From the caches, but for revisions that are left over: those are asked for once all machines have the newest. */
export async function observePool(
  dependencies: ObserveDependencies,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<PoolWorld | undefined> {
  const { informers, clock } = dependencies;
  const pool = informers.pools.get(key);
  if (pool === undefined) return undefined;
  const machines = informers.virtualMachines.byIndex(BY_CONTROLLER, pool.metadata.uid);
  const instances = machines.flatMap((vm) => {
    const vmi = informers.virtualMachineInstances.get(keyOf(vm));
    return vmi !== undefined && isControlledBy(vmi, vm.metadata.uid) ? [vmi] : [];
  });
  const world = {
    now: clock.now().toISOString(),
    pool,
    machines,
    instances,
    ...(pool.spec.autohealing && { notReadyForMs: notReadyForMs(dependencies, machines) }),
    takenNames: takenNames(dependencies, pool),
  };
  const unusedRevisions = await readUnusedRevisions(dependencies, world, signal);
  return { ...world, ...(unusedRevisions !== undefined && { unusedRevisions }) };
}

/** A machine that becomes ready, or is made anew under the name, begins from 0. */
function notReadyForMs(
  { notReady }: ObserveDependencies,
  machines: readonly VirtualMachine[],
): Record<string, number> {
  const ages: Record<string, number> = {};
  for (const vm of machines) {
    const ready = findCondition(vm.status?.conditions, "Ready");
    const key = formatKey(keyOf(vm));
    if (ready?.status !== "False") notReady.forget(key);
    else {
      const since = `${vm.metadata.uid} ${ready.lastTransitionTime}`;
      ages[vm.metadata.name] = notReady.ageMs(key, since);
    }
  }
  return ages;
}

/** As far as it takes to find a free name for every machine of the pool. */
function takenNames({ informers }: ObserveDependencies, pool: VirtualMachinePool): string[] {
  const taken: string[] = [];
  const { replicas = 1 } = pool.spec;
  for (let index = 0; index < replicas + taken.length; index += 1) {
    const name = nameAt(pool, index);
    if (informers.virtualMachines.get({ ...keyOf(pool), name }) !== undefined) taken.push(name);
  }
  return taken;
}

async function readUnusedRevisions(
  { client, prunedFor }: ObserveDependencies,
  { pool, machines, instances }: PoolWorld,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  const { uid, namespace } = pool.metadata;
  const newest = revisionNameOf(pool);
  const isSettled = machines.length > 0 &&
    [...machines, ...instances].every((object) => revisionOf(object) === newest);
  if (!isSettled || prunedFor.get(uid) === newest) return undefined;
  const { items } = await client.list(CONTROLLER_REVISIONS, {
    ...(namespace !== undefined && { namespace }),
    labelSelector: `${POOL_REVISION_OF_LABEL}=${uid}`,
    limit: REVISIONS_MAX,
    signal,
  });
  const unused = items.map(({ metadata: { name } }) => name).filter((name) => name !== newest);
  if (unused.length === 0) prunedFor.set(uid, newest);
  return unused;
}
