/**
 * Reads what a ControllerRevision holds: an object of our version, or what releases of KubeVirt before v1.0 have stored, whose
 * fields are a part of today's.
 */
import type { z } from "zod";
import { dropNulls } from "../../api/drop_nulls.ts";
import { VirtualMachineInstancetypeSpec } from "../../api/instancetype.ts";
import { VirtualMachinePreferenceSpec } from "../../api/preference.ts";
import type { ControllerRevision } from "../core_objects.ts";
import { isRecord } from "../merge_patch.ts";
import type { MatcherField } from "./matcher.ts";

/** By the field of the VM that refers to the revision. */
export interface SpecOf {
  instancetype: VirtualMachineInstancetypeSpec;
  preference: VirtualMachinePreferenceSpec;
}

const SCHEMAS: { readonly [Field in MatcherField]: z.ZodType<SpecOf[Field]> } = {
  instancetype: VirtualMachineInstancetypeSpec,
  preference: VirtualMachinePreferenceSpec,
};
const KINDS: Readonly<Record<MatcherField, readonly string[]>> = {
  instancetype: ["VirtualMachineInstancetype", "VirtualMachineClusterInstancetype"],
  preference: ["VirtualMachinePreference", "VirtualMachineClusterPreference"],
};

/** The spec; `undefined` when the revision holds something else. */
export function specOfRevision<Field extends MatcherField>(
  field: Field,
  { data }: ControllerRevision,
): SpecOf[Field] | undefined {
  if (!isRecord(data)) return undefined;
  // The first release stored a spec without its kind, and the spec as bytes.
  if (typeof data.kind === "string" && !KINDS[field].includes(data.kind)) return undefined;
  const spec = typeof data.spec === "string" ? decodeJson(data.spec) : data.spec;
  const parsed = SCHEMAS[field].safeParse(dropNulls(spec));
  return parsed.success ? parsed.data : undefined;
}

function decodeJson(base64: string): unknown {
  try {
    return JSON.parse(atob(base64));
  } catch {
    return undefined;
  }
}
