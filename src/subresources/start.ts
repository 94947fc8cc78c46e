/** PUT virtualmachines/{name}/start. */
import {
  isFinalPhase,
  VirtualMachineInstancePhase,
  VirtualMachineRunStrategy as Strategy,
} from "../api/phases.ts";
import { VirtualMachineConditionType } from "../api/conditions.ts";
import {
  isLive,
  requestChanges,
  runningPatch,
  runStrategyOf,
  startRequest,
  stopRequest,
} from "./run_strategy.ts";
import { conflict } from "./status_response.ts";
import { type VerbDecision, type VirtualMachineSubject, vmName } from "./verb.ts";

/** What the caller may ask for. */
export interface StartOptions {
  paused?: boolean | undefined;
}

export function decideStart(subject: VirtualMachineSubject, options: StartOptions): VerbDecision {
  const { vm, vmi } = subject;
  const strategy = runStrategyOf(vm);
  const phase = vmi?.status?.phase ?? "";
  if (isLive(vmi) && phase !== "" && phase !== VirtualMachineInstancePhase.Unknown) {
    return { denied: conflict(vmName(vm), "VM is already running") };
  }
  const recovery = vm.status?.conditions?.find((condition) =>
    condition.type === VirtualMachineConditionType.ManualRecoveryRequired
  );
  if (recovery?.status === "True") {
    const why = `VM recovery required: ${recovery.message ?? "volume migration failed"}`;
    return { denied: conflict(vmName(vm), why) };
  }
  const start = startRequest({ paused: options.paused === true });
  switch (strategy) {
    case Strategy.Halted:
      return options.paused === true
        ? requestChanges(vm, [start])
        : { effects: [{ type: "patch_spec", operations: runningPatch(vm, true) }] };
    case Strategy.RerunOnFailure:
      if (phase === VirtualMachineInstancePhase.Failed) {
        const why = `${strategy} does not support starting VM from failed state`;
        return { denied: conflict(vmName(vm), why) };
      }
      break;
    case Strategy.Manual:
      break;
    default:
      return { denied: conflict(vmName(vm), `${strategy} does not support manual start requests`) };
  }
  const leftover = vmi !== undefined && isFinalPhase(phase) ? [stopRequest(vmi)] : [];
  return requestChanges(vm, [...leftover, start]);
}
