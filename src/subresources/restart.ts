/** PUT virtualmachines/{name}/restart. */
import { VirtualMachineRunStrategy as Strategy } from "../api/phases.ts";
import {
  isLive,
  requestChanges,
  runStrategyOf,
  startRequest,
  stopRequest,
} from "./run_strategy.ts";
import { badRequest, conflict } from "./status_response.ts";
import { type VerbDecision, type VirtualMachineSubject, vmName } from "./verb.ts";

/** What the caller may ask for. */
export interface RestartOptions {
  /** 0: the guest is not asked. */
  gracePeriodSeconds?: number | undefined;
}

const NO_RESTART: readonly string[] = [Strategy.Halted, Strategy.Once, Strategy.WaitAsReceiver];

export function decideRestart(
  subject: VirtualMachineSubject,
  options: RestartOptions,
): VerbDecision {
  const { vm, vmi } = subject;
  const { gracePeriodSeconds } = options;
  if (gracePeriodSeconds !== undefined && gracePeriodSeconds > 0) {
    const message = "For force restart, only gracePeriod=0 is supported for now";
    return { denied: badRequest(message) };
  }
  if (gracePeriodSeconds !== undefined && gracePeriodSeconds < 0) {
    return { denied: badRequest("gracePeriodSeconds has to be greater or equal to 0") };
  }
  const strategy = runStrategyOf(vm);
  if (NO_RESTART.includes(strategy)) {
    // Misspelt as upstream: clients match the text.
    const why = `RunStategy ${strategy} does not support manual restart requests`;
    return { denied: conflict(vmName(vm), why) };
  }
  if (!isLive(vmi)) {
    return { denied: conflict(vmName(vm), `VM is not running: ${Strategy.Halted}`) };
  }
  const request = requestChanges(vm, [stopRequest(vmi), startRequest({ paused: false })]);
  if ("denied" in request || gracePeriodSeconds === undefined) return request;
  return {
    effects: [...request.effects, { type: "kill_pods", instanceUid: vmi.metadata.uid }],
  };
}
