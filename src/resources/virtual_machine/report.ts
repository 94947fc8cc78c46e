/** What the user is told when the API server refuses what the VM controller does. */
import { VirtualMachineFailureReason } from "../../api/conditions.ts";
import type { VirtualMachineStatus } from "../../api/virtual_machine_status.ts";
import type { FailureReport } from "../../runtime/reconciler.ts";
import { errorText } from "../error_text.ts";
import { isControlledBy } from "../owner_reference.ts";
import { statusAfter } from "./status.ts";
import type { VirtualMachineAction, VirtualMachineWorld } from "./world.ts";

export function reportVirtualMachine(
  error: unknown,
  action: VirtualMachineAction,
  world: VirtualMachineWorld,
): FailureReport<VirtualMachineStatus> {
  const { vm, vmi } = world;
  const failure = {
    reason: reasonOf(action),
    message: `${whatFailed(action)}: ${errorText(error)}`,
  };
  const status = statusAfter({
    world,
    vmi: vmi !== undefined && isControlledBy(vmi, vm.metadata.uid) ? vmi : undefined,
    plan: { kind: "keep", why: failure.message },
    created: undefined,
    requests: vm.status?.stateChangeRequests ?? [],
    startFailure: vm.status?.startFailure ?? undefined,
    failure,
  });
  return { status, events: [{ regarding: vm, type: "Warning", ...failure }] };
}

function reasonOf(action: VirtualMachineAction): string {
  switch (action.type) {
    case "create_revision":
    case "create_size_revision":
    case "create_vmi":
      return VirtualMachineFailureReason.FailedCreate;
    case "delete_vmi":
      return VirtualMachineFailureReason.FailedDelete;
    default:
      return VirtualMachineFailureReason.FailedUpdateError;
  }
}

function whatFailed(action: VirtualMachineAction): string {
  switch (action.type) {
    case "create_revision":
      return "Cannot keep the revision to be started";
    case "create_size_revision":
      return "Cannot keep the instancetype or preference as it is";
    case "delete_revision":
      return `Cannot remove the revision ${action.name}`;
    case "create_vmi":
      return "Cannot create the virtual machine instance";
    case "delete_vmi":
      return "Cannot delete the virtual machine instance";
    case "adopt_vmi":
      return "Cannot adopt the virtual machine instance";
    case "set_run_strategy":
      return `Cannot set the run strategy to ${action.runStrategy}`;
    case "add_finalizer":
    case "remove_finalizer":
      return "Cannot change the finalizers";
  }
}
