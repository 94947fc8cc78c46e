import type { VirtualMachinePoolStatus } from "../../api/pool.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { keyOf, type KubeObject, type ObjectKey } from "../../kube/object.ts";
import { BoundedMap } from "../../runtime/bounded_map.ts";
import { SYSTEM_CLOCK } from "../../runtime/clock.ts";
import { Controller } from "../../runtime/controller.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import { Unchanged } from "../../runtime/unchanged.ts";
import { WriteThroughClient } from "../../runtime/write_through_client.ts";
import type { ControllerDependencies } from "../controller.ts";
import { controllerOf } from "../owner_reference.ts";
import { actOnPool, writePoolStatus } from "./act.ts";
import { decidePool } from "./decide.ts";
import { observePool } from "./observe.ts";
import { reportPool } from "./report.ts";
import type { PoolAction, PoolWorld } from "./world.ts";

export type PoolController = Controller<PoolWorld, PoolAction, VirtualMachinePoolStatus>;

/** Beyond it, revisions of some pools are listed once more than needed. */
const POOLS_REMEMBERED_MAX = 10_000;

/** Does nothing before `run(signal)`; the informers are run by the caller. */
export function createPoolController(dependencies: ControllerDependencies): PoolController {
  const { informers } = dependencies;
  const controller = new Controller({
    ...dependencies,
    reconciler: createPoolReconciler(dependencies),
  });
  controller.watch(informers.pools, (pool) => [keyOf(pool)]);
  controller.watch(informers.virtualMachines, (vm) => poolOf(vm));
  controller.watch(informers.virtualMachineInstances, (vmi) => poolOfOwner(vmi, dependencies));
  return controller;
}

/** What the controller runs: also what `explain` asks. */
export function createPoolReconciler(
  dependencies: ControllerDependencies,
): Reconciler<PoolWorld, PoolAction, VirtualMachinePoolStatus> {
  const { informers, clock = SYSTEM_CLOCK } = dependencies;
  const client = new WriteThroughClient(dependencies.client, Object.values(informers));
  const prunedFor = new BoundedMap<string, string>(POOLS_REMEMBERED_MAX);
  const observing = { client, informers, clock, prunedFor, notReady: new Unchanged(clock) };
  return {
    name: "virtualmachinepool-controller",
    observe: (key, signal) => observePool(observing, key, signal),
    decide: decidePool,
    act: (action, world, signal) => actOnPool(action, { client, world, signal }),
    writeStatus: (status, world, signal) => writePoolStatus(status, { client, world, signal }),
    report: reportPool,
  };
}

function poolOf(vm: VirtualMachine): ObjectKey[] {
  const owner = controllerOf(vm);
  return owner?.kind === "VirtualMachinePool" ? [besides(vm, owner.name)] : [];
}

/** The pool of the machine that an instance belongs to. */
function poolOfOwner(
  vmi: VirtualMachineInstance,
  { informers }: ControllerDependencies,
): ObjectKey[] {
  const owner = controllerOf(vmi);
  if (owner?.kind !== "VirtualMachine") return [];
  const vm = informers.virtualMachines.get(besides(vmi, owner.name));
  return vm === undefined ? [] : poolOf(vm);
}

function besides(object: KubeObject, name: string): ObjectKey {
  return { ...keyOf(object), name };
}
