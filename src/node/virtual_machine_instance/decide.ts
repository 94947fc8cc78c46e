/**
 * The node's half of a VMI's life. Phases up to Scheduled belong to the control plane; from there on:
 *
 *              launch                     domain runs, is blocked or paused
 *   Scheduled -------> (domain starts) -------------------------------------> Running
 *       |                    |                                                  |
 *       | spec refused, launch failed for good,                                 | shut off by the guest, or as asked
 *       | deleted before there was a domain                                     +--------------> Succeeded
 *       |                    |                                                  | crashed, killed, lost, or still
 *       +--------------------+--------> Failed <--------------------------------+ there when the grace period ended
 *
 *   Succeeded, Failed -> status is written first; then the envelope is released; then the domain is forgotten.
 *   The same of a VMI that is being deleted -> the envelope is released; when the pod has ended, one write ends the VMI, with
 *   its final phase and without its finalizer; then the domain is forgotten. Until then its own record says how it ended.
 *
 * One guest of an instance at a time: a domain that was started for an earlier hand-over is ended first (fence.ts), and no guest
 * is started beside one of the same name, nor for a hand-over that is older than one that was seen on the node.
 *
 * VMI or pod deleted, or its container told to stop -> the power button is pressed every 5 s until the grace period ends; then the guest is destroyed.
 * A domain that could not be looked at ("unknown") moves nothing: it is looked at again. One whose VMM does not answer stays
 * Running and is not ready; in the end it is destroyed like any other.
 */
import { isFinalPhase, VirtualMachineInstancePhase as Phase } from "../../api/phases.ts";
import type { VirtualMachineInstanceStatus } from "../../api/virtual_machine_instance_status.ts";
import { NODE_NAME_LABEL } from "../../api/labels.ts";
import type { DomainObservation } from "../../hypervisor/hypervisor.ts";
import { addMs, msUntil } from "../../resources/timestamp.ts";
import { leaseOf } from "../../resources/virtual_machine_instance/lease.ts";
import type { Decision, EventRecord } from "../../runtime/reconciler.ts";
import { faultEvents } from "./guest_faults.ts";
import { finalPhase } from "./final_phase.ts";
import { endsVmi, isLastStatus } from "./last_write.ts";
import { isGateOpen } from "./readiness_gate.ts";
import { isAcpiEnabled, terminationLeftMs } from "./termination.ts";
import {
  failedStatus,
  finalStatus,
  hasSyncFailure,
  notStartableStatus,
  notSynchronizedStatus,
  OOM_KILLED_REASON,
  runningStatus,
} from "./status.ts";
import type { Action, World } from "./world.ts";

type VmiDecision = Decision<Action, VirtualMachineInstanceStatus>;
type PresentDomain = Extract<DomainObservation, { kind: "present" }>;

/** Guests ignore a power button while they boot: it is pressed again. */
const SHUTDOWN_REPEAT_MS = 5_000;
/** How soon a look that failed, or an envelope that is not there yet, is looked for again. */
const LOOK_AGAIN_MS = 1_000;
/** A domain between two states. */
const TRANSITION_MS = 500;
/** How long a final phase waits for the end of a pod whose envelope was released. */
const POD_END_MS_MAX = 2_000;
/** Events tell of changes; this finds those that were missed. */
const RESYNC_MS = 60_000;
/** `status.reason` of a VMI whose guest ended without anybody having seen how. */
const GUEST_LOST = "GuestLost";
const CRASHED = "The VirtualMachineInstance crashed.";
const OOM_KILLED = "The VirtualMachineInstance was killed: its pod ran out of memory.";

export function decide(world: World): VmiDecision {
  if (!isOwned(world)) return unchanged(world);
  const { domain } = world;
  if (domain.kind === "unknown") return unchanged(world, LOOK_AGAIN_MS);
  if (isFinalPhase(world.vmi.status?.phase)) return cleanUp(world);
  if (isStale(world)) {
    const { uid } = world.vmi.metadata;
    return { ...unchanged(world, TRANSITION_MS), actions: [{ type: "fence", uid }] };
  }
  const decision = whileUnfinished(world, domain);
  return withLastWrite(world, world.isReleased ? { ...decision, events: [] } : decision);
}

function whileUnfinished(
  world: World,
  domain: Exclude<DomainObservation, { kind: "unknown" }>,
): VmiDecision {
  switch (domain.kind) {
    case "absent":
      return withoutDomain(world);
    case "gone":
      return withDeadDomain(world, domain);
    case "present":
      return withDomain(world, domain);
  }
}

/**
 * The pod goes before the write after which nobody would ask for it, and the domain's record after that. A pod that does not
 * end soon is not waited for: then the phase is told alone. How the guest ended is told when the envelope is first released.
 */
function withLastWrite(world: World, decision: VmiDecision): VmiDecision {
  if (!isLastStatus(world, decision.status)) return decision;
  const isReleased = world.envelope.kind !== "connected";
  const last: VmiDecision = {
    ...decision,
    actions: isReleased ? [] : [{ type: "release_envelope" }],
    events: isReleased ? [] : decision.events ?? [],
  };
  return endsVmi(world, decision.status)
    ? { ...last, actionsAfterStatus: [{ type: "forget" }] }
    : { ...last, statusMayWaitMs: POD_END_MS_MAX };
}

/** Handed over to this node, and not taken back. */
function isOwned({ vmi, nodeName }: World): boolean {
  const phase = vmi.status?.phase;
  if (vmi.metadata.labels?.[NODE_NAME_LABEL] !== nodeName) return false;
  if (vmi.status?.nodeName !== nodeName) return false;
  if ((leaseOf(vmi)?.nodeName ?? nodeName) !== nodeName) return false;
  return phase === Phase.Scheduled || phase === Phase.Running || isFinalPhase(phase);
}

/** The domain was started for an earlier hand-over of this instance. */
function isStale({ vmi, started }: World): boolean {
  const lease = leaseOf(vmi);
  return lease !== undefined && started !== undefined && started.epoch < lease.epoch;
}

function unchanged({ vmi }: World, requeueAfterMs?: number): VmiDecision {
  const decision = { actions: [], status: vmi.status ?? {} };
  return requeueAfterMs === undefined ? decision : { ...decision, requeueAfterMs };
}

/** The status is written: what is left can go. A guest that still runs is ended first, or two could write one disk. */
function cleanUp(world: World): VmiDecision {
  const { domain, envelope } = world;
  if (domain.kind === "present" && !isOver(domain)) {
    return { ...unchanged(world, LOOK_AGAIN_MS), actions: [{ type: "destroy" }] };
  }
  if (envelope.kind === "unknown") return unchanged(world, LOOK_AGAIN_MS);
  const actions: Action[] = [];
  if (envelope.kind === "connected") actions.push({ type: "release_envelope" });
  if (domain.kind !== "absent") actions.push({ type: "forget" });
  return { ...unchanged(world), actions };
}

function isOver({ state }: PresentDomain): boolean {
  return state === "shutoff";
}

function withoutDomain(world: World): VmiDecision {
  const { vmi, launchFailure, refusals } = world;
  if (vmi.status?.phase === Phase.Running) {
    return lost(world, "The guest and all that belonged to it are gone from the node.");
  }
  if (isPodOver(world) || terminationLeftMs(world) !== undefined) {
    return neverStarted(world);
  }
  if (refusals.length > 0) return refused(world);
  if (launchFailure?.terminal) return notStartable(world, launchFailure.message);
  const waitMs = launchFailure?.retryInMs ?? 0;
  if (launchFailure !== undefined && waitMs > 0) {
    return notSynchronized(world, { message: launchFailure.message, requeueAfterMs: waitMs });
  }
  if (world.envelope.kind !== "connected") return unchanged(world, LOOK_AGAIN_MS);
  return launching(world);
}

/** In the pod that the instance was handed over to, and with no other guest of its name on the node. */
function launching(world: World): VmiDecision {
  const { vmi, pod, rivals = [] } = world;
  const lease = leaseOf(vmi);
  if (lease !== undefined && pod?.metadata.uid !== lease.podUid) {
    return unchanged(world, LOOK_AGAIN_MS);
  }
  const epoch = lease?.epoch ?? 0;
  const newer = rivals.find((rival) => rival.epoch > epoch);
  if (newer !== undefined) {
    const message = `Cannot start the guest of hand-over ${epoch}: domain ${newer.uid} on node ` +
      `${world.nodeName} was started for hand-over ${newer.epoch}`;
    return notSynchronized(world, { message, requeueAfterMs: RESYNC_MS });
  }
  const actions: Action[] = rivals.length > 0
    ? rivals.map(({ uid }) => ({ type: "fence", uid }))
    : [{ type: "launch" }];
  return { ...unchanged(world, TRANSITION_MS), actions };
}

/**
 * Killed from outside. Before Running was written nobody was told of a guest: what is left of a launch that did not come to
 * its end is removed, and it is launched again.
 */
function withDeadDomain(
  world: World,
  { oomKilled = false }: Extract<DomainObservation, { kind: "gone" }>,
): VmiDecision {
  const starting = world.vmi.status?.phase === Phase.Scheduled;
  if (starting && !isPodOver(world) && terminationLeftMs(world) === undefined) {
    return { ...unchanged(world, LOOK_AGAIN_MS), actions: [{ type: "forget" }] };
  }
  return oomKilled || isPodOomKilled(world)
    ? lost(world, OOM_KILLED, OOM_KILLED_REASON)
    : lost(world, "The processes of the VirtualMachineInstance were killed.");
}

/** The kubelet says so of a pod that has ended, when the cgroup that counts it is gone. */
function isPodOomKilled({ pod }: World): boolean {
  return pod?.status?.containerStatuses?.some(({ state }) =>
    state?.terminated?.reason === OOM_KILLED_REASON
  ) ?? false;
}

function isPodOver({ pod }: World): boolean {
  return pod?.status?.phase === "Succeeded" || pod?.status?.phase === "Failed";
}

function withDomain(world: World, domain: PresentDomain): VmiDecision {
  const phase = finalPhase(domain, world.vmi.spec);
  if (phase === "unchanged") return unchanged(world);
  if (phase !== undefined) return ended(world, { phase, domain });
  if (domain.state === "nostate" || isStarting(domain)) return unchanged(world, TRANSITION_MS);
  const running = whileRunning(world, domain);
  const leftMs = terminationLeftMs(world);
  if (leftMs === undefined) return running;
  // A guest that is about to end is worth one write, when it has ended.
  const told = world.vmi.status?.phase === Phase.Running;
  const ending = told ? { ...running, status: world.vmi.status ?? {}, events: [] } : running;
  return terminating(world, { running: ending, leftMs, domain });
}

/** libvirt shows a domain as paused until its vCPUs are let go for the first time. */
function isStarting({ state, reason }: PresentDomain): boolean {
  return state === "paused" && reason === "starting_up";
}

function whileRunning(world: World, domain: PresentDomain): VmiDecision {
  const open = domain.state !== "paused" && domain.unresponsive === undefined;
  const actions: Action[] = world.pod !== undefined && isGateOpen(world.pod) !== open
    ? [{ type: "set_readiness_gate", open }]
    : [];
  const started = world.vmi.status?.phase === Phase.Scheduled
    ? [event(world, ["Started", "VirtualMachineInstance started."])]
    : [];
  const status = runningStatus(world, domain);
  return {
    actions,
    status,
    events: [...started, ...faultEvents(world, { domain, status })],
    requeueAfterMs: RESYNC_MS,
  };
}

function terminating(
  world: World,
  { running, leftMs, domain }: {
    running: VmiDecision;
    leftMs: number;
    domain: PresentDomain;
  },
): VmiDecision {
  const { now } = world;
  const { shutdownSentAt } = domain;
  if (leftMs <= 0 || !isAcpiEnabled(world.vmi.spec)) {
    return {
      ...running,
      actions: [{ type: "destroy" }],
      events: [...running.events ?? [], event(world, ["Deleted", "Signaled Deletion"])],
      requeueAfterMs: LOOK_AGAIN_MS,
    };
  }
  // Its QEMU could not press the button, and whoever asked would wait.
  if (domain.unresponsive !== undefined) {
    return { ...running, actions: [], requeueAfterMs: Math.min(LOOK_AGAIN_MS, leftMs) };
  }
  const againMs = shutdownSentAt === undefined
    ? 0
    : msUntil(addMs(shutdownSentAt, SHUTDOWN_REPEAT_MS), now);
  // A clock that was set back would keep the button from being pressed.
  if (againMs > 0 && againMs <= SHUTDOWN_REPEAT_MS) {
    return { ...running, actions: [], requeueAfterMs: Math.min(againMs, leftMs) };
  }
  return {
    ...running,
    actions: [{ type: "shutdown" }],
    events: shutdownSentAt === undefined
      ? [...running.events ?? [], event(world, ["ShuttingDown", "Signaled Graceful Shutdown"])]
      : running.events ?? [],
    requeueAfterMs: Math.min(SHUTDOWN_REPEAT_MS, leftMs),
  };
}

function ended(
  world: World,
  { phase, domain }: { phase: "Succeeded" | "Failed"; domain: PresentDomain },
): VmiDecision {
  const stopped = phase === Phase.Succeeded
    ? event(world, ["Stopped", "The VirtualMachineInstance was shut down."])
    : event(world, ["Stopped", domain.oomKilled ? OOM_KILLED : CRASHED], "Warning");
  return { actions: [], status: finalStatus(world, { phase, domain }), events: [stopped] };
}

function refused(world: World): VmiDecision {
  const message = world.refusals.map((refusal) => `${refusal.field}: ${refusal.message}`).join(
    "; ",
  );
  return notStartable(world, message);
}

/** Trying again cannot help: the spec does not change. */
function notStartable(world: World, message: string): VmiDecision {
  return {
    actions: [],
    status: notStartableStatus(world, message),
    events: [event(world, ["SyncFailed", message], "Warning")],
  };
}

function lost(world: World, message: string, reason = GUEST_LOST): VmiDecision {
  return {
    actions: [],
    status: failedStatus(world, reason),
    events: [event(world, ["Stopped", message], "Warning")],
  };
}

function neverStarted(world: World): VmiDecision {
  return {
    actions: [],
    status: failedStatus(world),
    events: [event(world, ["Deleted", "Signaled Deletion"])],
  };
}

/** Told once for each message: every pass until the next attempt would say the same. */
function notSynchronized(
  world: World,
  { message, requeueAfterMs }: { message: string; requeueAfterMs: number },
): VmiDecision {
  const told = hasSyncFailure(world, message);
  return {
    actions: [],
    status: notSynchronizedStatus(world, message),
    events: told ? [] : [event(world, ["SyncFailed", message], "Warning")],
    requeueAfterMs,
  };
}

function event(
  { vmi }: World,
  [reason, message]: readonly [reason: string, message: string],
  type: EventRecord["type"] = "Normal",
): EventRecord {
  return { regarding: vmi, type, reason, message };
}
