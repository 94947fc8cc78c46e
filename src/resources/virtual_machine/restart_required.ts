/**
 * Whether the guest that runs lacks what the template has now. Nothing is updated live yet, so every difference counts; it is
 * computed afresh each time, so undoing the change takes the condition away again.
 */
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { ControllerRevision } from "../core_objects.ts";
import { isEqualJson, isRecord } from "../merge_patch.ts";
import { startedGeneration, templateSpecOf } from "./revision.ts";

/** A message names this many fields at most. */
const PATHS_MAX = 3;
/** Given to the VM after its start without anything changing for the guest. */
const IGNORED_PATHS: readonly string[] = ["spec.template.spec.domain.firmware.uuid"];

/** `unknown`: the revision that would tell could not be read; then the condition stays as it is. */
export type TemplateChange =
  | { kind: "none" }
  | { kind: "unknown" }
  | { kind: "changed"; paths: string[] };

export function templateChange(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  revision: ControllerRevision | undefined,
): TemplateChange {
  if (vmi === undefined || runsGenerationOf(vm, vmi)) return { kind: "none" };
  const started = revision && templateSpecOf(revision);
  if (started === undefined) return { kind: "unknown" };
  const paths = changedPaths("spec.template.spec", started, vm.spec.template.spec)
    .filter((path) => !IGNORED_PATHS.includes(path));
  return paths.length === 0 ? { kind: "none" } : { kind: "changed", paths };
}

/** Whether the instance was made from the VM exactly as it is now. */
export function runsGenerationOf(vm: VirtualMachine, vmi: VirtualMachineInstance): boolean {
  return startedGeneration(vmi) === (vm.metadata.generation ?? 1);
}

export function restartRequiredMessage(paths: readonly string[]): string {
  const more = paths.length > PATHS_MAX ? ` and ${paths.length - PATHS_MAX} more` : "";
  return "a non-live-updatable field was changed in the template spec: " +
    paths.slice(0, PATHS_MAX).join(", ") + more;
}

/** Paths of the deepest objects' fields that differ; lists are compared as wholes. */
function changedPaths(path: string, before: unknown, after: unknown): string[] {
  if (isEqualJson(before, after)) return [];
  if (!isRecord(before) || !isRecord(after)) return [path];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
    .flatMap((key) => changedPaths(`${path}.${key}`, before[key], after[key]));
}
