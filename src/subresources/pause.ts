/** PUT virtualmachineinstances/{name}/pause and unpause. */
import { VirtualMachineInstanceConditionType } from "../api/conditions.ts";
import { VirtualMachineInstancePhase } from "../api/phases.ts";
import type { VirtualMachine } from "../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import { conflict, type Denial, notAllowed } from "./status_response.ts";
import { vmiName } from "./verb.ts";

/** Why a running guest cannot be paused; `undefined` when it can. */
export function denyPause(vmi: VirtualMachineInstance): Denial | undefined {
  if (vmi.status?.phase !== VirtualMachineInstancePhase.Running) {
    return conflict(vmiName(vmi), "VM is not running");
  }
  const probe = vmi.spec.livenessProbe;
  if (probe !== undefined && probe.guestAgentPing === undefined) {
    return notAllowed(vmiName(vmi), "Pausing VMIs with LivenessProbe is currently not supported");
  }
  return isPaused(vmi) ? conflict(vmiName(vmi), "VMI is already paused") : undefined;
}

/** Why a guest cannot be unpaused; `undefined` when it can. `vm` is its owner. */
export function denyUnpause(
  vmi: VirtualMachineInstance,
  vm: VirtualMachine | undefined,
): Denial | undefined {
  if (vmi.status?.phase !== VirtualMachineInstancePhase.Running) {
    return conflict(vmiName(vmi), "VM is not running");
  }
  if (!isPaused(vmi)) return conflict(vmiName(vmi), "VMI is not paused");
  if (!vm?.status?.snapshotInProgress) return undefined;
  return conflict(vmiName(vmi), "VMI cannot be unpaused while a snapshot is in progress");
}

function isPaused(vmi: VirtualMachineInstance): boolean {
  return (vmi.status?.conditions ?? []).some((condition) =>
    condition.type === VirtualMachineInstanceConditionType.Paused && condition.status === "True"
  );
}
