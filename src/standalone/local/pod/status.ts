/** The status of a pod, as the kubelet writes it: pure. */
import type {
  Container,
  ContainerStatus,
  Pod,
  PodCondition,
  PodStatus,
} from "../../../resources/core_objects.ts";
import { qosClass } from "../../../resources/quality_of_service.ts";
import { toWholeSeconds } from "../../../resources/timestamp.ts";
import type { ImageState } from "../pod_images.ts";
import type { ContainerObservation } from "../pod_sandbox.ts";
import { isReady } from "../probes/pod_probes.ts";
import type { PodWorld } from "./world.ts";

/** What this program writes of a pod's status; conditions of others are theirs. */
export interface LocalPodStatus extends PodStatus {
  startTime?: string;
  hostIP?: string;
  hostIPs?: { ip: string }[];
}

const WAITING = "ContainerCreating";
const INITIALIZING = "PodInitializing";

/** Of a pod that is bound to this machine. */
export function podStatus(world: PodWorld, pod: Pod): LocalPodStatus {
  const { sandbox } = world;
  const containers = sandbox.kind === "absent" ? [] : sandbox.containers;
  const ofEach = (container: Container) => statusOf(container, containers, { world, pod });
  const initContainerStatuses = (pod.spec.initContainers ?? []).map(ofEach);
  const containerStatuses = pod.spec.containers.map(ofEach);
  const phase = phaseOf(containerStatuses, sandbox.kind);
  const address = world.address;
  const hostIP = world.node?.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
  return {
    phase,
    startTime: (pod.status as LocalPodStatus | undefined)?.startTime ?? toWholeSeconds(world.now),
    ...(hostIP === undefined ? {} : { hostIP, hostIPs: [{ ip: hostIP }] }),
    ...(address === undefined || sandbox.kind === "absent"
      ? {}
      : { podIP: address, podIPs: [{ ip: address }] }),
    qosClass: pod.status?.qosClass ?? qosClass(pod.spec),
    conditions: conditions(pod, {
      phase,
      containerStatuses,
      initContainerStatuses,
      now: world.now,
    }),
    ...(initContainerStatuses.length > 0 && { initContainerStatuses }),
    containerStatuses,
  };
}

/** A pod whose processes are gone without a trace: the machine was restarted, or somebody tidied up. */
export function lostStatus(world: PodWorld, pod: Pod): LocalPodStatus {
  const lost = (container: Container): ContainerStatus => ({
    ...base(container, world),
    state: {
      terminated: {
        exitCode: 137,
        reason: "ContainerStatusUnknown",
        message: "The container could not be located when the pod was looked at",
      },
    },
  });
  const containerStatuses = pod.spec.containers.map(lost);
  const phase = "Failed";
  return {
    phase,
    conditions: conditions(pod, {
      phase,
      containerStatuses,
      initContainerStatuses: [],
      now: world.now,
    }),
    containerStatuses,
  };
}

/** That the machine takes no such pod. */
export function unschedulableStatus(world: PodWorld, pod: Pod, message: string): LocalPodStatus {
  const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message };
  return { phase: "Pending", conditions: [withTime(condition, pod, world.now)] };
}

function phaseOf(statuses: readonly ContainerStatus[], sandbox: "absent" | "there"): string {
  if (sandbox === "absent") return "Pending";
  const ended = statuses.flatMap(({ state }) => state?.terminated ?? []);
  if (ended.length < statuses.length) {
    return statuses.some(({ state }) => state?.running || state?.terminated)
      ? "Running"
      : "Pending";
  }
  return ended.every(({ exitCode }) => exitCode === 0) ? "Succeeded" : "Failed";
}

function statusOf(
  container: Container,
  started: readonly ContainerObservation[],
  { world, pod }: { world: PodWorld; pod: Pod },
): ContainerStatus {
  const found = started.find(({ name }) => name === container.name);
  const image = world.images[container.image] ?? { kind: "absent" };
  if (found === undefined) {
    return { ...base(container, world), state: { waiting: waiting(image, started.length > 0) } };
  }
  const startedAt = toWholeSeconds(found.startedAt);
  const common = base(container, world);
  if (found.ended === undefined) {
    const ready = isReady(world, pod, container);
    return { ...common, ready, state: { running: { startedAt } } };
  }
  const { exitCode, at } = found.ended;
  const reason = exitCode === 0 ? "Completed" : "Error";
  const terminated = { exitCode, reason, startedAt, finishedAt: toWholeSeconds(at) };
  return { ...common, state: { terminated } };
}

function base({ name, image }: Container, { images }: PodWorld): ContainerStatus {
  const state = images[image];
  const imageID = state?.kind === "present" && state.digest !== ""
    ? `${image}@${state.digest}`
    : "";
  return { name, image, imageID, ready: false, ...{ restartCount: 0 } };
}

function waiting(image: ImageState, isInitializing: boolean): { reason: string; message?: string } {
  if (image.kind !== "failed") return { reason: isInitializing ? INITIALIZING : WAITING };
  return { reason: image.reason, message: image.message };
}

function conditions(
  pod: Pod,
  { phase, containerStatuses, initContainerStatuses, now }: {
    phase: string;
    containerStatuses: readonly ContainerStatus[];
    initContainerStatuses: readonly ContainerStatus[];
    now: string;
  },
): PodCondition[] {
  const isOver = phase === "Succeeded" || phase === "Failed";
  const started = containerStatuses.some(({ state }) => state?.running || state?.terminated);
  const initialized = isOver ||
    initContainerStatuses.every(({ state }) => state?.terminated?.exitCode === 0);
  const containersReady = !isOver && containerStatuses.every(({ ready }) => ready);
  const gates = pod.spec.readinessGates ?? [];
  const closed = gates.filter(({ conditionType }) =>
    pod.status?.conditions?.find(({ type }) => type === conditionType)?.status !== "True"
  );
  const completed = phase === "Succeeded" ? { reason: "PodCompleted" } : {};
  const notReady = isOver ? completed : { reason: "ContainersNotReady" };
  const all: PodCondition[] = [
    { type: "PodScheduled", status: "True" },
    { type: "PodReadyToStartContainers", status: started && !isOver ? "True" : "False" },
    { type: "Initialized", ...truth(initialized, { reason: "ContainersNotInitialized" }) },
    { type: "ContainersReady", ...truth(containersReady, notReady) },
    {
      type: "Ready",
      ...truth(
        containersReady && closed.length === 0,
        containersReady
          ? {
            reason: "ReadinessGatesNotReady",
            message: closed.map(({ conditionType }) =>
              `the status of pod readiness gate "${conditionType}" is not "True"`
            ).join(", "),
          }
          : notReady,
      ),
    },
  ];
  return all.map((condition) => withTime(condition, pod, now));
}

function truth(
  is: boolean,
  otherwise: { reason?: string; message?: string },
): { status: string; reason?: string; message?: string } {
  return is ? { status: "True" } : { status: "False", ...otherwise };
}

/** The time is that of the last change. */
function withTime(condition: PodCondition, pod: Pod, now: string): PodCondition {
  const old = pod.status?.conditions?.find(({ type }) => type === condition.type);
  const lastTransitionTime = old?.status === condition.status && old.lastTransitionTime
    ? old.lastTransitionTime
    : toWholeSeconds(now);
  return { ...condition, lastTransitionTime };
}
