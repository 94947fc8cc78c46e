/**
 * The pool controller's decision: as many lasting machines as asked for, alike but for their names.
 *
 *   too few   -> made as <pool>-<index>, lowest free index first; one that is being deleted keeps its index until it is gone
 *   too many  -> the scale-in strategy says which go; none unless it is proactive, which it is by default
 *   another template    -> update.ts
 *   does not come up    -> deleted where autohealing is on, and made anew
 *   no longer selected  -> let go. One that was let go is not taken back, or nobody could take a machine out of a pool
 *
 * Scaling goes before updating. A paused pool is only looked at. One that is being deleted leaves its machines to the garbage
 * collector. No machine of this release owns a claim, so whatever state preservation says, claims outlive their machines.
 */
import type {
  VirtualMachinePool,
  VirtualMachinePoolCondition,
  VirtualMachinePoolStatus,
} from "../../api/pool.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { Decision } from "../../runtime/reconciler.ts";
import { hasCondition, withCondition, withoutCondition } from "../condition.ts";
import { formatSelector, matchesSelector } from "../label_selector.ts";
import { patienceMs } from "./autohealing.ts";
import { eventsOf } from "./events.ts";
import { nameAt, newMachine } from "./machine.ts";
import { newRevision } from "./revision.ts";
import { selectMachines } from "./selection_policy.ts";
import { updatesOf } from "./update.ts";
import type { PoolAction, PoolWorld } from "./world.ts";

export type PoolDecision = Decision<PoolAction, VirtualMachinePoolStatus>;

/** Condition of a pool that cannot make, change or delete machines. */
export const REPLICA_FAILURE = "ReplicaFailure";
/** Condition of a pool that does nothing because it was told so. */
export const REPLICA_PAUSED = "ReplicaPaused";

/** How many machines are made, changed or deleted in one pass: a number too high must not take the cluster with it. */
const BURST = 250;
/** While machines come and go their number changes all the time. */
const PASSING_COUNT_MS_MAX = 1_000;

export function decidePool(world: PoolWorld): PoolDecision {
  const { pool } = world;
  const members = world.machines.filter((vm) => isSelected(pool, vm));
  const status = statusOf(world, members);
  if (pool.metadata.deletionTimestamp) return { actions: [], status };
  const released = world.machines.filter((vm) =>
    !isSelected(pool, vm) && !vm.metadata.deletionTimestamp
  );
  const isPaused = pool.spec.paused === true;
  const actions = [
    ...released.map(releaseOf),
    ...(isPaused ? [] : changesOf(world, members)),
  ];
  const healMs = isPaused ? undefined : nextHealingMs(world, members);
  const isScaling = actions.length > 0 || !isPaused && members.length !== wanted(pool);
  return {
    actions,
    status,
    ...(isScaling && { statusMayWaitMs: PASSING_COUNT_MS_MAX }),
    events: eventsOf(pool, actions, status),
    ...(healMs !== undefined && { requeueAfterMs: healMs }),
  };
}

function isSelected({ spec }: VirtualMachinePool, { metadata }: VirtualMachine): boolean {
  return matchesSelector(spec.selector, metadata.labels);
}

function wanted({ spec }: VirtualMachinePool): number {
  return spec.replicas ?? 1;
}

function releaseOf({ metadata: { name } }: VirtualMachine): PoolAction {
  return { type: "release_vm", name };
}

/** The first of: machines that do not come up, their number, their template, what was left behind. */
function changesOf(world: PoolWorld, members: readonly VirtualMachine[]): PoolAction[] {
  const staying = members.filter(({ metadata }) => !metadata.deletionTimestamp);
  const removals = failing(world, staying).slice(0, BURST)
    .map((vm) => removalOf(vm, "it does not come up"));
  if (removals.length > 0) return removals;
  const surplus = members.length - wanted(world.pool);
  if (surplus < 0) return additions(world, Math.min(-surplus, BURST));
  const leaving = members.length - staying.length;
  const scaledIn = scaleIn(world.pool, staying, Math.min(surplus - leaving, BURST));
  if (scaledIn.length > 0) return scaledIn;
  const updates = updatesOf(world, staying).slice(0, BURST);
  if (updates.some(({ type }) => type === "update_vm")) {
    return [{ type: "create_revision", revision: newRevision(world.pool) }, ...updates];
  }
  const unused = (world.unusedRevisions ?? [])
    .map((name): PoolAction => ({ type: "delete_revision", name }));
  return [...updates, ...unused];
}

function additions({ pool, takenNames }: PoolWorld, count: number): PoolAction[] {
  const taken = new Set(takenNames);
  const names: string[] = [];
  for (let index = 0; names.length < count; index += 1) {
    const name = nameAt(pool, index);
    if (!taken.has(name)) names.push(name);
  }
  return [
    { type: "create_revision", revision: newRevision(pool) },
    ...names.map((name): PoolAction => ({ type: "create_vm", vm: newMachine(pool, name) })),
  ];
}

function scaleIn(
  { spec }: VirtualMachinePool,
  staying: readonly VirtualMachine[],
  count: number,
): PoolAction[] {
  const { unmanaged, opportunistic, proactive } = spec.scaleInStrategy ?? {};
  if (count <= 0 || unmanaged !== undefined || opportunistic !== undefined) return [];
  return selectMachines(staying, proactive?.selectionPolicy).slice(0, count)
    .map((vm) => removalOf(vm, "the pool became smaller"));
}

function removalOf({ metadata: { name, uid } }: VirtualMachine, why: string): PoolAction {
  return { type: "delete_vm", name, uid, why };
}

function failing(world: PoolWorld, machines: readonly VirtualMachine[]): VirtualMachine[] {
  return machines.filter((vm) => patienceOf(vm, world) === 0);
}

function nextHealingMs(
  world: PoolWorld,
  members: readonly VirtualMachine[],
): number | undefined {
  const due = members.map((vm) => patienceOf(vm, world) ?? 0).filter((ms) => ms > 0);
  return due.length === 0 ? undefined : Math.min(...due);
}

function patienceOf(
  vm: VirtualMachine,
  { pool: { spec: { autohealing } }, notReadyForMs = {} }: PoolWorld,
): number | undefined {
  if (autohealing === undefined) return undefined;
  return patienceMs(vm, { strategy: autohealing, notReadyForMs: notReadyForMs[vm.metadata.name] });
}

function statusOf(
  { pool, now }: PoolWorld,
  members: readonly VirtualMachine[],
): VirtualMachinePoolStatus {
  const ready = { type: "Ready", status: "True" };
  return {
    ...pool.status,
    conditions: withoutCondition(pausedCondition(pool, now), REPLICA_FAILURE),
    labelSelector: formatSelector(pool.spec.selector),
    readyReplicas: members.filter(({ status }) => hasCondition(status?.conditions, ready)).length,
    replicas: members.length,
  };
}

function pausedCondition(
  { spec, status }: VirtualMachinePool,
  now: string,
): VirtualMachinePoolCondition[] {
  if (spec.paused !== true) return withoutCondition(status?.conditions, REPLICA_PAUSED);
  const message = "Pool controller is paused";
  const paused = { type: REPLICA_PAUSED, status: "True", reason: "SuccessfulPaused", message };
  return withCondition(status?.conditions, paused, now);
}
