/** A VM whose matchers say what was inferred for them. */
import { klona } from "klona/json";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import { type Cause, invalid } from "../cause.ts";
import type { Inference, Inferences } from "./infer.ts";
import type { MatcherField } from "./matcher.ts";

const IGNORE = "Ignore";

/** The VM, changed where something was inferred, or why it is refused. The given one stays as it is. */
export function withInferences(
  vm: VirtualMachine,
  inferences: Inferences,
): { vm: VirtualMachine } | { causes: Cause[] } {
  const draft = klona(vm);
  const causes = (["instancetype", "preference"] as const).flatMap((field) => {
    const inference = inferences[field];
    return inference === undefined ? [] : replace(draft, field, inference);
  });
  return causes.length > 0 ? { causes } : { vm: draft };
}

function replace(draft: VirtualMachine, field: MatcherField, inference: Inference): Cause[] {
  const isTolerant = draft.spec[field]?.inferFromVolumeFailurePolicy === IGNORE;
  if ("name" in inference) {
    const { name, kind } = inference;
    draft.spec[field] = { name, ...(kind && { kind }) };
    // Memory beside a tolerant matcher is what the guest has when nothing can be inferred.
    if (field === "instancetype" && isTolerant) delete draft.spec.template.spec?.domain.memory;
    return [];
  }
  if (inference.ignorable && isTolerant) {
    delete draft.spec[field];
    return [];
  }
  return [invalid(`spec.${field}.inferFromVolume`, inference.why)];
}
