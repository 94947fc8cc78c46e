/** PUT virtualmachines/{name}/stop. */
import { VirtualMachineRunStrategy as Strategy } from "../api/phases.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import {
  isLive,
  requestChanges,
  runningPatch,
  runStrategyOf,
  stopRequest,
} from "./run_strategy.ts";
import { badRequest, conflict } from "./status_response.ts";
import {
  type VerbDecision,
  type VirtualMachineEffect,
  type VirtualMachineSubject,
  vmName,
} from "./verb.ts";

/** What the caller may ask for. */
export interface StopOptions {
  /** Seconds the guest is given; only ever shorter than what it has. */
  gracePeriod?: number | undefined;
}

export function decideStop(subject: VirtualMachineSubject, options: StopOptions): VerbDecision {
  const { vm, vmi } = subject;
  const { gracePeriod } = options;
  if (gracePeriod !== undefined && gracePeriod < 0) {
    return { denied: badRequest("gracePeriod has to be greater or equal to 0") };
  }
  const strategy = runStrategyOf(vm);
  const shorter = isLive(vmi) ? shorterGracePeriod(vmi, gracePeriod) : [];
  switch (strategy) {
    case Strategy.Halted:
      if (!isLive(vmi)) return { denied: conflict(vmName(vm), "VM is not running") };
      if (shorter.length > 0) return { effects: shorter };
      return {
        denied: conflict(
          vmName(vm),
          `${strategy} only supports manual stop requests with a shorter graceperiod`,
        ),
      };
    case Strategy.RerunOnFailure:
    case Strategy.Manual: {
      if (!isLive(vmi)) return { denied: conflict(vmName(vm), "VM is not running") };
      const request = requestChanges(vm, [stopRequest(vmi)]);
      return "denied" in request ? request : { effects: [...shorter, ...request.effects] };
    }
    case Strategy.WaitAsReceiver:
      return { denied: conflict(vmName(vm), `${strategy} does not support manual stop requests`) };
    default:
      return {
        effects: [...shorter, { type: "patch_spec", operations: runningPatch(vm, false) }],
      };
  }
}

function shorterGracePeriod(
  vmi: VirtualMachineInstance,
  gracePeriod: number | undefined,
): VirtualMachineEffect[] {
  const current = vmi.spec.terminationGracePeriodSeconds;
  if (gracePeriod === undefined || (current !== undefined && gracePeriod >= current)) return [];
  const path = "/spec/terminationGracePeriodSeconds";
  return [{
    type: "patch_instance",
    operations: [
      { op: "test", path, value: current ?? null },
      { op: "add", path, value: gracePeriod },
    ],
  }];
}
