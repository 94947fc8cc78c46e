/** The VM's conditions: those of its instance, and three of its own. */
import {
  VirtualMachineConditionType as Type,
  VirtualMachineInstanceConditionType,
  VirtualMachineReadyReason,
  VMI_NOT_EXISTS_MESSAGE,
} from "../../api/conditions.ts";
import type { VirtualMachineCondition } from "../../api/virtual_machine_status.ts";
import { findCondition, withCondition, withoutCondition } from "../condition.ts";
import { restartRequiredMessage, type TemplateChange } from "./restart_required.ts";
import type { InstanceView } from "./state_change_requests.ts";

export interface ConditionsInput {
  now: string;
  previous: readonly VirtualMachineCondition[] | undefined;
  /** The instance, or the one that is being created by this very decision. */
  vmi: InstanceView | undefined;
  /** What the controller could not do. */
  failure: { reason: string; message: string } | undefined;
  templateChange: TemplateChange;
}

/** Not the instance's to say. ManualRecoveryRequired is set by whoever runs a storage migration. */
const OWN_TYPES: readonly string[] = [
  Type.Ready,
  Type.Failure,
  Type.RestartRequired,
  Type.ManualRecoveryRequired,
];

export function vmConditions(input: ConditionsInput): VirtualMachineCondition[] {
  const own = (input.previous ?? []).filter((condition) => OWN_TYPES.includes(condition.type));
  const copied = (input.vmi?.status?.conditions ?? [])
    .filter((condition) => !OWN_TYPES.includes(condition.type));
  const withReady = ready(own, input);
  return restartRequired(failure([...withReady, ...copied], input), input);
}

function ready(
  own: readonly VirtualMachineCondition[],
  { now, vmi }: ConditionsInput,
): VirtualMachineCondition[] {
  const type = Type.Ready;
  if (vmi === undefined) {
    const reason = VirtualMachineReadyReason.VMINotExists;
    const message = VMI_NOT_EXISTS_MESSAGE;
    return withCondition(own, { type, status: "False", reason, message }, now);
  }
  const mirrored = findCondition(
    vmi.status?.conditions,
    VirtualMachineInstanceConditionType.Ready,
  );
  if (mirrored !== undefined) return [mirrored, ...withoutCondition(own, type)];
  const reason = VirtualMachineReadyReason.VMIConditionMissing;
  const message = "VMI is missing the Ready condition";
  return withCondition(own, { type, status: "False", reason, message }, now);
}

function failure(
  conditions: readonly VirtualMachineCondition[],
  { now, failure: cause }: ConditionsInput,
): VirtualMachineCondition[] {
  return cause === undefined
    ? withoutCondition(conditions, Type.Failure)
    : withCondition(conditions, { type: Type.Failure, status: "True", ...cause }, now);
}

function restartRequired(
  conditions: readonly VirtualMachineCondition[],
  { now, templateChange }: ConditionsInput,
): VirtualMachineCondition[] {
  switch (templateChange.kind) {
    case "unknown":
      return [...conditions];
    case "none":
      return withoutCondition(conditions, Type.RestartRequired);
    case "changed": {
      const message = restartRequiredMessage(templateChange.paths);
      const wanted = {
        type: Type.RestartRequired,
        status: "True",
        reason: "RestartRequired",
        message,
      };
      return withCondition(conditions, wanted, now);
    }
  }
}
