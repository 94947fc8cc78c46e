/** The state of an instance that went with its node. */
import {
  NODE_UNRESPONSIVE_REASON,
  VirtualMachineInstanceReadyReason,
} from "../../api/conditions.ts";
import { VirtualMachineInstancePhase } from "../../api/phases.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { VirtualMachineInstanceStatus } from "../../api/virtual_machine_instance_status.ts";
import { notReady, withProblem } from "../virtual_machine_instance/conditions.ts";
import { enterPhase } from "../virtual_machine_instance/phase_transition.ts";

export function failedWithNode(
  vmi: VirtualMachineInstance,
  { message, now }: { message: string; now: string },
): VirtualMachineInstanceStatus {
  const reason = NODE_UNRESPONSIVE_REASON;
  const problem = withProblem(vmi.status ?? {}, { reason, message }, now);
  const failed = enterPhase(problem, VirtualMachineInstancePhase.Failed, now);
  return { ...notReady(failed, VirtualMachineInstanceReadyReason.PodNotExists, now), reason };
}
