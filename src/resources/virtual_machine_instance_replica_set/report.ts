/** What the user is told when the API server refuses what the replica set controller does. */
import type { FailureReport } from "../../runtime/reconciler.ts";
import { withCondition } from "../condition.ts";
import { errorText } from "../error_text.ts";
import { decideReplicaSet, REPLICA_FAILURE, type ReplicaSetStatus } from "./decide.ts";
import type { ReplicaSetAction, ReplicaSetWorld } from "./world.ts";

export function reportReplicaSet(
  error: unknown,
  action: ReplicaSetAction,
  world: ReplicaSetWorld,
): FailureReport<ReplicaSetStatus> {
  const { set, now } = world;
  const { reason, what } = ACTIONS[action.type];
  const message = `Cannot ${what} ${nameOf(action)}: ${errorText(error)}`;
  const { status } = decideReplicaSet(world);
  const condition = { type: REPLICA_FAILURE, status: "True", reason, message };
  return {
    status: { ...status, conditions: withCondition(status.conditions, condition, now) },
    events: [{ regarding: set, type: "Warning", reason, message }],
  };
}

const ACTIONS: Readonly<Record<ReplicaSetAction["type"], { reason: string; what: string }>> = {
  create_vmi: { reason: "FailedCreate", what: "create virtual machine instance" },
  delete_vmi: { reason: "FailedDelete", what: "delete virtual machine instance" },
  adopt_vmi: { reason: "FailedUpdate", what: "adopt virtual machine instance" },
  release_vmi: { reason: "FailedUpdate", what: "release virtual machine instance" },
};

function nameOf(action: ReplicaSetAction): string {
  return action.type === "create_vmi" ? action.vmi.metadata.name : action.name;
}
