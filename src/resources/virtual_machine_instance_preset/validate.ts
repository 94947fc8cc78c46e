/** Whether a preset is acceptable. What it gives is judged with the guests that get it. */
import type { VirtualMachineInstancePreset } from "../../api/preset.ts";
import { type Cause, invalid, required } from "../cause.ts";
import { selectorFault } from "../label_selector.ts";

type PresetRule = (preset: VirtualMachineInstancePreset) => Cause[];

const RULES: readonly PresetRule[] = [domain, selector];

/** All causes. */
export function validatePreset(preset: VirtualMachineInstancePreset): Cause[] {
  return RULES.flatMap((rule) => rule(preset));
}

function domain({ spec }: VirtualMachineInstancePreset): Cause[] {
  if (spec?.domain !== undefined) return [];
  return [required("spec.domain", "missing domain.")];
}

function selector({ spec }: VirtualMachineInstancePreset): Cause[] {
  const fault = selectorFault(spec?.selector ?? {});
  return fault === undefined ? [] : [invalid("spec.selector", fault)];
}
