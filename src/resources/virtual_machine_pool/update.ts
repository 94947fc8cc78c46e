/**
 * How a changed template reaches the machines of a pool.
 *
 *   unmanaged      nothing is done
 *   opportunistic  machines get the template, guests get it when they are started again
 *   proactive      guests are restarted too, as many at a time as may be unavailable
 */
import { VirtualMachineInstanceConditionType } from "../../api/conditions.ts";
import { VirtualMachineInstancePhase as Phase } from "../../api/phases.ts";
import type { VirtualMachinePool } from "../../api/pool.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { hasCondition } from "../condition.ts";
import { controllerOf } from "../owner_reference.ts";
import { updatedMachine } from "./machine.ts";
import { maxUnavailable } from "./max_unavailable.ts";
import { haveSameGuest, revisionNameOf, revisionOf } from "./revision.ts";
import { selectMachines } from "./selection_policy.ts";
import type { PoolAction, PoolWorld } from "./world.ts";

/** For machines that belong to the pool and stay. */
export function updatesOf(
  { pool, instances }: PoolWorld,
  machines: readonly VirtualMachine[],
): PoolAction[] {
  const { unmanaged, opportunistic, proactive } = pool.spec.updateStrategy ?? {};
  if (unmanaged !== undefined) return [];
  const revision = revisionNameOf(pool);
  const selected = selectMachines(machines, proactive?.selectionPolicy);
  const updates = selected.filter((vm) => revisionOf(vm) !== revision)
    .map((vm): PoolAction => ({ type: "update_vm", vm: updatedMachine(pool, vm) }));
  if (opportunistic !== undefined) return updates;
  const instanceOf = instancesByOwner(instances);
  const current = selected.filter((vm) => revisionOf(vm) === revision)
    .flatMap((vm) => instanceOf.get(vm.metadata.uid) ?? []);
  const unavailable = machines.filter((vm) => !isReady(instanceOf.get(vm.metadata.uid))).length;
  return [...updates, ...restartsOf(pool, current, unavailable)];
}

/** Guests that are down are restarted in any case: they cannot become less available. */
function restartsOf(
  pool: VirtualMachinePool,
  instances: readonly VirtualMachineInstance[],
  unavailable: number,
): PoolAction[] {
  const revision = revisionNameOf(pool);
  const older = instances.filter((vmi) =>
    revisionOf(vmi) !== revision && !vmi.metadata.deletionTimestamp
  );
  const isAlike = (vmi: VirtualMachineInstance) => haveSameGuest(revisionOf(vmi) ?? "", revision);
  const outdated = older.filter((vmi) => !isAlike(vmi));
  const allowed = Math.max(0, maxUnavailable(pool.spec) - unavailable);
  return [
    ...older.filter(isAlike).map(({ metadata: { name } }): PoolAction => ({
      type: "label_vmi",
      name,
      revision,
    })),
    ...outdated.filter((vmi) => !isReady(vmi)).map(restartOf),
    ...outdated.filter(isReady).slice(0, allowed).map(restartOf),
  ];
}

function restartOf({ metadata: { name, uid } }: VirtualMachineInstance): PoolAction {
  return { type: "restart_vmi", name, uid };
}

function instancesByOwner(
  instances: readonly VirtualMachineInstance[],
): ReadonlyMap<string, VirtualMachineInstance> {
  return new Map(instances.map((vmi) => [controllerOf(vmi)?.uid ?? "", vmi]));
}

function isReady(vmi: VirtualMachineInstance | undefined): boolean {
  const ready = { type: VirtualMachineInstanceConditionType.Ready, status: "True" };
  return vmi !== undefined && !vmi.metadata.deletionTimestamp &&
    vmi.status?.phase === Phase.Running && hasCondition(vmi.status.conditions, ready);
}
