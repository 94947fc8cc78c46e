/**
 * The replica set controller's decision: as many instances as asked for, all alike.
 *
 *   too few   -> instances are made under names of the set
 *   too many  -> those are deleted that serve least: not running, not ready, youngest
 *   ended     -> deleted, and replaced by another
 *   without owner and selected -> adopted;  ours and no longer selected -> let go
 *
 * An instance counts until it has ended, also while it is being deleted. A paused set is only looked at. One that is being
 * deleted leaves its instances to the garbage collector.
 */
import { VirtualMachineInstanceConditionType } from "../../api/conditions.ts";
import { isFinalPhase, VirtualMachineInstancePhase as Phase } from "../../api/phases.ts";
import type {
  VirtualMachineInstanceReplicaSet,
  VirtualMachineInstanceReplicaSetStatus,
} from "../../api/replica_set.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { Decision, EventRecord } from "../../runtime/reconciler.ts";
import { hasCondition, withCondition, withoutCondition } from "../condition.ts";
import type { NewObject } from "../core_objects.ts";
import { formatSelector, matchesSelector } from "../label_selector.ts";
import { controllerOf, controllerReference, isControlledBy } from "../owner_reference.ts";
import { freeNames } from "./instance_names.ts";
import type { ReplicaSetAction, ReplicaSetWorld } from "./world.ts";

export type ReplicaSetStatus = NonNullable<VirtualMachineInstanceReplicaSetStatus>;
export type ReplicaSetDecision = Decision<ReplicaSetAction, ReplicaSetStatus>;

/** How many instances are made or deleted in one pass: a number too high must not take the cluster with it. */
const BURST = 250;
/** While instances come and go their number changes all the time. */
const PASSING_COUNT_MS_MAX = 1_000;
/** An instance that ends before any cache has shown it is told of by nobody: so it is looked for. */
const CREATED_LOOK_MS = 5_000;

export function decideReplicaSet(world: ReplicaSetWorld): ReplicaSetDecision {
  const { set } = world;
  const members = membersOf(world);
  const status = statusOf(world, members);
  if (set.metadata.deletionTimestamp) return { actions: [], status };
  const actions = [
    ...changesOfOwner(world),
    ...(set.spec.paused === true ? [] : changesOfNumber(world, members)),
  ];
  const isScaling = actions.length > 0 || members.active.length !== wanted(set);
  return {
    actions,
    status,
    ...(isScaling && { statusMayWaitMs: PASSING_COUNT_MS_MAX }),
    events: actions.flatMap((action) => eventsOf(action, set)),
    ...(actions.some(({ type }) => type === "create_vmi") && { requeueAfterMs: CREATED_LOOK_MS }),
  };
}

interface Members {
  active: readonly VirtualMachineInstance[];
  ended: readonly VirtualMachineInstance[];
}

/** What is about to be adopted counts already: it takes the place of one that would be made. */
function membersOf({ set, instances }: ReplicaSetWorld): Members {
  const ours = instances.filter((vmi) =>
    isSelected(set, vmi) && (isControlledBy(vmi, set.metadata.uid) || isFree(vmi))
  );
  return {
    active: ours.filter((vmi) => !isFinalPhase(vmi.status?.phase)),
    ended: ours.filter((vmi) => isFinalPhase(vmi.status?.phase)),
  };
}

/** Whether any set that selects it may take it. */
function isFree(vmi: VirtualMachineInstance): boolean {
  return controllerOf(vmi) === undefined && !isFinalPhase(vmi.status?.phase) &&
    !vmi.metadata.deletionTimestamp;
}

function isSelected(
  { spec }: VirtualMachineInstanceReplicaSet,
  { metadata }: VirtualMachineInstance,
): boolean {
  return matchesSelector(spec.selector, metadata.labels);
}

function wanted({ spec }: VirtualMachineInstanceReplicaSet): number {
  return spec.replicas ?? 1;
}

function changesOfOwner({ set, instances }: ReplicaSetWorld): ReplicaSetAction[] {
  return instances.flatMap((vmi): ReplicaSetAction[] => {
    const { name, deletionTimestamp } = vmi.metadata;
    const isSelectedNow = isSelected(set, vmi);
    if (isFree(vmi)) return isSelectedNow ? [{ type: "adopt_vmi", name }] : [];
    const isOurs = isControlledBy(vmi, set.metadata.uid);
    const isLetGo = isOurs && !isSelectedNow && !deletionTimestamp;
    return isLetGo ? [{ type: "release_vmi", name }] : [];
  });
}

function changesOfNumber(world: ReplicaSetWorld, { active, ended }: Members): ReplicaSetAction[] {
  const { set, instances } = world;
  const removals = ended.filter(({ metadata }) => !metadata.deletionTimestamp).map(deletionOf);
  const missing = wanted(set) - active.length;
  if (missing > 0) {
    const taken = new Set(instances.map(({ metadata }) => metadata.name));
    const names = freeNames(set.metadata, { count: Math.min(missing, BURST), taken });
    return [...removals, ...names.map((name) => creationOf(set, name))];
  }
  const leaving = active.filter(({ metadata }) => metadata.deletionTimestamp);
  const surplus = Math.min(-missing - leaving.length, BURST);
  if (surplus <= 0) return removals;
  // What has yet to be adopted is deleted once it is ours.
  const staying = active.filter((vmi) =>
    !vmi.metadata.deletionTimestamp && isControlledBy(vmi, set.metadata.uid)
  );
  return [...removals, ...[...staying].sort(byUse).slice(0, surplus).map(deletionOf)];
}

function deletionOf({ metadata: { name, uid } }: VirtualMachineInstance): ReplicaSetAction {
  return { type: "delete_vmi", name, uid };
}

/** Those that serve least come first. */
function byUse(a: VirtualMachineInstance, b: VirtualMachineInstance): number {
  return use(a) - use(b) ||
    (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? "") ||
    a.metadata.name.localeCompare(b.metadata.name);
}

function use(vmi: VirtualMachineInstance): number {
  if (isReady(vmi)) return 2;
  return vmi.status?.phase === Phase.Running ? 1 : 0;
}

function isReady({ status }: VirtualMachineInstance): boolean {
  const ready = { type: VirtualMachineInstanceConditionType.Ready, status: "True" };
  return hasCondition(status?.conditions, ready);
}

function creationOf(set: VirtualMachineInstanceReplicaSet, name: string): ReplicaSetAction {
  const { metadata, spec = { domain: { devices: {} } } } = set.spec.template;
  const { namespace } = set.metadata;
  const vmi: NewObject<VirtualMachineInstance> = {
    apiVersion: set.apiVersion,
    kind: "VirtualMachineInstance",
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(metadata?.labels !== undefined && { labels: metadata.labels }),
      ...(metadata?.annotations !== undefined && { annotations: metadata.annotations }),
      ownerReferences: [controllerReference(set)],
    },
    spec,
  };
  return { type: "create_vmi", vmi };
}

function statusOf({ set, now }: ReplicaSetWorld, { active }: Members): ReplicaSetStatus {
  const { conditions: before } = set.status ?? {};
  const paused = { type: "ReplicaPaused", status: "True", reason: "Paused" };
  const conditions = set.spec.paused === true
    ? withCondition(before, { ...paused, message: "Controller got paused" }, now)
    : withoutCondition(before, paused.type);
  return {
    ...set.status,
    conditions: withoutCondition(conditions, REPLICA_FAILURE),
    labelSelector: formatSelector(set.spec.selector),
    readyReplicas: active.filter(isReady).length,
    replicas: active.length,
  };
}

/** Condition of a set that cannot make or delete instances. */
export const REPLICA_FAILURE = "ReplicaFailure";

function eventsOf(
  action: ReplicaSetAction,
  set: VirtualMachineInstanceReplicaSet,
): EventRecord[] {
  const normal = { regarding: set, type: "Normal" as const };
  switch (action.type) {
    case "create_vmi": {
      const message = `Created virtual machine instance ${action.vmi.metadata.name}`;
      return [{ ...normal, reason: "SuccessfulCreate", message }];
    }
    case "delete_vmi": {
      const message = `Deleted virtual machine instance ${action.name} with uid ${action.uid}`;
      return [{ ...normal, reason: "SuccessfulDelete", message }];
    }
    default:
      return [];
  }
}
