/**
 * The VMI controller's decision: from the wish for a guest to a pod on a node, and from the end of the guest to the end of
 * the object. What lies between is the node agent's.
 *
 *   "" / Pending --create pod--> Scheduling --containers are up--> Scheduled ==hand-over==> (agent: Running, Paused, ...)
 *        |                           |                                 |                              |
 *        | deleted                   | pod ended or gone               | pod gone                     | guest ended
 *        v                           v                                 v                              v
 *      Failed                      Failed                            Failed                  Succeeded / Failed
 *                                                                                                     |
 *   Succeeded / Failed: pods that still run are deleted after a while; once all have ended -> finalizer removed
 *   (the agent takes it away itself, with the final phase, where it can tell that nothing is left)
 *   A pod that is up at once: Pending -> Scheduled in one write, with the times of both phases
 *
 * Something asked for cannot be done: the phase stays, condition Synchronized=False says what (unserved field, image that
 * cannot be pulled), PodScheduled=False that no node fits.
 */
import { SynchronizedReason, VirtualMachineInstanceReadyReason } from "../../api/conditions.ts";
import {
  KEEP_LAUNCHER_AFTER_FAILURE_ANNOTATION,
  NODE_NAME_LABEL,
  VIRTUAL_MACHINE_INSTANCE_FINALIZER,
} from "../../api/labels.ts";
import { isFinalPhase, VirtualMachineInstancePhase as Phase } from "../../api/phases.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { VirtualMachineInstanceStatus } from "../../api/virtual_machine_instance_status.ts";
import type { Decision, EventRecord } from "../../runtime/reconciler.ts";
import { findCondition } from "../condition.ts";
import type { Pod } from "../core_objects.ts";
import { isEqualJson } from "../merge_patch.ts";
import { automaticLimits } from "./automatic_limits.ts";
import { claimProblem } from "./claims.ts";
import {
  notReady,
  type Problem,
  withoutPodProblems,
  withPodProblems,
  withProblem,
} from "./conditions.ts";
import { isOurFinalizer, withoutOurFinalizers } from "./finalizers.ts";
import { startedRevisionName } from "../virtual_machine/revision.ts";
import { handOverStatus } from "./hand_over.ts";
import { isHandedOverTo, leaseAnnotations } from "./lease.ts";
import { endingOf, hasTerminated, isReadyForGuest } from "./launcher_pod_state.ts";
import { enteredPhaseAt, enterPhase, laterTime } from "./phase_transition.ts";
import { launcherPod } from "./pod.ts";
import { unservedFields, unservedMessage } from "./unserved_fields.ts";
import type {
  VirtualMachineInstanceAction,
  VirtualMachineInstanceState,
  VirtualMachineInstanceWorld,
} from "./world.ts";

export type VirtualMachineInstanceDecision = Decision<
  VirtualMachineInstanceAction,
  VirtualMachineInstanceState
>;

/** No guest runs in it, so there is nothing to wait for; 0 would mean not to wait for the kubelet either. */
const UNUSED_POD_GRACE_SECONDS = 1;
/** The agent releases the envelope when the guest has ended, and the pod ends by itself. One that does not is deleted. */
const FINAL_POD_MS_MAX = 30_000;

/** How soon a claim that does not exist is looked for again. */
const CLAIM_RECHECK_MS = 5_000;

/** A pod that is up within this time makes an instance Scheduled without it having been Scheduling before. */
const SCHEDULING_UNTOLD_MS_MAX = 1_000;
/** How soon an instance is looked at again whose pods the cache does not show yet, or will never show. */
const CACHE_LAG_MS = 2_000;

export function decideVirtualMachineInstance(
  world: VirtualMachineInstanceWorld,
): VirtualMachineInstanceDecision {
  const decision = decideByPhase(world);
  return world.cacheIsBehind && world.pods.length > 0
    ? { ...decision, requeueAfterMs: CACHE_LAG_MS }
    : decision;
}

function decideByPhase(world: VirtualMachineInstanceWorld): VirtualMachineInstanceDecision {
  const { vmi } = world;
  if (isFinalPhase(vmi.status?.phase)) return decideFinal(world);
  if (isHandedOver(vmi)) return decideHandedOver(world);
  return vmi.metadata.deletionTimestamp ? decideGivenUp(world) : decideStart(world);
}

/** From here on the node's agent writes the status. */
export function isHandedOver(vmi: VirtualMachineInstance): boolean {
  const { phase = Phase.Unset, nodeName } = vmi.status ?? {};
  const isBefore = phase === Phase.Unset || phase === Phase.Pending || phase === Phase.Scheduling;
  return !isBefore && Boolean(nodeName);
}

// ---- before the hand-over ---------------------------------------------------------------------------------------------

function decideStart(world: VirtualMachineInstanceWorld): VirtualMachineInstanceDecision {
  const { vmi, pods, now } = world;
  const pod = newest(pods);
  if (pod === undefined) {
    return vmi.status?.phase === Phase.Scheduling
      ? fail(world, { reason: "PodNotExists", message: "The launcher pod is gone" })
      : decideCreate(world);
  }
  if (hasTerminated(pod)) {
    const message = `The launcher pod ended before the guest was started: ${endingOf(pod)}`;
    return fail(world, { reason: pod.status?.reason || "PodEnded", message });
  }
  const state = stateOf(vmi);
  if (isReadyForGuest(pod)) return { actions: [], status: handOver(world, pod) };
  const scheduling = enterPhase(state.status, Phase.Scheduling, now);
  const status = withPodProblems(scheduling, pod, now);
  return { actions: [], status: { ...state, status }, ...mayWait(vmi, status) };
}

/**
 * That there is a pod, and nothing else, is told once it takes a while. Nothing depends on it: a pod is found again by its
 * name. An instance that lacks its finalizer is not kept waiting for it.
 */
function mayWait(
  { metadata, status: before }: VirtualMachineInstance,
  after: VirtualMachineInstanceStatus,
): { statusMayWaitMs?: number } {
  const isHeld = metadata.finalizers?.some(isOurFinalizer) === true;
  const isPhaseAlone = before?.phase !== after.phase &&
    isEqualJson(before?.conditions ?? [], after.conditions ?? []);
  return isHeld && isPhaseAlone ? { statusMayWaitMs: SCHEDULING_UNTOLD_MS_MAX } : {};
}

function decideCreate(world: VirtualMachineInstanceWorld): VirtualMachineInstanceDecision {
  const { vmi, now } = world;
  const state = stateOf(vmi);
  const problem = unservedProblem(vmi) ?? claimProblem(vmi, world.claims);
  if (problem !== undefined) {
    const status = withProblem(enterPhase(state.status, Phase.Pending, now), problem, now);
    const events = problemEvents(vmi, problem);
    // A spec does not change any more, but a claim may come into being. Claims are not watched.
    const isWaiting = problem.reason === SynchronizedReason.FailedPvcNotFound;
    return {
      actions: [],
      status: { ...state, status },
      events,
      ...(isWaiting && { requeueAfterMs: CLAIM_RECHECK_MS }),
    };
  }
  const pod = launcherPod({ ...world, limits: automaticLimits(world) });
  const message = `Created virtual machine pod ${pod.metadata.name}`;
  // The status is written after the pod has been created, so this phase is true by then.
  const status = withProblem(enterPhase(state.status, Phase.Scheduling, now), undefined, now);
  return {
    actions: [{ type: "create_pod", pod }],
    status: { ...state, status },
    ...mayWait(vmi, status),
    events: [{ regarding: vmi, type: "Normal", reason: "SuccessfulCreate", message }],
  };
}

function unservedProblem({ spec }: VirtualMachineInstance): Problem | undefined {
  const unserved = unservedFields(spec);
  if (unserved.length === 0) return undefined;
  return { reason: SynchronizedReason.FailedCreate, message: unservedMessage(unserved) };
}

function handOver(world: VirtualMachineInstanceWorld, pod: Pod): VirtualMachineInstanceState {
  const { vmi, now } = world;
  const state = stateOf(vmi);
  const revision = startedRevisionName(vmi);
  const scheduledAt = laterTime(enteredPhaseAt(state.status), pod.metadata.creationTimestamp, now);
  const scheduling = enterPhase(state.status, Phase.Scheduling, scheduledAt);
  const status = withPodProblems(enterPhase(scheduling, Phase.Scheduled, now), pod, now);
  return {
    ...state,
    labels: { ...state.labels, [NODE_NAME_LABEL]: pod.spec.nodeName ?? "" },
    annotations: leaseAnnotations(vmi, pod),
    status: {
      ...status,
      ...handOverStatus(world, pod),
      ...(revision !== undefined && { virtualMachineRevisionName: revision }),
    },
  };
}

/** Deleted before a guest was started: the pod goes at once. */
function decideGivenUp(world: VirtualMachineInstanceWorld): VirtualMachineInstanceDecision {
  const { vmi, now } = world;
  const running = world.pods.filter((pod) => !hasTerminated(pod));
  const state = stateOf(vmi);
  if (running.length > 0) {
    return { actions: deletions(running), status: state, events: deletionEvents(vmi, running) };
  }
  const status = notReady(
    enterPhase(withoutPodProblems(withProblem(state.status, undefined, now)), Phase.Failed, now),
    VirtualMachineInstanceReadyReason.PodNotExists,
    now,
  );
  return { actions: [], status: { ...released(state), status } };
}

// ---- after the hand-over ----------------------------------------------------------------------------------------------

/**
 * A pod that has ended is still the agent's to judge: it knows how the guest ended. One that is gone is nobody's. A pod that
 * was made once more, by a controller that did not know of the hand-over yet, gets no guest, so it goes.
 */
function decideHandedOver(world: VirtualMachineInstanceWorld): VirtualMachineInstanceDecision {
  const { vmi, pods } = world;
  const state = stateOf(vmi);
  if (pods.some((pod) => isHandedOverTo(vmi, pod))) return { actions: [], status: state };
  const unused = pods.filter((pod) => !hasTerminated(pod));
  return unused.length === 0
    ? fail(world, { reason: "PodNotExists", message: "The launcher pod is gone" })
    : { actions: deletions(unused), status: state, events: deletionEvents(vmi, unused) };
}

function decideFinal(world: VirtualMachineInstanceWorld): VirtualMachineInstanceDecision {
  const { vmi } = world;
  const running = world.pods.filter((pod) => !hasTerminated(pod));
  const state = stateOf(vmi);
  if (running.length === 0) return { actions: [], status: released(state) };
  if (isKeptForInspection(vmi)) return { actions: [], status: state };
  const waitMs = finalPodWaitMs(world);
  return waitMs > 0
    ? { actions: [], status: state, requeueAfterMs: waitMs }
    : { actions: deletions(running), status: state, events: deletionEvents(vmi, running) };
}

/** How much longer a pod may take to end by itself; nothing for one that never had a guest. */
function finalPodWaitMs({ vmi, endedForMs = 0 }: VirtualMachineInstanceWorld): number {
  return vmi.status?.nodeName ? Math.max(0, FINAL_POD_MS_MAX - endedForMs) : 0;
}

function isKeptForInspection(vmi: VirtualMachineInstance): boolean {
  return vmi.status?.phase === Phase.Failed && !vmi.metadata.deletionTimestamp &&
    vmi.metadata.annotations?.[KEEP_LAUNCHER_AFTER_FAILURE_ANNOTATION] === "true";
}

// ---- parts of outcomes ------------------------------------------------------------------------------------------------

/** The instance as it is, with the finalizer that admission normally puts on. */
function stateOf({ metadata, status }: VirtualMachineInstance): VirtualMachineInstanceState {
  const finalizers = metadata.finalizers ?? [];
  const isHeld = finalizers.some(isOurFinalizer);
  const needed = isHeld || Boolean(metadata.deletionTimestamp) || isFinalPhase(status?.phase)
    ? []
    : [VIRTUAL_MACHINE_INSTANCE_FINALIZER];
  return {
    labels: metadata.labels ?? {},
    finalizers: [...finalizers, ...needed],
    status: status ?? {},
  };
}

function released(state: VirtualMachineInstanceState): VirtualMachineInstanceState {
  return { ...state, finalizers: withoutOurFinalizers(state.finalizers) };
}

/** Failed, and let go of when no pod of it still runs. */
function fail(
  world: VirtualMachineInstanceWorld,
  problem: Problem,
): VirtualMachineInstanceDecision {
  const { vmi, pods, now } = world;
  const state = stateOf(vmi);
  const shown = vmi.metadata.deletionTimestamp ? undefined : problem;
  const told = withoutPodProblems(withProblem(state.status, shown, now));
  const failed = enterPhase(told, Phase.Failed, now);
  const status = {
    ...notReady(failed, VirtualMachineInstanceReadyReason.PodNotExists, now),
    reason: problem.reason,
  };
  const next = pods.every(hasTerminated) ? released(state) : state;
  return { actions: [], status: { ...next, status }, events: problemEvents(vmi, problem) };
}

function deletions(pods: readonly Pod[]): VirtualMachineInstanceAction[] {
  return pods.filter((pod) => !pod.metadata.deletionTimestamp).map(({ metadata }) => ({
    type: "delete_pod",
    name: metadata.name,
    uid: metadata.uid,
    gracePeriodSeconds: UNUSED_POD_GRACE_SECONDS,
  }));
}

function deletionEvents(vmi: VirtualMachineInstance, pods: readonly Pod[]): EventRecord[] {
  return deletions(pods).map((action) => {
    const message = `Deleted virtual machine pod ${"name" in action ? action.name : ""}`;
    return { regarding: vmi, type: "Normal", reason: "SuccessfulDelete", message };
  });
}

/** Told once: after that the condition says it. */
function problemEvents(vmi: VirtualMachineInstance, problem: Problem): EventRecord[] {
  const shown = findCondition(vmi.status?.conditions, "Synchronized");
  return shown?.message === problem.message
    ? []
    : [{ regarding: vmi, type: "Warning", ...problem }];
}

function newest(pods: readonly Pod[]): Pod | undefined {
  const born = (pod: Pod) => pod.metadata.creationTimestamp ?? "";
  return pods.toSorted((a, b) => born(a) < born(b) ? 1 : -1)[0];
}
