/** GET virtualmachineinstances/{name}/console: who may have one, and the bytes between the caller and the node agent. */
import { VirtualMachineInstancePhase } from "../api/phases.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import { badRequest, conflict, type Denial } from "./status_response.ts";
import { vmiName } from "./verb.ts";

/** Why there is no console; `undefined` when there is one. virtctl tries again on 400 alone. */
export function denyConsole(vmi: VirtualMachineInstance): Denial | undefined {
  if (vmi.spec.domain.devices.autoattachSerialConsole === false) {
    return badRequest("No serial consoles are present.");
  }
  if (vmi.status?.phase === VirtualMachineInstancePhase.Failed) {
    return conflict(vmiName(vmi), "VMI is in failed status");
  }
  if (vmi.status?.phase !== VirtualMachineInstancePhase.Running) {
    return badRequest("VMI is not running");
  }
  return undefined;
}
