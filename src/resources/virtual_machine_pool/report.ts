/** What the user is told when the API server refuses what the pool controller does. */
import type { VirtualMachinePoolStatus } from "../../api/pool.ts";
import type { FailureReport } from "../../runtime/reconciler.ts";
import { withCondition } from "../condition.ts";
import { errorText } from "../error_text.ts";
import { decidePool, REPLICA_FAILURE } from "./decide.ts";
import type { PoolAction, PoolWorld } from "./world.ts";

export function reportPool(
  error: unknown,
  action: PoolAction,
  world: PoolWorld,
): FailureReport<VirtualMachinePoolStatus> {
  const { pool, now } = world;
  const { reason, what } = ACTIONS[action.type];
  const message = `Cannot ${what} ${nameOf(action)}: ${errorText(error)}`;
  const { status } = decidePool(world);
  const condition = { type: REPLICA_FAILURE, status: "True", reason, message };
  return {
    status: { ...status, conditions: withCondition(status.conditions, condition, now) },
    events: [{ regarding: pool, type: "Warning", reason, message }],
  };
}

const ACTIONS: Readonly<Record<PoolAction["type"], { reason: string; what: string }>> = {
  create_revision: { reason: "FailedScaleOut", what: "keep revision" },
  delete_revision: { reason: "FailedRevisionPruning", what: "delete revision" },
  create_vm: { reason: "FailedScaleOut", what: "create virtual machine" },
  update_vm: { reason: "FailedUpdate", what: "update virtual machine" },
  delete_vm: { reason: "FailedScaleIn", what: "delete virtual machine" },
  release_vm: { reason: "FailedUpdate", what: "release virtual machine" },
  restart_vmi: { reason: "FailedUpdate", what: "restart the guest of virtual machine" },
  request_restart: { reason: "FailedUpdate", what: "restart the guest of virtual machine" },
  label_vmi: { reason: "FailedUpdate", what: "label virtual machine instance" },
};

function nameOf(action: PoolAction): string {
  switch (action.type) {
    case "create_vm":
    case "update_vm":
      return action.vm.metadata.name;
    case "create_revision":
      return action.revision.metadata.name;
    default:
      return action.name;
  }
}
