import type { Pod } from "../../resources/core_objects.ts";

/** Condition of the launcher pod that keeps a paused guest out of its Services. */
export const READINESS_GATE = "kubevirt.io/virtual-machine-unpaused";

export function isGateOpen(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) =>
    type === READINESS_GATE && status === "True"
  ) ?? false;
}

export function areContainersReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) =>
    type === "ContainersReady" && status === "True"
  ) ?? false;
}
