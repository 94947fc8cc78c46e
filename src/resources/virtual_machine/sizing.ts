/** What a VM's instancetype and preference come to: its template with both, and the copies of them that are to be kept. */
import {
  CLUSTER_INSTANCETYPE_ANNOTATION,
  CLUSTER_PREFERENCE_ANNOTATION,
  INSTANCETYPE_ANNOTATION,
  INSTANCETYPE_REVISION_ANNOTATION,
  PREFERENCE_ANNOTATION,
  PREFERENCE_REVISION_ANNOTATION,
} from "../../api/labels.ts";
import { VirtualMachineFailureReason } from "../../api/conditions.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { VirtualMachineStatus } from "../../api/virtual_machine_status.ts";
import type { ControllerRevision, NewObject } from "../core_objects.ts";
import { expandTemplate } from "../instancetype/expand.ts";
import { sizeOf } from "../instancetype/found.ts";
import {
  hasMatchers,
  matchedResource,
  MATCHER_FIELDS,
  type MatcherField,
} from "../instancetype/matcher.ts";
import { STATUS_FIELDS, statusReference, usedRevisionName } from "../instancetype/reference.ts";
import { unmetRequirements } from "../instancetype/requirements.ts";
import { sizeRevisionName, sizeRevisionOf } from "../instancetype/revision.ts";
import type { Draft } from "../instancetype/size.ts";
import type { Failure } from "./status.ts";
import type { VirtualMachineWorld } from "./world.ts";

/** Names of the copies that a VM uses. */
export type SizeRevisionNames = { [Field in MatcherField]?: string | undefined };

/** What status says of them; `undefined` for what the VM does not have. */
export type SizeReferences = Pick<VirtualMachineStatus, "instancetypeRef" | "preferenceRef">;

export interface Sizing {
  names: SizeRevisionNames;
  references: SizeReferences;
  /** Copies that are not kept yet. */
  revisions: NewObject<ControllerRevision>[];
  /** The template as it is with both; `undefined` for a VM that has neither, and where it is not needed. */
  template: Draft | undefined;
  /** Why there is none. */
  failure: Failure | undefined;
}

const NOT_FOUND_REASONS: Readonly<Record<MatcherField, string>> = {
  instancetype: VirtualMachineFailureReason.FailedFindInstancetype,
  preference: VirtualMachineFailureReason.FailedFindPreference,
};

export function sizingOf(world: VirtualMachineWorld): Sizing {
  const { vm, size } = world;
  const names = revisionNames(world);
  const failure = notFound(world);
  // What cannot be used is not referred to either: no copy is made of it.
  if (failure !== undefined) return unusable(vm, names, failure);
  const references = referencesOf(vm, names);
  if (size === undefined) {
    return { names, references, revisions: [], template: undefined, failure: undefined };
  }
  const { found, cluster } = size;
  const applied = sizeOf(found);
  const expansion = expandTemplate(vm, applied, cluster);
  const causes = "causes" in expansion
    ? expansion.causes
    : unmetRequirements(expansion.spec, applied);
  if ("causes" in expansion || causes.length > 0) {
    const reason = VirtualMachineFailureReason.FailedCreate;
    const message = `Cannot start: ${causes.map((cause) => cause.message).join(", ")}`;
    return unusable(vm, names, { reason, message });
  }
  const annotations = { ...expansion.annotations, ...sizeAnnotations(vm, names) };
  return {
    names,
    references,
    revisions: newRevisions(world),
    template: { ...expansion, annotations },
    failure: undefined,
  };
}

function unusable(vm: VirtualMachine, names: SizeRevisionNames, failure: Failure): Sizing {
  return { names, references: sizeReferences(vm), revisions: [], template: undefined, failure };
}

/** Whether the VM must be looked up what it refers to: to start it, or to keep what it refers to as it is now. */
export function needsSize(vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): boolean {
  if (!hasMatchers(vm)) return false;
  return vmi === undefined ||
    MATCHER_FIELDS.some((field) =>
      vm.spec[field] !== undefined && usedRevisionName(field, vm) === undefined
    );
}

function revisionNames({ vm, size }: VirtualMachineWorld): SizeRevisionNames {
  return Object.fromEntries(
    MATCHER_FIELDS.map((field) => {
      const found = size?.found[field];
      const name = found?.from === "object"
        ? sizeRevisionName(vm, found.object)
        : found?.from === "revision"
        ? found.name
        : usedRevisionName(field, vm);
      return [field, name];
    }),
  );
}

function newRevisions({ vm, size }: VirtualMachineWorld): NewObject<ControllerRevision>[] {
  return MATCHER_FIELDS.flatMap((field) => {
    const found = size?.found[field];
    return found?.from === "object" ? [sizeRevisionOf(vm, found.object)] : [];
  });
}

function notFound({ size }: VirtualMachineWorld): Failure | undefined {
  for (const field of MATCHER_FIELDS) {
    const found = size?.found[field];
    if (found?.from !== "nowhere") continue;
    return {
      reason: NOT_FOUND_REASONS[field],
      message: `Cannot start: spec.${field}: ${found.why}`,
    };
  }
  return undefined;
}

function referencesOf(vm: VirtualMachine, names: SizeRevisionNames): SizeReferences {
  return pickReferences(Object.fromEntries(
    MATCHER_FIELDS.map((field) => {
      const [matcher, name] = [vm.spec[field], names[field]];
      const reference = matcher && name !== undefined ? statusReference(matcher, name) : undefined;
      return [STATUS_FIELDS[field], reference];
    }),
  ));
}

/** As status says it now. */
export function sizeReferences({ status }: VirtualMachine): SizeReferences {
  return pickReferences(status ?? {});
}

function pickReferences({ instancetypeRef, preferenceRef }: VirtualMachineStatus): SizeReferences {
  return { ...(instancetypeRef && { instancetypeRef }), ...(preferenceRef && { preferenceRef }) };
}

const NAME_ANNOTATIONS = {
  instancetype: { namespaced: INSTANCETYPE_ANNOTATION, cluster: CLUSTER_INSTANCETYPE_ANNOTATION },
  preference: { namespaced: PREFERENCE_ANNOTATION, cluster: CLUSTER_PREFERENCE_ANNOTATION },
} as const;
const REVISION_ANNOTATIONS = {
  instancetype: INSTANCETYPE_REVISION_ANNOTATION,
  preference: PREFERENCE_REVISION_ANNOTATION,
} as const;

/** What is noted at the instance: KubeVirt's, and which copies it was made from. */
function sizeAnnotations(vm: VirtualMachine, names: SizeRevisionNames): Record<string, string> {
  const annotations: Record<string, string> = {};
  for (const field of MATCHER_FIELDS) {
    const [matcher, name] = [vm.spec[field], names[field]];
    if (matcher === undefined) continue;
    const isNamespaced = matchedResource(field, matcher)?.namespaced === true;
    const key = NAME_ANNOTATIONS[field][isNamespaced ? "namespaced" : "cluster"];
    if (matcher.name) annotations[key] = matcher.name;
    if (name !== undefined) annotations[REVISION_ANNOTATIONS[field]] = name;
  }
  return annotations;
}

/** Fields of the VM whose copy is another than the one that its instance was made from. */
export function changedMatchers(
  names: SizeRevisionNames,
  vmi: VirtualMachineInstance,
): MatcherField[] {
  const annotations = vmi.metadata.annotations ?? {};
  return MATCHER_FIELDS.filter((field) =>
    annotations[REVISION_ANNOTATIONS[field]] !== names[field]
  );
}
