/**
 * What a run strategy wants next. One row per strategy; columns are what the VM's instance is doing.
 *
 *   strategy        no instance              lives                  has ended
 *   Always          -> create (back-off)     Stop(uid) -> delete    -> delete
 *   RerunOnFailure  Start or strategy is     Stop(uid) -> delete    Failed -> ask for a start, then delete
 *                   new -> create (back-off)                        Succeeded -> delete
 *   Manual          Start -> create          Stop(uid) -> delete    Stop(uid) or Start -> delete
 *   Halted          Start -> become Always   -> delete              -> delete
 *   Once            -> create (back-off)     -                      -
 *
 * An instance that is being deleted is waited for, whatever the strategy.
 */
import {
  isFinalPhase,
  VirtualMachineInstancePhase,
  VirtualMachineRunStrategy,
} from "../../api/phases.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineStateChangeRequest } from "../../api/virtual_machine_status.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { asksToStart, asksToStop } from "./state_change_requests.ts";

/** `running` is the old spelling of two strategies. A VM with neither is refused at admission; here it stays off. */
export function runStrategyOf(vm: VirtualMachine): string {
  if (vm.spec.runStrategy !== undefined) return vm.spec.runStrategy;
  return vm.spec.running === true
    ? VirtualMachineRunStrategy.Always
    : VirtualMachineRunStrategy.Halted;
}

/** What shall be done about the instance, and why: the reason is what `explain` prints. */
export type RunPlan =
  | { kind: "keep"; why: string }
  | { kind: "create"; why: string }
  | { kind: "delete"; why: string }
  /** Put a Start request into the status first; the next look deletes. So the wish outlives this process. */
  | { kind: "request_start"; why: string }
  | { kind: "become_always"; why: string }
  | { kind: "back_off"; remainingMs: number; why: string };

export interface RunStrategyInput {
  runStrategy: string;
  /** The strategy under which the VM was last run: `status.runStrategy`. */
  lastRunStrategy: string | undefined;
  vmi: VirtualMachineInstance | undefined;
  requests: readonly VirtualMachineStateChangeRequest[];
  backOffRemainingMs: number;
}

export function planRun(input: RunStrategyInput): RunPlan {
  const { vmi, runStrategy } = input;
  if (vmi?.metadata.deletionTimestamp) return keep("the instance is being deleted");
  switch (runStrategy) {
    case VirtualMachineRunStrategy.Always:
      return planAlways(input);
    case VirtualMachineRunStrategy.RerunOnFailure:
      return planRerunOnFailure(input);
    case VirtualMachineRunStrategy.Manual:
      return planManual(input);
    case VirtualMachineRunStrategy.Halted:
      return planHalted(input);
    case VirtualMachineRunStrategy.Once:
      return vmi === undefined ? create(input, "it never ran") : keep("it is run once");
    default:
      return keep(`run strategy ${runStrategy} is unknown`);
  }
}

function planAlways(input: RunStrategyInput): RunPlan {
  const { vmi, requests } = input;
  if (vmi === undefined) return create(input, "it is always kept running");
  if (isFinalPhase(vmi.status?.phase)) {
    return remove(`the instance has ended: ${vmi.status?.phase}`);
  }
  return asksToStop(requests, vmi) ? remove("a stop was asked for") : keep("it runs");
}

function planRerunOnFailure(input: RunStrategyInput): RunPlan {
  const { vmi, requests, runStrategy, lastRunStrategy } = input;
  if (vmi === undefined) {
    if (asksToStart(requests)) return create(input, "a start was asked for");
    return lastRunStrategy === runStrategy
      ? keep("it was shut down, and is rerun on failure only")
      : create(input, "the run strategy is new");
  }
  if (asksToStop(requests, vmi)) return remove("a stop was asked for");
  if (vmi.status?.phase === VirtualMachineInstancePhase.Failed) {
    return asksToStart(requests)
      ? remove("the instance has failed")
      : { kind: "request_start", why: "the instance has failed" };
  }
  return vmi.status?.phase === VirtualMachineInstancePhase.Succeeded
    ? remove("the guest was shut down")
    : keep("it runs");
}

function planManual(input: RunStrategyInput): RunPlan {
  const { vmi, requests } = input;
  if (vmi !== undefined) {
    if (asksToStop(requests, vmi)) return remove("a stop was asked for");
    // It ended before it was seen alive, so the start counts as unfulfilled; nobody could ask for another one.
    return isFinalPhase(vmi.status?.phase) && asksToStart(requests)
      ? remove("it has ended, and a start was asked for")
      : keep("no stop was asked for");
  }
  // A manual start is a person's wish: it never waits for a back-off.
  return asksToStart(requests)
    ? { kind: "create", why: "a start was asked for" }
    : keep("no start was asked for");
}

function planHalted(input: RunStrategyInput): RunPlan {
  if (input.vmi !== undefined) return remove("it is halted");
  return asksToStart(input.requests)
    ? { kind: "become_always", why: "a start was asked for" }
    : keep("it is halted");
}

function keep(why: string): RunPlan {
  return { kind: "keep", why };
}

function remove(why: string): RunPlan {
  return { kind: "delete", why };
}

function create(input: RunStrategyInput, why: string): RunPlan {
  return input.backOffRemainingMs > 0
    ? { kind: "back_off", remainingMs: input.backOffRemainingMs, why: "earlier starts failed" }
    : { kind: "create", why };
}
