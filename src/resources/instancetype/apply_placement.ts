/** Where guests of an instancetype run, and what is noted about them. */
import type { Cause } from "../cause.ts";
import { conflictCauses } from "./conflict.ts";
import type { Draft, Size } from "./size.ts";

export function applyNodeSelector({ spec }: Draft, { instancetype }: Size): Cause[] {
  const nodeSelector = instancetype?.nodeSelector;
  if (nodeSelector === undefined) return [];
  if (spec.nodeSelector !== undefined) return conflictCauses(["spec.template.spec.nodeSelector"]);
  spec.nodeSelector = { ...nodeSelector };
  return [];
}

export function applySchedulerName({ spec }: Draft, { instancetype }: Size): Cause[] {
  const schedulerName = instancetype?.schedulerName;
  if (!schedulerName) return [];
  if (spec.schedulerName) return conflictCauses(["spec.template.spec.schedulerName"]);
  spec.schedulerName = schedulerName;
  return [];
}

/** The same annotation with the same value is no conflict. */
export function applyAnnotations({ annotations }: Draft, { instancetype }: Size): Cause[] {
  const given = Object.entries(instancetype?.annotations ?? {});
  const conflicts = given.filter(([name, value]) => (annotations[name] ?? value) !== value);
  Object.assign(annotations, Object.fromEntries(given));
  return conflictCauses(conflicts.map(([name]) => `spec.template.metadata.annotations.${name}`));
}
