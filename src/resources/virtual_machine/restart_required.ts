/**
 * Whether the guest that runs lacks what the template has now. Nothing is updated live yet, so every difference counts; it is
 * computed afresh each time, so undoing the change takes the condition away again.
 */
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { ControllerRevision } from "../core_objects.ts";
import { isEqualJson, isRecord } from "../merge_patch.ts";
import { changedMatchers, type SizeRevisionNames } from "./sizing.ts";
import { startedGeneration, templateSpecOf } from "./revision.ts";
import { TEMPLATE_HASH_ANNOTATION, templateHash } from "./template_hash.ts";

/** A message names this many fields at most. */
const PATHS_MAX = 3;
/** Given to the VM after its start without anything changing for the guest. */
const IGNORED_PATHS: readonly string[] = ["spec.template.spec.domain.firmware.uuid"];

/** What is said of a change that left nothing behind to point at. */
const TEMPLATE_PATH = "spec.template.spec";

/** `unknown`: the revision that would tell could not be read; then the condition stays as it is. */
export type TemplateChange =
  | { kind: "none" }
  | { kind: "unknown" }
  | { kind: "changed"; paths: string[] };

export function templateChange(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  { revision, names }: {
    revision: ControllerRevision | undefined;
    names?: SizeRevisionNames | undefined;
  },
): TemplateChange {
  if (vmi === undefined) return { kind: "none" };
  const startedHash = startedTemplateHash(vmi);
  // An instance that KubeVirt has started does not say which copies it was made from.
  const matchers = startedHash === undefined || names === undefined
    ? []
    : changedMatchers(names, vmi).map((field) => `spec.${field}`);
  const change = specChange(vm, vmi, revision);
  if (matchers.length === 0) return change;
  return {
    kind: "changed",
    paths: [...matchers, ...(change.kind === "changed" ? change.paths : [])],
  };
}

function specChange(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
  revision: ControllerRevision | undefined,
): TemplateChange {
  if (runsGenerationOf(vm, vmi)) return { kind: "none" };
  const startedHash = startedTemplateHash(vmi);
  if (startedHash !== undefined) return changeSince(startedHash, { vm, vmi });
  const started = revision && templateSpecOf(revision);
  if (started === undefined) return { kind: "unknown" };
  const paths = changedPaths(TEMPLATE_PATH, started, vm.spec.template.spec)
    .filter((path) => !IGNORED_PATHS.includes(path));
  return paths.length === 0 ? { kind: "none" } : { kind: "changed", paths };
}

/** Of the template that the instance was made from; an instance that KubeVirt has started has a revision instead. */
export function startedTemplateHash(vmi: VirtualMachineInstance): string | undefined {
  return vmi.metadata.annotations?.[TEMPLATE_HASH_ANNOTATION];
}

/**
 * The hash says whether, the instance says what: it has all that its template had, and defaults beside it. Only a field
 * that was taken out of the template is not found so.
 */
function changeSince(
  startedHash: string,
  { vm, vmi }: { vm: VirtualMachine; vmi: VirtualMachineInstance },
): TemplateChange {
  if (templateHash(vm) === startedHash) return { kind: "none" };
  const paths = missingPaths(TEMPLATE_PATH, vm.spec.template.spec, vmi.spec)
    .filter((path) => !IGNORED_PATHS.includes(path));
  return { kind: "changed", paths: paths.length === 0 ? [TEMPLATE_PATH] : paths };
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

/** Paths of the deepest objects' fields that are wanted and not there; lists count as wholes. */
function missingPaths(path: string, wanted: unknown, present: unknown): string[] {
  if (has(present, wanted)) return [];
  if (!isRecord(wanted) || !isRecord(present)) return [path];
  return Object.keys(wanted).sort()
    .flatMap((key) => missingPaths(`${path}.${key}`, wanted[key], present[key]));
}

/** Whether all of a value is there, whatever stands beside it. */
function has(present: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted) && Array.isArray(present)) {
    return wanted.length === present.length &&
      wanted.every((item, index) => has(present[index], item));
  }
  if (!isRecord(wanted) || !isRecord(present)) return isEqualJson(wanted, present);
  return Object.keys(wanted).every((key) => has(present[key], wanted[key]));
}

/** Paths of the deepest objects' fields that differ; lists are compared as wholes. */
function changedPaths(path: string, before: unknown, after: unknown): string[] {
  if (isEqualJson(before, after)) return [];
  if (!isRecord(before) || !isRecord(after)) return [path];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
    .flatMap((key) => changedPaths(`${path}.${key}`, before[key], after[key]));
}
