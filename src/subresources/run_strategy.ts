/** Patches of a VM that start and stop it: of its spec, or requests in its status. */
import {
  isFinalPhase,
  START_REQUEST_PAUSED_KEY,
  START_REQUEST_PAUSED_TRUE,
  StateChangeRequestAction,
  VirtualMachineRunStrategy,
} from "../api/phases.ts";
import type { VirtualMachine } from "../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import { conflict } from "./status_response.ts";
import { type PatchOperation, type VerbDecision, vmName } from "./verb.ts";

interface StateChangeRequest {
  action: string;
  uid?: string;
  data?: Record<string, string>;
}

/** The strategy that is meant, whichever of the two fields says it. */
export function runStrategyOf(vm: VirtualMachine): string {
  if (vm.spec.runStrategy !== undefined) return vm.spec.runStrategy;
  return vm.spec.running === true
    ? VirtualMachineRunStrategy.Always
    : VirtualMachineRunStrategy.Halted;
}

/** True while the instance is not one that has ended. */
export function isLive(vmi: VirtualMachineInstance | undefined): vmi is VirtualMachineInstance {
  return vmi !== undefined && !isFinalPhase(vmi.status?.phase);
}

/** Turns the VM on or off for good. The test keeps two callers from undoing each other. */
export function runningPatch(vm: VirtualMachine, running: boolean): PatchOperation[] {
  const { runStrategy } = vm.spec;
  if (runStrategy === undefined) {
    return [
      { op: "test", path: "/spec/running", value: vm.spec.running },
      { op: "replace", path: "/spec/running", value: running },
    ];
  }
  const wanted = running ? VirtualMachineRunStrategy.Always : VirtualMachineRunStrategy.Halted;
  return [
    { op: "test", path: "/spec/runStrategy", value: runStrategy },
    { op: "replace", path: "/spec/runStrategy", value: wanted },
  ];
}

/** Hands requests to the VM's controller. A stop alone replaces whatever waits; anything else waits its turn. */
export function requestChanges(
  vm: VirtualMachine,
  requests: readonly StateChangeRequest[],
): VerbDecision {
  const pending = vm.status?.stateChangeRequests ?? [];
  const stopOnly = requests.length === 1 && requests[0]?.action === StateChangeRequestAction.Stop;
  if (pending.length > 0 && !stopOnly) {
    const why = "unable to complete request: stop/start already underway";
    return { denied: conflict(vmName(vm), why) };
  }
  const starts = requests.some((request) => request.action === StateChangeRequestAction.Start);
  return { effects: [{ type: "patch_status", operations: statusPatch(vm, requests, starts) }] };
}

export function startRequest(options: { paused: boolean }): StateChangeRequest {
  return {
    action: StateChangeRequestAction.Start,
    ...(options.paused ? { data: { [START_REQUEST_PAUSED_KEY]: START_REQUEST_PAUSED_TRUE } } : {}),
  };
}

export function stopRequest(vmi: VirtualMachineInstance): StateChangeRequest {
  return { action: StateChangeRequestAction.Stop, uid: vmi.metadata.uid };
}

function statusPatch(
  vm: VirtualMachine,
  requests: readonly StateChangeRequest[],
  starts: boolean,
): PatchOperation[] {
  if (vm.status === undefined || Object.keys(vm.status).length === 0) {
    return [{ op: "add", path: "/status", value: { stateChangeRequests: requests } }];
  }
  const path = "/status/stateChangeRequests";
  const operations: PatchOperation[] = [
    { op: "test", path, value: vm.status.stateChangeRequests ?? null },
    { op: "add", path, value: requests },
  ];
  if (starts && vm.status.startFailure !== undefined) {
    operations.push({ op: "remove", path: "/status/startFailure" });
  }
  return operations;
}
