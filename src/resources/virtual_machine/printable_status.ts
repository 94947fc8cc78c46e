/** `status.printableStatus`, the STATUS column: the first row that holds. The order is part of the API. */
import {
  POD_UNSCHEDULABLE_REASON,
  SynchronizedReason,
  VirtualMachineInstanceConditionType,
} from "../../api/conditions.ts";
import {
  isFinalPhase,
  VirtualMachineInstancePhase,
  VirtualMachinePrintableStatus as Printable,
  VirtualMachineRunStrategy,
} from "../../api/phases.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { hasCondition } from "../condition.ts";
import { countsStartFailures } from "./crash_loop_backoff.ts";
import type { InstanceView } from "./state_change_requests.ts";

export interface PrintableStatusFacts {
  runStrategy: string;
  /** The VM itself is being deleted. */
  terminating: boolean;
  /** The instance, or the one that is being created by this very decision. */
  vmi: InstanceView | undefined;
  /** This decision deletes the instance. */
  deletesInstance: boolean;
  consecutiveFailCount: number;
}

type Row = readonly [string, (facts: PrintableStatusFacts) => boolean];

// The rows of DataVolumeError, Provisioning and WaitingForVolumeBinding stand between these once storage is served.
const ROWS: readonly Row[] = [
  [Printable.Terminating, (facts) => facts.terminating],
  [Printable.Stopping, isStopping],
  [Printable.Migrating, isMigrating],
  [
    Printable.Paused,
    (facts) => inPhase(facts, VirtualMachineInstancePhase.Running) && isPaused(facts),
  ],
  [Printable.Running, (facts) => inPhase(facts, VirtualMachineInstancePhase.Running)],
  [Printable.ErrorPvcNotFound, (facts) => failsToSync(facts, SynchronizedReason.FailedPvcNotFound)],
  [Printable.ErrorUnschedulable, isUnschedulable],
  [Printable.ErrImagePull, (facts) => failsToSync(facts, SynchronizedReason.ErrImagePull)],
  [Printable.ImagePullBackOff, (facts) => failsToSync(facts, SynchronizedReason.ImagePullBackOff)],
  [Printable.Starting, isStarting],
  [Printable.CrashLoopBackOff, isCrashLooping],
  [Printable.Stopped, (facts) => facts.vmi === undefined || hasEnded(facts)],
  [
    Printable.WaitingForReceiver,
    (facts) =>
      facts.runStrategy === VirtualMachineRunStrategy.WaitAsReceiver &&
      inPhase(facts, VirtualMachineInstancePhase.WaitingForSync),
  ],
];

export function printableStatus(facts: PrintableStatusFacts): string {
  return ROWS.find(([, holds]) => holds(facts))?.[0] ?? Printable.Unknown;
}

function phaseOf(vmi: InstanceView): string {
  return vmi.status?.phase ?? VirtualMachineInstancePhase.Unset;
}

function inPhase({ vmi }: PrintableStatusFacts, ...phases: string[]): boolean {
  return vmi !== undefined && phases.includes(phaseOf(vmi));
}

function hasEnded({ vmi }: PrintableStatusFacts): boolean {
  return vmi !== undefined && isFinalPhase(phaseOf(vmi));
}

function isStopping(facts: PrintableStatusFacts): boolean {
  return facts.vmi !== undefined && !hasEnded(facts) &&
    (Boolean(facts.vmi.metadata.deletionTimestamp) || facts.deletesInstance);
}

function isMigrating({ vmi }: PrintableStatusFacts): boolean {
  const migration = vmi?.status?.migrationState;
  return Boolean(migration?.startTimestamp) && migration?.completed !== true &&
    migration?.failed !== true;
}

function isPaused({ vmi }: PrintableStatusFacts): boolean {
  const type = VirtualMachineInstanceConditionType.Paused;
  return hasCondition(conditionsOf(vmi), { type, status: "True" });
}

function isUnschedulable({ vmi }: PrintableStatusFacts): boolean {
  const type = VirtualMachineInstanceConditionType.PodScheduled;
  return hasCondition(conditionsOf(vmi), {
    type,
    status: "False",
    reason: POD_UNSCHEDULABLE_REASON,
  });
}

function failsToSync({ vmi }: PrintableStatusFacts, reason: string): boolean {
  const type = VirtualMachineInstanceConditionType.Synchronized;
  return hasCondition(conditionsOf(vmi), { type, status: "False", reason });
}

function conditionsOf(
  vmi: InstanceView | undefined,
): NonNullable<VirtualMachineInstance["status"]>["conditions"] {
  return vmi?.status?.conditions;
}

function isStarting(facts: PrintableStatusFacts): boolean {
  const { Unset, Pending, Scheduling, Scheduled } = VirtualMachineInstancePhase;
  return inPhase(facts, Unset, Pending, Scheduling, Scheduled);
}

function isCrashLooping(facts: PrintableStatusFacts): boolean {
  return (facts.vmi === undefined || hasEnded(facts)) && facts.consecutiveFailCount > 0 &&
    countsStartFailures(facts.runStrategy);
}
