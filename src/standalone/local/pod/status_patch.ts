/** What of a pod's status is to be written, as a strategic merge patch: pure. */
import type { Pod, PodCondition } from "../../../resources/core_objects.ts";
import type { LocalPodStatus } from "./status.ts";

/** What a condition says only while it is as it is. */
const PASSING = ["reason", "message"] as const;

/** Of this very pod; `undefined`: everything is there already. */
export function statusPatch(status: LocalPodStatus, pod: Pod): object | undefined {
  const { conditions = [], ...rest } = status;
  const old = (pod.status ?? {}) as Record<string, unknown>;
  const patched = conditions.map((condition) => withoutPassed(condition, pod));
  const isWritten = Object.entries(rest).every(([key, value]) => covers(old[key], value)) &&
    patched.every((condition) => covers(conditionOf(pod, condition), condition));
  if (isWritten) return undefined;
  return { metadata: { uid: pod.metadata.uid }, status: { ...rest, conditions: patched } };
}

/** Conditions are merged: what is not said again would stay beside what is. */
function withoutPassed(condition: PodCondition, pod: Pod): { type: string } {
  const there = conditionOf(pod, condition);
  const passed = PASSING.filter((key) => condition[key] === undefined && there?.[key]);
  return { ...condition, ...Object.fromEntries(passed.map((key) => [key, null])) };
}

function conditionOf(pod: Pod, { type }: Pick<PodCondition, "type">): PodCondition | undefined {
  return pod.status?.conditions?.find((each) => each.type === type);
}

/** What is there may say more. */
function covers(there: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(there) && there.length === wanted.length &&
      wanted.every((each, index) => covers(there[index], each));
  }
  if (typeof wanted === "object" && wanted !== null) {
    if (typeof there !== "object" || there === null) return false;
    const entries = Object.entries(wanted);
    return entries.every(([key, value]) =>
      covers((there as Record<string, unknown>)[key], value)
    ) && hasSameState(there, wanted);
  }
  return there === wanted || (there === undefined && (wanted === "" || wanted === undefined));
}

/** A container's state is one of three: what was must not stay beside what is. */
function hasSameState(there: object, wanted: object): boolean {
  const states = ["waiting", "running", "terminated"];
  const of = (object: object) => states.filter((state) => state in object).join();
  return of(there) === of(wanted);
}
