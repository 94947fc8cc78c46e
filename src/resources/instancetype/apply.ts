/** An instancetype applied to a VM's template: an ordered list of rules, each of which says everything it conflicts with. */
import type { Cause } from "../cause.ts";
import { applyCpu, cpuConflicts } from "./apply_cpu.ts";
import {
  applyGpus,
  applyHostDevices,
  applyIoThreads,
  applyIoThreadsPolicy,
  applyLaunchSecurity,
} from "./apply_devices.ts";
import { applyMemory, memoryConflicts } from "./apply_memory.ts";
import { applyAnnotations, applyNodeSelector, applySchedulerName } from "./apply_placement.ts";
import type { Draft, Size } from "./size.ts";

type Rule = (draft: Draft, size: Size) => Cause[];

const TEMPLATE_FIELD = "spec.template.spec";

const RULES: readonly Rule[] = [
  applyNodeSelector,
  applySchedulerName,
  sizeConflicts,
  applyCpu,
  applyMemory,
  applyIoThreadsPolicy,
  applyIoThreads,
  applyLaunchSecurity,
  applyGpus,
  applyHostDevices,
  applyAnnotations,
];

/** Changes the draft in place, which is worth nothing when there are causes. */
export function applyInstancetype(draft: Draft, size: Size): Cause[] {
  if (size.instancetype === undefined) return [];
  return RULES.flatMap((rule) => rule(draft, size));
}

/** Fields of a template that an instancetype decides; without one, those that any instancetype decides. */
export function sizeConflicts({ spec }: Pick<Draft, "spec">, { instancetype }: Size): Cause[] {
  const context = { field: TEMPLATE_FIELD, instancetype };
  return [...cpuConflicts(spec, context), ...memoryConflicts(spec, context)];
}
