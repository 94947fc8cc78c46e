/** What a launcher pod says about itself, in the words that matter to its VMI. */
import { POD_UNSCHEDULABLE_REASON, SynchronizedReason } from "../../api/conditions.ts";
import type { ContainerStatus, Pod, PodCondition } from "../core_objects.ts";
import { COMPUTE_CONTAINER } from "./pod_labels.ts";

/** It will never run again; its containers are gone. */
export function hasTerminated(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/**
 * All containers are up, on a node. A readiness probe is the guest's, which does not run yet, so of the container that it
 * will run in only its start counts.
 */
export function isReadyForGuest(pod: Pod): boolean {
  if (pod.metadata.deletionTimestamp || pod.spec.nodeName === undefined) return false;
  const statuses = pod.status?.containerStatuses ?? [];
  return statuses.length === pod.spec.containers.length && statuses.every(isUp);
}

function isUp({ name, ready, state }: ContainerStatus): boolean {
  return name === COMPUTE_CONTAINER ? state?.running !== undefined : ready === true;
}

/** Waiting reasons that need a person, and what they are called on the VMI. */
const WAITING_PROBLEMS: Readonly<Record<string, string>> = {
  ErrImagePull: SynchronizedReason.ErrImagePull,
  ErrImageNeverPull: SynchronizedReason.ErrImagePull,
  InvalidImageName: SynchronizedReason.ErrImagePull,
  RegistryUnavailable: SynchronizedReason.ErrImagePull,
  ImageInspectError: SynchronizedReason.ErrImagePull,
  ImagePullBackOff: SynchronizedReason.ImagePullBackOff,
  CreateContainerConfigError: "CreateContainerConfigError",
  CreateContainerError: "CreateContainerError",
  RunContainerError: "RunContainerError",
};

/** The first container that cannot be started, and why. */
export function containerProblem(pod: Pod): { reason: string; message: string } | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  for (const { name, image, state } of [...initContainerStatuses, ...containerStatuses]) {
    const reason = WAITING_PROBLEMS[state?.waiting?.reason ?? ""];
    if (reason === undefined) continue;
    const detail = state?.waiting?.message ?? state?.waiting?.reason;
    return { reason, message: `Container ${name}, image ${image ?? "unknown"}: ${detail}` };
  }
  return undefined;
}

/** The pod's PodScheduled condition when no node fits. */
export function unschedulable(pod: Pod): PodCondition | undefined {
  return pod.status?.conditions?.find((condition) =>
    condition.type === "PodScheduled" && condition.status === "False" &&
    condition.reason === POD_UNSCHEDULABLE_REASON
  );
}

/** Why a pod has ended, for people. */
export function endingOf(pod: Pod): string {
  const { phase, reason, message, containerStatuses = [], initContainerStatuses = [] } =
    pod.status ?? {};
  const said = [reason, message].filter((text) => text !== undefined && text !== "").join(": ");
  if (said !== "") return said;
  const ended = [...initContainerStatuses, ...containerStatuses].find(({ state }) =>
    state?.terminated !== undefined && state.terminated.exitCode !== 0
  );
  if (ended?.state?.terminated === undefined) return `phase ${phase}`;
  const { exitCode, reason: why = "ended" } = ended.state.terminated;
  return `container ${ended.name}: ${why}, exit code ${exitCode}`;
}
