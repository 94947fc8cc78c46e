/** What the user is told of a pool's changes. */
import type { VirtualMachinePool, VirtualMachinePoolStatus } from "../../api/pool.ts";
import type { EventRecord } from "../../runtime/reconciler.ts";
import { hasCondition } from "../condition.ts";
import type { PoolAction } from "./world.ts";

export function eventsOf(
  pool: VirtualMachinePool,
  actions: readonly PoolAction[],
  status: VirtualMachinePoolStatus,
): EventRecord[] {
  const told = [...actions.flatMap((action) => toldOf(action, pool)), ...pauseTold(pool, status)];
  return told.map(({ reason, message }) => ({ regarding: pool, type: "Normal", reason, message }));
}

type Told = Pick<EventRecord, "reason" | "message">;

function toldOf(action: PoolAction, { metadata: { namespace } }: VirtualMachinePool): Told[] {
  switch (action.type) {
    case "create_vm":
      return [{
        reason: "SuccessfulCreate",
        message: `Created VM ${namespace}/${action.vm.metadata.name}`,
      }];
    case "delete_vm": {
      const { name, uid, why } = action;
      const message = `Deleted VM ${namespace}/${name} with uid ${uid} from pool: ${why}`;
      return [{ reason: "SuccessfulDelete", message }];
    }
    case "update_vm":
      return [{
        reason: "SuccessfulUpdate",
        message: `Updated VM ${namespace}/${action.vm.metadata.name}`,
      }];
    case "restart_vmi":
    case "request_restart": {
      const message = `Restarting the guest of VM ${namespace}/${action.name} for its new template`;
      return [{ reason: "SuccessfulUpdate", message }];
    }
    default:
      return [];
  }
}

function pauseTold(pool: VirtualMachinePool, status: VirtualMachinePoolStatus): Told[] {
  const paused = { type: "ReplicaPaused", status: "True" };
  const [before, after] = [pool.status, status].map((each) =>
    hasCondition(each?.conditions, paused)
  );
  if (before === after) return [];
  return after
    ? [{ reason: "SuccessfulPaused", message: "Pool is paused" }]
    : [{ reason: "SuccessfulResume", message: "Pool is unpaused" }];
}
