/** Whether the references of a VM to an instancetype and a preference are acceptable as they are written. */
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import { type Cause, invalid, notFound } from "../cause.ts";
import { type Matcher, MATCHER_FIELDS, type MatcherField } from "./matcher.ts";

const FAILURE_POLICIES: readonly string[] = ["Reject", "Ignore"];

/** All causes. */
export function validateMatchers(vm: VirtualMachine, old: VirtualMachine | undefined): Cause[] {
  return MATCHER_FIELDS.flatMap((field) => {
    const matcher = vm.spec[field];
    if (matcher === undefined) return [];
    return [...nameOrVolume(field, matcher), ...policy(field, matcher), ...copy(field, vm, old)];
  });
}

function nameOrVolume(field: MatcherField, { name, kind, inferFromVolume }: Matcher): Cause[] {
  const where = `spec.${field}`;
  if (!inferFromVolume) {
    const message = `Either Name or InferFromVolume should be provided within the ${field} matcher`;
    return name ? [] : [notFound(where, message)];
  }
  const because = `should not be provided when InferFromVolume is used within the ${field} matcher`;
  return [
    ...(name ? [notFound(`${where}.name`, `Name ${because}`)] : []),
    ...(kind ? [notFound(`${where}.kind`, `Kind ${because}`)] : []),
  ];
}

function policy(field: MatcherField, { inferFromVolumeFailurePolicy }: Matcher): Cause[] {
  if (!inferFromVolumeFailurePolicy || FAILURE_POLICIES.includes(inferFromVolumeFailurePolicy)) {
    return [];
  }
  const message = `Invalid value '${inferFromVolumeFailurePolicy}' for ` +
    "InferFromVolumeFailurePolicy: must be Reject or Ignore";
  return [invalid(`spec.${field}.inferFromVolumeFailurePolicy`, message)];
}

/** A copy belongs to what it was made of. */
function copy(field: MatcherField, vm: VirtualMachine, old: VirtualMachine | undefined): Cause[] {
  const [after, before] = [vm.spec[field], old?.spec[field]];
  if (!before?.revisionName || before.name === after?.name) return [];
  if (before.revisionName !== after?.revisionName) return [];
  const message = "the Matcher Name has been updated without updating the RevisionName";
  return [invalid(`spec.${field}.revisionName`, message)];
}
