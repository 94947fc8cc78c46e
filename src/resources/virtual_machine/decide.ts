/**
 * The VM controller's decision: at most one instance per VM, named as the VM, started and stopped by run strategy.
 *
 *                       create (strategy, start request; back-off)
 *    Stopped ---------------------------------------------> Starting
 *      ^  ^                                                    |
 *      |  | delete (ended; strategy restarts it)               v  the instance's phase: VMI controller, then node agent
 *      |  +------------- ended <------------------------- Running / Paused
 *      |                                                       |
 *      +--------------- Stopping <-----------------------------+
 *                         delete (stop request, Halted)
 *
 *   VM deleted -> Terminating: the instance is deleted first, then the finalizer goes
 *   cannot be carried out -> condition Failure says why
 *
 * What is wanted of the instance is in run_strategy.ts, the word in the STATUS column in printable_status.ts.
 */
import { VIRTUAL_MACHINE_CONTROLLER_FINALIZER } from "../../api/labels.ts";
import { VirtualMachineFailureReason } from "../../api/conditions.ts";
import { VirtualMachinePrintableStatus, VirtualMachineRunStrategy } from "../../api/phases.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type {
  VirtualMachineStartFailure,
  VirtualMachineStateChangeRequest,
  VirtualMachineStatus,
} from "../../api/virtual_machine_status.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { Decision, EventRecord } from "../../runtime/reconciler.ts";
import { controllerOf } from "../owner_reference.ts";
import { backOffRemainingMs, nextStartFailure } from "./crash_loop_backoff.ts";
import { outdatedRevisionName, revisionOf } from "./revision.ts";
import { planRun, type RunPlan, runStrategyOf } from "./run_strategy.ts";
import { asksToStartPaused, pendingRequests } from "./state_change_requests.ts";
import { type Sizing, sizingOf } from "./sizing.ts";
import { type Failure, isPassing, statusAfter } from "./status.ts";
import { unservedField } from "./unserved_fields.ts";
import { vmiFromTemplate } from "./vmi_from_template.ts";
import type { VirtualMachineAction, VirtualMachineWorld } from "./world.ts";

/** A person who watches is told of what takes longer than this. */
const PASSING_STATUS_MS_MAX = 1_000;
/** An instance that ends before any cache has shown it is told of by nobody: so it is looked for. */
const CREATED_LOOK_MS = 5_000;

export type VirtualMachineDecision = Decision<VirtualMachineAction, VirtualMachineStatus>;

export function decideVirtualMachine(world: VirtualMachineWorld): VirtualMachineDecision {
  return world.vm.metadata.deletionTimestamp ? decideDeletion(world) : decideRun(world);
}

/** The instance of this name, unless it belongs to something else. One without owner is taken. */
function instanceOf({ vm, vmi }: VirtualMachineWorld): VirtualMachineInstance | undefined {
  const owner = vmi && controllerOf(vmi);
  return owner === undefined || owner.uid === vm.metadata.uid ? vmi : undefined;
}

/** With `--cascade=orphan` the instance stays: the garbage collector takes its owner reference away, and we let go. */
function decideDeletion(world: VirtualMachineWorld): VirtualMachineDecision {
  const { vm } = world;
  const vmi = instanceOf(world);
  const isOrphan = vmi !== undefined && controllerOf(vmi) === undefined;
  if (vmi === undefined || isOrphan || vm.metadata.finalizers?.includes("orphan") === true) {
    const status = vm.status ?? {};
    return { actions: hasFinalizer(vm) ? [{ type: "remove_finalizer" }] : [], status };
  }
  // Nothing else is written any more: whoever deletes a VM waits for its end, not for its conditions.
  const status = { ...vm.status, printableStatus: VirtualMachinePrintableStatus.Terminating };
  const deletion = { status, ...mayWait(vm, status) };
  if (vmi.metadata.deletionTimestamp) return { ...deletion, actions: [] };
  const why = "the virtual machine is being deleted";
  const action: VirtualMachineAction = { type: "delete_vmi", uid: vmi.metadata.uid, why };
  return { ...deletion, actions: [action], events: eventsOf(action, vm) };
}

function decideRun(world: VirtualMachineWorld): VirtualMachineDecision {
  const { vm, now } = world;
  const vmi = instanceOf(world);
  const runStrategy = runStrategyOf(vm);
  const requests = pendingRequests(vm.status?.stateChangeRequests, vmi);
  const previous = vm.status?.startFailure ?? undefined;
  const startFailure = nextStartFailure({ now, runStrategy, vmi, previous });
  const plan = planRun({
    runStrategy,
    lastRunStrategy: vm.status?.runStrategy,
    vmi,
    requests,
    backOffRemainingMs: backOffRemainingMs(startFailure, {
      now,
      seenForMs: startFailure === previous ? world.startFailureSeenForMs ?? 0 : 0,
    }),
  });
  return carryOut(plan, { world, vmi, requests, startFailure, sizing: sizingOf(world) });
}

interface Situation {
  world: VirtualMachineWorld;
  vmi: VirtualMachineInstance | undefined;
  requests: readonly VirtualMachineStateChangeRequest[];
  startFailure: VirtualMachineStartFailure | undefined;
  sizing: Sizing;
}

function carryOut(plan: RunPlan, situation: Situation): VirtualMachineDecision {
  const { world: { vm }, vmi, sizing } = situation;
  const failure = sizing.failure ??
    (plan.kind === "create" ? obstacleToStart(situation.world) : undefined);
  const paused = asksToStartPaused(situation.requests);
  const created = plan.kind === "create" && failure === undefined
    ? vmiFromTemplate(vm, { paused, sized: sizing.template })
    : undefined;
  const actions: VirtualMachineAction[] = [];
  if (!hasFinalizer(vm)) actions.push({ type: "add_finalizer" });
  if (vmi !== undefined && controllerOf(vmi) === undefined) {
    actions.push({ type: "adopt_vmi", uid: vmi.metadata.uid });
  }
  for (const revision of sizing.revisions) {
    actions.push({ type: "create_size_revision", revision });
  }
  if (created !== undefined) {
    actions.push({ type: "create_revision", revision: revisionOf(vm) });
    actions.push({ type: "create_vmi", vmi: created });
  }
  if (plan.kind === "delete" && vmi !== undefined) {
    actions.push({ type: "delete_vmi", uid: vmi.metadata.uid, why: plan.why });
    const name = outdatedRevisionName(vm, vmi);
    if (name !== undefined) actions.push({ type: "delete_revision", name });
  }
  if (plan.kind === "become_always") {
    actions.push({ type: "set_run_strategy", runStrategy: VirtualMachineRunStrategy.Always });
  }
  const status = statusAfter({ ...situation, plan, created, failure });
  return {
    actions,
    status,
    ...mayWait(vm, status),
    events: [...actions.flatMap((action) => eventsOf(action, vm)), ...failureEvents(vm, failure)],
    ...(plan.kind === "back_off" && { requeueAfterMs: plan.remainingMs }),
    ...(created !== undefined && { requeueAfterMs: CREATED_LOOK_MS }),
  };
}

/** A guest that starts or stops at once is told of once. */
function mayWait(vm: VirtualMachine, status: VirtualMachineStatus): { statusMayWaitMs?: number } {
  return isPassing(vm, status) ? { statusMayWaitMs: PASSING_STATUS_MS_MAX } : {};
}

/** Why the VM shall not be started although its run strategy says so. */
function obstacleToStart({ vm, vmi }: VirtualMachineWorld): Failure | undefined {
  const reason = VirtualMachineFailureReason.FailedCreate;
  const unserved = unservedField(vm);
  if (unserved !== undefined) return { reason, message: `Cannot start: ${unserved}` };
  // Whatever has this name now is not ours: `instanceOf` would have found it.
  const owner = vmi && controllerOf(vmi);
  if (owner === undefined) return undefined;
  const message = "Cannot create the instance: a VirtualMachineInstance of this name belongs to " +
    `${owner.kind} ${owner.name}`;
  return { reason, message };
}

function hasFinalizer(vm: VirtualMachine): boolean {
  return vm.metadata.finalizers?.includes(VIRTUAL_MACHINE_CONTROLLER_FINALIZER) === true;
}

function eventsOf(action: VirtualMachineAction, vm: VirtualMachine): EventRecord[] {
  const { name } = vm.metadata;
  const normal = { regarding: vm, type: "Normal" as const };
  switch (action.type) {
    case "create_vmi": {
      const message =
        `Started the virtual machine by creating the new virtual machine instance ${name}`;
      return [{ ...normal, reason: "SuccessfulCreate", message }];
    }
    case "delete_vmi": {
      const message = "Stopped the virtual machine by deleting the virtual machine instance " +
        `${name} with uid ${action.uid}`;
      return [{ ...normal, reason: "SuccessfulDelete", message }];
    }
    default:
      return [];
  }
}

/** Told once: after that the status says it. */
function failureEvents(vm: VirtualMachine, failure: Failure | undefined): EventRecord[] {
  if (failure === undefined) return [];
  const isShown = (vm.status?.conditions ?? []).some((condition) =>
    condition.type === "Failure" && condition.message === failure.message
  );
  return isShown ? [] : [{ regarding: vm, type: "Warning", ...failure }];
}
