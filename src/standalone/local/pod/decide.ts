/**
 * The life of a pod on a machine without a kubelet.
 *
 *   unbound --fits--> bound --images are there--> started --all containers ended--> Succeeded, Failed -> tidied
 *      |                |                            |
 *      |                +-- an image fails: ErrImagePull, ImagePullBackOff, tried again
 *      +-- does not fit: Unschedulable               +-- deletion asked for -> SIGTERM -> grace over -> killed -> tidied
 *                                                    |                                                        -> deleted
 *                                                    +-- probes: Ready, not Ready
 *                                                    +-- a liveness probe fails -> SIGTERM -> all containers ended
 *                                                                                         -> grace over -> killed -> Failed
 *   gone from the API, traces here -> killed -> tidied
 *   Running in the API, nothing here -> Failed
 */
import { APP_LABEL, Component } from "../../../api/labels.ts";
import type { Pod } from "../../../resources/core_objects.ts";
import { msUntil } from "../../../resources/timestamp.ts";
import type { Decision, EventRecord } from "../../../runtime/reconciler.ts";
import type { PullPolicy } from "../../images/image_store.ts";
import type { WantedImage } from "../pod_images.ts";
import { areAsked, livenessLeftMs, wantedProbes } from "../probes/pod_probes.ts";
import { reasonsAgainst } from "./fits.ts";
import { type LocalPodStatus, lostStatus, podStatus, unschedulableStatus } from "./status.ts";
import type { PodAction, PodWorld } from "./world.ts";

export type PodDecision = Decision<PodAction, LocalPodStatus | undefined>;

/** A record whose writer was killed tells of no end: looked at again after this long, as the kubelet relists. */
const RELIST_MS = 60_000;
/** What keeps a pod off the machine may pass without anything being written: a guest ends, a label comes. */
const RESCHEDULE_MS = 30_000;
/** How soon a pod is looked at again that was killed. */
const KILL_CHECK_MS = 1_000;
const NOTHING: PodDecision = { actions: [], status: undefined };

export function decidePod(world: PodWorld): PodDecision {
  const { pod } = world;
  if (pod === undefined) return decideOrphan(world);
  if (pod.spec.nodeName === undefined) return decideUnbound(world, pod);
  if (pod.spec.nodeName !== world.node?.metadata.name) return NOTHING;
  if (pod.metadata.deletionTimestamp) return decideDeleted(world, pod);
  if (isOver(pod.status?.phase)) {
    return { actions: world.hasTraces ? [{ type: "tidy" }] : [], status: undefined };
  }
  if (world.sandbox.kind === "there") return decideStarted(world, pod);
  if (pod.status?.phase === "Running") return decideLost(world, pod);
  return decidePending(world, pod);
}

function decideOrphan(world: PodWorld): PodDecision {
  return { actions: world.hasTraces ? [{ type: "tidy" }] : [], status: undefined };
}

function decideUnbound(world: PodWorld, pod: Pod): PodDecision {
  const { node, others } = world;
  if (pod.metadata.deletionTimestamp) return { actions: [{ type: "delete" }], status: undefined };
  if (node === undefined) return NOTHING;
  const reasons = pod.metadata.labels?.[APP_LABEL] === Component.Launcher
    ? reasonsAgainst(pod, { node, others })
    : ["this machine runs the pods of virtual machines alone"];
  if (reasons.length === 0) {
    const message =
      `Successfully assigned ${pod.metadata.namespace}/${pod.metadata.name} to ${node.metadata.name}`;
    return {
      actions: [{ type: "bind" }],
      status: undefined,
      events: [event(pod, "Normal", "Scheduled", message)],
    };
  }
  const message = `0/1 nodes are available: ${reasons.join(", ")}.`;
  const isTold = pod.status?.conditions?.some((condition) =>
    condition.type === "PodScheduled" && condition.message === message
  );
  return {
    actions: [],
    status: unschedulableStatus(world, pod, message),
    ...(!isTold && { events: [event(pod, "Warning", "FailedScheduling", message)] }),
    requeueAfterMs: RESCHEDULE_MS,
  };
}

function decidePending(world: PodWorld, pod: Pod): PodDecision {
  const wanted = wantedImages(pod);
  const status = podStatus(world, pod);
  const states = wanted.map((each) => ({ each, state: world.images[each.image] }));
  if (states.every(({ state }) => state?.kind === "present")) {
    return { actions: [{ type: "start" }], status };
  }
  const actions: PodAction[] = [];
  let requeueAfterMs: number | undefined;
  for (const { each, state } of states) {
    if (state === undefined || state.kind === "absent") {
      actions.push({ type: "pull", wanted: each });
    }
    if (state?.kind !== "failed") continue;
    const waitMs = msUntil(state.retryAt, world.now);
    if (waitMs <= 0) actions.push({ type: "pull", wanted: each });
    else requeueAfterMs = Math.min(requeueAfterMs ?? waitMs, waitMs);
  }
  return {
    actions,
    status: backingOff(status, pod),
    events: failureEvents(states, pod),
    ...(requeueAfterMs !== undefined && { requeueAfterMs }),
  };
}

function decideStarted(world: PodWorld, pod: Pod): PodDecision {
  const status = podStatus(world, pod);
  if (isOver(status.phase)) return { actions: [], status, actionsAfterStatus: [{ type: "tidy" }] };
  const actions = probing(world, pod);
  const leftMs = livenessLeftMs(world, pod);
  if (leftMs === undefined) return { actions, status, requeueAfterMs: RELIST_MS };
  const { action, requeueAfterMs } = ending(leftMs);
  return { actions: [...actions, action], status, requeueAfterMs };
}

function decideLost(world: PodWorld, pod: Pod): PodDecision {
  return {
    actions: [],
    status: lostStatus(world, pod),
    ...(world.hasTraces && { actionsAfterStatus: [{ type: "tidy" }] }),
  };
}

function decideDeleted(world: PodWorld, pod: Pod): PodDecision {
  const { sandbox } = world;
  const runs = sandbox.kind === "there" &&
    sandbox.containers.some(({ ended }) => ended === undefined);
  if (!runs) {
    const status = sandbox.kind === "there" && !isOver(pod.status?.phase)
      ? podStatus(world, pod)
      : undefined;
    const tidy: PodAction[] = world.hasTraces ? [{ type: "tidy" }] : [];
    return { actions: [], status, actionsAfterStatus: [...tidy, { type: "delete" }] };
  }
  const leftMs = msUntil(pod.metadata.deletionTimestamp ?? world.now, world.now);
  const { action, requeueAfterMs } = ending(leftMs);
  return {
    actions: [...probing(world, pod), action],
    status: leftMs > 0 ? podStatus(world, pod) : undefined,
    requeueAfterMs,
  };
}

/** Of a pod whose containers have so much time left to end by themselves. */
function ending(leftMs: number): { action: PodAction; requeueAfterMs: number } {
  return leftMs > 0
    ? { action: { type: "terminate" }, requeueAfterMs: Math.min(leftMs, RELIST_MS) }
    : { action: { type: "kill" }, requeueAfterMs: KILL_CHECK_MS };
}

function probing(world: PodWorld, pod: Pod): PodAction[] {
  const probes = wantedProbes(world, pod);
  return areAsked(probes, world) ? [] : [{ type: "probe", probes }];
}

/** Each once, in the order of the containers. */
export function wantedImages({ spec }: Pod): WantedImage[] {
  const wanted = new Map<string, WantedImage>();
  for (const { image, imagePullPolicy } of [...spec.initContainers ?? [], ...spec.containers]) {
    const policy: PullPolicy = imagePullPolicy === "Always" || imagePullPolicy === "Never"
      ? imagePullPolicy
      : "IfNotPresent";
    if (!wanted.has(image)) wanted.set(image, { image, policy });
  }
  return [...wanted.values()];
}

/** The first failure is ErrImagePull; what was said once is then backed off from. */
function backingOff(status: LocalPodStatus, pod: Pod): LocalPodStatus {
  const told = new Map(
    [...pod.status?.initContainerStatuses ?? [], ...pod.status?.containerStatuses ?? []]
      .map(({ name, state }) => [name, state?.waiting?.reason]),
  );
  const change = (statuses: LocalPodStatus["containerStatuses"]) =>
    statuses?.map((each) => {
      const isTold = ["ErrImagePull", "ImagePullBackOff"].includes(told.get(each.name) ?? "");
      if (!isTold || each.state?.waiting?.reason !== "ErrImagePull") return each;
      const message = each.state.waiting.message ?? "";
      const waiting = { reason: "ImagePullBackOff", message: `Back-off pulling image: ${message}` };
      return { ...each, state: { waiting } };
    });
  const { initContainerStatuses, containerStatuses } = status;
  return {
    ...status,
    ...(initContainerStatuses && { initContainerStatuses: change(initContainerStatuses) ?? [] }),
    ...(containerStatuses && { containerStatuses: change(containerStatuses) ?? [] }),
  };
}

function failureEvents(
  states: readonly { each: WantedImage; state: PodWorld["images"][string] | undefined }[],
  pod: Pod,
): EventRecord[] {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  const told = [...initContainerStatuses, ...containerStatuses]
    .flatMap(({ state }) => state?.waiting?.message ?? []);
  return states.flatMap(({ each, state }) =>
    state?.kind === "failed" && !told.some((message) => message.includes(state.message))
      ? [event(pod, "Warning", "Failed", `Failed to pull image "${each.image}": ${state.message}`)]
      : []
  );
}

export function event(
  regarding: Pod,
  type: EventRecord["type"],
  reason: string,
  message: string,
): EventRecord {
  return { regarding, type, reason, message };
}

function isOver(phase: string | undefined): boolean {
  return phase === "Succeeded" || phase === "Failed";
}
