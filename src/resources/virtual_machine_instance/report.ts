/** What the user is told when the API server refuses what the VMI controller does. */
import { SynchronizedReason } from "../../api/conditions.ts";
import { VirtualMachineInstancePhase } from "../../api/phases.ts";
import type { FailureReport } from "../../runtime/reconciler.ts";
import { errorText } from "../error_text.ts";
import { withProblem } from "./conditions.ts";
import { enterPhase } from "./phase_transition.ts";
import type {
  VirtualMachineInstanceAction,
  VirtualMachineInstanceState,
  VirtualMachineInstanceWorld,
} from "./world.ts";

export function reportVirtualMachineInstance(
  error: unknown,
  action: VirtualMachineInstanceAction,
  world: VirtualMachineInstanceWorld,
): FailureReport<VirtualMachineInstanceState> {
  const { vmi, now } = world;
  const isCreate = action.type === "create_pod";
  const reason = isCreate ? SynchronizedReason.FailedCreate : SynchronizedReason.FailedDelete;
  const verb = isCreate ? "create" : "delete";
  const message = `Cannot ${verb} the launcher pod: ${errorText(error)}`;
  const before = vmi.status?.phase ? vmi.status : enterPhase(
    vmi.status ?? {},
    VirtualMachineInstancePhase.Pending,
    now,
  );
  return {
    status: {
      labels: vmi.metadata.labels ?? {},
      finalizers: vmi.metadata.finalizers ?? [],
      status: withProblem(before, { reason, message }, now),
    },
    events: [{ regarding: vmi, type: "Warning", reason, message }],
  };
}
