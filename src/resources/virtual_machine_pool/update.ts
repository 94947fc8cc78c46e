/**
 * How a changed template reaches the machines of a pool.
 *
 *   unmanaged      nothing is done
 *   opportunistic  machines get the template, guests get it when they are started again
 *   proactive      guests are restarted too, as many at a time as may be unavailable
 *
 * A guest that its machine would not start again when it is gone is restarted by a request to the machine, as a person would;
 * one that is run once is left alone.
 */
import { VirtualMachineInstanceConditionType } from "../../api/conditions.ts";
import {
  VirtualMachineInstancePhase as Phase,
  VirtualMachineRunStrategy as RunStrategy,
} from "../../api/phases.ts";
import type { VirtualMachinePool } from "../../api/pool.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { hasCondition } from "../condition.ts";
import { controllerOf } from "../owner_reference.ts";
import { runStrategyOf } from "../virtual_machine/run_strategy.ts";
import { updatedMachine } from "./machine.ts";
import { maxUnavailable } from "./max_unavailable.ts";
import { haveSameGuest, revisionNameOf, revisionOf } from "./revision.ts";
import { selectMachines } from "./selection_policy.ts";
import type { PoolAction, PoolWorld } from "./world.ts";

/** Their machines start them again when they are asked to, and not because they are gone. */
const STARTED_BY_REQUEST: readonly string[] = [RunStrategy.Manual, RunStrategy.RerunOnFailure];

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
    .flatMap((vm) => {
      const vmi = instanceOf.get(vm.metadata.uid);
      return vmi === undefined ? [] : [{ vm, vmi }];
    });
  const unavailable = machines.filter((vm) => !isReady(instanceOf.get(vm.metadata.uid))).length;
  return [...updates, ...restartsOf(pool, current, unavailable)];
}

interface Guest {
  vm: VirtualMachine;
  vmi: VirtualMachineInstance;
}

/** Guests that are down are restarted in any case: they cannot become less available. */
function restartsOf(
  pool: VirtualMachinePool,
  guests: readonly Guest[],
  unavailable: number,
): PoolAction[] {
  const revision = revisionNameOf(pool);
  const older = guests.filter(({ vmi }) =>
    revisionOf(vmi) !== revision && !vmi.metadata.deletionTimestamp
  );
  const isAlike = ({ vmi }: Guest) => haveSameGuest(revisionOf(vmi) ?? "", revision);
  const outdated = older.filter((guest) => !isAlike(guest) && isRestartable(guest));
  const allowed = Math.max(0, maxUnavailable(pool.spec) - unavailable);
  return [
    ...older.filter(isAlike).map(({ vmi: { metadata: { name } } }): PoolAction => ({
      type: "label_vmi",
      name,
      revision,
    })),
    ...outdated.filter(({ vmi }) => !isReady(vmi)).map(restartOf),
    ...outdated.filter(({ vmi }) => isReady(vmi)).slice(0, allowed).map(restartOf),
  ];
}

/** Not while its machine has yet to do what it was asked before, nor when it is run once. */
function isRestartable({ vm }: Guest): boolean {
  const strategy = runStrategyOf(vm);
  if (strategy === RunStrategy.Always) return true;
  return STARTED_BY_REQUEST.includes(strategy) &&
    (vm.status?.stateChangeRequests ?? []).length === 0;
}

function restartOf({ vm, vmi: { metadata: { name, uid } } }: Guest): PoolAction {
  return runStrategyOf(vm) === RunStrategy.Always
    ? { type: "restart_vmi", name, uid }
    : { type: "request_restart", name, uid };
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
