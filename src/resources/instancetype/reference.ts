/** `status.instancetypeRef` and `status.preferenceRef`: which stored copy a VM uses. */
import type { InstancetypeStatusRef } from "../../api/instancetype_matcher.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { Matcher, MatcherField } from "./matcher.ts";

/** Where status says it. */
export const STATUS_FIELDS = {
  instancetype: "instancetypeRef",
  preference: "preferenceRef",
} as const;

/** The copy that the user names, or the one that was made; `undefined` before the first use, and of another type. */
export function usedRevisionName(field: MatcherField, vm: VirtualMachine): string | undefined {
  const matcher = vm.spec[field];
  if (matcher === undefined) return undefined;
  if (matcher.revisionName) return matcher.revisionName;
  const reference = vm.status?.[STATUS_FIELDS[field]] ?? undefined;
  if (reference === undefined || !isOf(reference, matcher)) return undefined;
  return reference.controllerRevisionRef?.name || undefined;
}

function isOf(reference: InstancetypeStatusRef, matcher: Matcher): boolean {
  return reference.name === matcher.name &&
    reference.kind?.toLowerCase() === matcher.kind?.toLowerCase();
}

/** What status says of a matcher and the copy that is used. */
export function statusReference(
  { name, kind, inferFromVolume, inferFromVolumeFailurePolicy }: Matcher,
  revisionName: string,
): InstancetypeStatusRef {
  return {
    ...(kind && { kind }),
    ...(name && { name }),
    controllerRevisionRef: { name: revisionName },
    ...(inferFromVolume && { inferFromVolume }),
    ...(inferFromVolumeFailurePolicy && { inferFromVolumeFailurePolicy }),
  };
}
