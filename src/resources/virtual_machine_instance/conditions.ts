/** The conditions that the controller writes before the hand-over: why an instance is not starting. */
import { VirtualMachineInstanceConditionType as Type } from "../../api/conditions.ts";
import type { VirtualMachineInstanceStatus } from "../../api/virtual_machine_instance_status.ts";
import { findCondition, withCondition, withoutCondition } from "../condition.ts";
import type { Pod } from "../core_objects.ts";
import { containerProblem, unschedulable } from "./launcher_pod_state.ts";

export interface Problem {
  reason: string;
  message: string;
}

/** Synchronized=False: something asked for cannot be done. The condition is absent when all is well. */
export function withProblem(
  status: VirtualMachineInstanceStatus,
  problem: Problem | undefined,
  now: string,
): VirtualMachineInstanceStatus {
  if (problem === undefined) return withoutConditionOf(status, Type.Synchronized);
  const wanted = { type: Type.Synchronized, status: "False", ...problem };
  return { ...status, conditions: withCondition(status.conditions, wanted, now) };
}

/** The very same status when there is no such condition, so that nothing is written. */
function withoutConditionOf(
  status: VirtualMachineInstanceStatus,
  type: string,
): VirtualMachineInstanceStatus {
  return findCondition(status.conditions, type) === undefined
    ? status
    : { ...status, conditions: withoutCondition(status.conditions, type) };
}

/** Of an instance whose pod waits for a node no more. */
export function withoutPodProblems(
  status: VirtualMachineInstanceStatus,
): VirtualMachineInstanceStatus {
  return withoutConditionOf(status, Type.PodScheduled);
}

/** Ready=False. Ready=True is the node agent's to say. */
export function notReady(
  status: VirtualMachineInstanceStatus,
  reason: string,
  now: string,
): VirtualMachineInstanceStatus {
  const wanted = { type: Type.Ready, status: "False", reason, message: "The guest does not run" };
  return { ...status, conditions: withCondition(status.conditions, wanted, now) };
}

/** What the pod is waiting for: a node, or an image. */
export function withPodProblems(
  status: VirtualMachineInstanceStatus,
  pod: Pod,
  now: string,
): VirtualMachineInstanceStatus {
  const next = withProblem(status, containerProblem(pod), now);
  const unplaced = unschedulable(pod);
  if (unplaced === undefined) return withoutConditionOf(next, Type.PodScheduled);
  const { reason = "", message = "" } = unplaced;
  const wanted = { type: Type.PodScheduled, status: "False", reason, message };
  return { ...next, conditions: withCondition(next.conditions, wanted, now) };
}
