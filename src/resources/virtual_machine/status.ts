/**
 * `status` of a VM as it will be true once the decision's actions have been carried out. It is written after them, so a start
 * costs one write, and not one for the wish and one for the deed.
 */
import { VirtualMachineConditionType } from "../../api/conditions.ts";
import { VirtualMachinePrintableStatus, VirtualMachineRunStrategy } from "../../api/phases.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type {
  VirtualMachineStartFailure,
  VirtualMachineStateChangeRequest,
  VirtualMachineStatus,
} from "../../api/virtual_machine_status.ts";
import { hasCondition } from "../condition.ts";
import type { NewObject } from "../core_objects.ts";
import { isEqualJson } from "../merge_patch.ts";
import { vmConditions } from "./conditions.ts";
import { printableStatus } from "./printable_status.ts";
import { type TemplateChange, templateChange } from "./restart_required.ts";
import { startedGeneration } from "./revision.ts";
import { type RunPlan, runStrategyOf } from "./run_strategy.ts";
import { type SizeReferences, sizeReferences, type SizeRevisionNames } from "./sizing.ts";
import { type InstanceView, pendingRequests, withStartRequest } from "./state_change_requests.ts";
import type { VirtualMachineWorld } from "./world.ts";

/** What goes into condition Failure, and into the event beside it. */
export interface Failure {
  reason: string;
  message: string;
}

export interface StatusInput {
  world: VirtualMachineWorld;
  /** The VM's own instance. */
  vmi: VirtualMachineInstance | undefined;
  plan: RunPlan;
  /** The instance that is created by this decision. */
  created: NewObject<VirtualMachineInstance> | undefined;
  requests: readonly VirtualMachineStateChangeRequest[];
  startFailure: VirtualMachineStartFailure | undefined;
  failure: Failure | undefined;
  /** The copies of instancetype and preference that the VM uses; absent: as status says already. */
  sizing?: { names: SizeRevisionNames; references: SizeReferences };
}

export function statusAfter(input: StatusInput): VirtualMachineStatus {
  const { world: { vm, now, runningRevision }, vmi, plan, created, startFailure, failure } = input;
  const instance: InstanceView | undefined = vmi ?? created;
  const runStrategy = runStrategyOf(vm);
  const change = templateChange(vm, vmi, { revision: runningRevision, names: input.sizing?.names });
  const previous = vm.status?.conditions;
  const conditions = vmConditions({
    now,
    previous,
    vmi: instance,
    failure,
    templateChange: change,
  });
  const requests = requestsAfter(input, instance);
  const lastRunStrategy = runStrategyAfter(vm, { hasInstance: instance !== undefined });
  return {
    ...fieldsOfOthers(vm),
    ...(input.sizing?.references ?? sizeReferences(vm)),
    created: instance !== undefined,
    ready: hasCondition(conditions, { type: VirtualMachineConditionType.Ready, status: "True" }),
    printableStatus: printableStatus({
      runStrategy,
      terminating: Boolean(vm.metadata.deletionTimestamp),
      vmi: instance,
      deletesInstance: plan.kind === "delete",
      consecutiveFailCount: startFailure?.consecutiveFailCount ?? 0,
    }),
    conditions,
    desiredGeneration: vm.metadata.generation ?? 1,
    observedGeneration: observedGeneration(vm, vmi, change),
    ...(requests.length > 0 && { stateChangeRequests: [...requests] }),
    ...(startFailure !== undefined && { startFailure }),
    ...(lastRunStrategy !== undefined && { runStrategy: lastRunStrategy }),
  };
}

const PASSING: readonly string[] = [
  VirtualMachinePrintableStatus.Starting,
  VirtualMachinePrintableStatus.Stopping,
  VirtualMachinePrintableStatus.Terminating,
];

/**
 * Whether the status only tells that something goes on, so that another follows by itself. Never of what this controller goes
 * by later (requests, failures, the strategy of a VM that is rerun), nor of conditions that someone should see.
 */
export function isPassing(vm: VirtualMachine, status: VirtualMachineStatus): boolean {
  const before = vm.status ?? {};
  if (isEqualJson(before, status)) return false;
  return PASSING.includes(status.printableStatus ?? "") &&
    isEqualJson(remembered(vm, before), remembered(vm, status)) &&
    isEqualJson(told(before), told(status));
}

function remembered(vm: VirtualMachine, status: VirtualMachineStatus): unknown {
  const { stateChangeRequests, startFailure, runStrategy } = status;
  const isRerun = runStrategyOf(vm) === VirtualMachineRunStrategy.RerunOnFailure;
  return { stateChangeRequests, startFailure, ...(isRerun && { runStrategy }) };
}

/** Ready follows from the rest. */
function told({ conditions = [] }: VirtualMachineStatus): unknown {
  return conditions.filter(({ type }) => type !== VirtualMachineConditionType.Ready);
}

/** All that this controller does not compute, as it is. */
function fieldsOfOthers(vm: VirtualMachine): VirtualMachineStatus {
  const {
    stateChangeRequests: _,
    startFailure: __,
    runStrategy: ___,
    instancetypeRef: ____,
    preferenceRef: _____,
    ...others
  } = vm.status ?? {};
  return others;
}

function requestsAfter(
  { requests, plan }: StatusInput,
  instance: InstanceView | undefined,
): readonly VirtualMachineStateChangeRequest[] {
  const pending = pendingRequests(requests, instance);
  return plan.kind === "request_start" ? withStartRequest(pending) : pending;
}

/**
 * The strategy under which the VM last ran. A strategy that was chosen while the VM was down counts at once, except
 * RerunOnFailure: that it is new is what starts the VM, so it counts once there is an instance.
 */
function runStrategyAfter(
  vm: VirtualMachine,
  { hasInstance }: { hasInstance: boolean },
): string | undefined {
  const runStrategy = runStrategyOf(vm);
  const last = vm.status?.runStrategy;
  if (hasInstance) return runStrategy;
  const isNewToRerun = runStrategy === VirtualMachineRunStrategy.RerunOnFailure;
  return last === undefined || isNewToRerun ? last : runStrategy;
}

/** The generation that the guest runs. Where nothing runs, or the change does not concern the guest, it is the VM's own. */
function observedGeneration(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  change: TemplateChange,
): number {
  const generation = vm.metadata.generation ?? 1;
  if (vmi === undefined || change.kind === "none") return generation;
  return startedGeneration(vmi) ?? vm.status?.observedGeneration ?? generation;
}
