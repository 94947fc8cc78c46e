/**
 * The migration controller's decision. Live migration is not built yet, so no migration succeeds; each is told why it cannot.
 *
 *   "" --> Pending --guest runs--> Failed: not migratable | no other node | not supported yet
 *     \------------------------> Failed: no such guest | it has ended | another migration of it is under way
 *   Failed --> finalizer removed; the five youngest of a guest are kept
 *   deleted --> finalizer removed: nothing has been started that would have to be ended
 */
import { VirtualMachineInstanceConditionType } from "../../api/conditions.ts";
import { VIRTUAL_MACHINE_INSTANCE_MIGRATION_FINALIZER } from "../../api/labels.ts";
import type {
  VirtualMachineInstanceMigration,
  VirtualMachineInstanceMigrationStatus,
} from "../../api/migration.ts";
import {
  isFinalPhase,
  MigrationPhase as Phase,
  VirtualMachineInstancePhase,
} from "../../api/phases.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { Decision } from "../../runtime/reconciler.ts";
import { findCondition, withCondition } from "../condition.ts";
import { matchingPolicy } from "../migration_policy/matching_policy.ts";
import { toWholeSeconds } from "../timestamp.ts";
import type { MigrationAction, MigrationWorld } from "./world.ts";

export type MigrationDecision = Decision<MigrationAction, VirtualMachineInstanceMigrationStatus>;

/** Condition of a migration that cannot be: its reason and message say why. denovirt's own. */
export const MIGRATION_REJECTED = "migrationRejected";
/** Finished migrations that are kept for each guest. KubeVirt's number. */
const FINISHED_KEPT = 5;

export function decideMigration(world: MigrationWorld): MigrationDecision {
  const { migration } = world;
  const { status = {} } = migration;
  if (migration.metadata.deletionTimestamp) return { actions: letGo(migration), status };
  if (isFinished(migration)) return { actions: [...letGo(migration), ...pruned(world)], status };
  const rejection = rejectionOf(world);
  if (rejection === undefined) return { actions: [], status: enter(world, Phase.Pending) };
  return fail(world, rejection);
}

export function isFinished({ status }: VirtualMachineInstanceMigration): boolean {
  return status?.phase === Phase.Succeeded || status?.phase === Phase.Failed;
}

function letGo({ metadata }: VirtualMachineInstanceMigration): MigrationAction[] {
  const isHeld = metadata.finalizers?.includes(VIRTUAL_MACHINE_INSTANCE_MIGRATION_FINALIZER);
  return isHeld ? [{ type: "remove_finalizer" }] : [];
}

/** Each looks for itself whether it is among those that are kept. */
function pruned({ migration, siblings }: MigrationWorld): MigrationAction[] {
  const younger = siblings.filter((other) => isFinished(other) && isYounger(other, migration));
  return younger.length < FINISHED_KEPT
    ? []
    : [{ type: "delete_migration", uid: migration.metadata.uid }];
}

interface Rejection {
  reason: string;
  message: string;
}

/** The first of these; `undefined`: it has yet to be seen. */
function rejectionOf(world: MigrationWorld): Rejection | undefined {
  const { migration: { spec }, vmi } = world;
  if (spec.sendTo !== undefined || spec.receive !== undefined) {
    const message = "migrations between clusters are not supported";
    return { reason: "DecentralizedNotSupported", message };
  }
  if (vmi === undefined) {
    return { reason: "VMINotExists", message: `the VMI ${spec.vmiName} does not exist` };
  }
  if (isFinalPhase(vmi.status?.phase) || vmi.metadata.deletionTimestamp) {
    return { reason: "VMIEnded", message: "the VMI has ended or is being deleted" };
  }
  return rivalOf(world) ?? unmovable(vmi, world);
}

function rivalOf({ migration, siblings }: MigrationWorld): Rejection | undefined {
  const rival = siblings.find((other) => !isFinished(other) && isYounger(migration, other));
  if (rival === undefined) return undefined;
  const message = `migration ${rival.metadata.name} of this VMI is already in progress`;
  return { reason: "MigrationInProgress", message };
}

function unmovable(vmi: VirtualMachineInstance, world: MigrationWorld): Rejection | undefined {
  if (vmi.status?.phase !== VirtualMachineInstancePhase.Running) return undefined;
  const { LiveMigratable } = VirtualMachineInstanceConditionType;
  const migratable = findCondition(vmi.status.conditions, LiveMigratable);
  if (world.targetNodes === 0) {
    const message = `there is no other node to move to than ${vmi.status.nodeName}`;
    return { reason: "NoTargetNode", message };
  }
  // The node's agent has yet to say whether the guest can move.
  if (migratable === undefined) return undefined;
  if (migratable.status !== "True") {
    const { reason = "", message = "" } = migratable;
    return { reason, message: `Cannot migrate VMI, Reason: ${reason}, Message: ${message}` };
  }
  const message = "live migration is not supported by this release";
  return { reason: "LiveMigrationNotSupported", message };
}

function fail(world: MigrationWorld, { reason, message }: Rejection): MigrationDecision {
  const { migration, vmi, now } = world;
  const status = enter(world, Phase.Failed);
  const rejected = { type: MIGRATION_REJECTED, status: "True", reason, message };
  const policy = vmi && matchingPolicy(world.policies, vmi, world.namespaceLabels);
  const at = toWholeSeconds(now);
  const event = { type: "Warning" as const, reason: "FailedMigration" };
  const told = `Migration ${migration.metadata.name} failed: ${message}`;
  return {
    actions: [],
    status: {
      ...status,
      conditions: withCondition(status.conditions, rejected, now),
      migrationState: {
        ...status.migrationState,
        migrationUid: migration.metadata.uid,
        completed: true,
        failed: true,
        failureReason: message,
        startTimestamp: at,
        endTimestamp: at,
        ...(policy !== undefined && { migrationPolicyName: policy.metadata.name }),
        ...(vmi?.status?.nodeName !== undefined && { sourceNode: vmi.status.nodeName }),
      },
    },
    events: [
      { ...event, regarding: migration, message },
      ...(vmi === undefined ? [] : [{ ...event, regarding: vmi, message: told }]),
    ],
  };
}

function enter(
  { migration: { status = {} }, now }: MigrationWorld,
  phase: string,
): VirtualMachineInstanceMigrationStatus {
  if (status.phase === phase) return status;
  const transition = { phase, phaseTransitionTimestamp: toWholeSeconds(now) };
  const before = status.phaseTransitionTimestamps ?? [];
  return { ...status, phase, phaseTransitionTimestamps: [...before, transition] };
}

/** Of the same second the name decides. */
function isYounger(
  a: VirtualMachineInstanceMigration,
  b: VirtualMachineInstanceMigration,
): boolean {
  const age = ({ metadata: { creationTimestamp = "", name } }: VirtualMachineInstanceMigration) =>
    `${creationTimestamp}/${name}`;
  return a.metadata.uid !== b.metadata.uid && age(a) > age(b);
}
