import type { VirtualMachineStatus } from "../../api/virtual_machine_status.ts";
import type { Resource } from "../../kube/client.ts";
import { keyOf, type KubeObject } from "../../kube/object.ts";
import { SYSTEM_CLOCK } from "../../runtime/clock.ts";
import { Controller } from "../../runtime/controller.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import { WriteThroughClient } from "../../runtime/write_through_client.ts";
import type { ControllerDependencies } from "../controller.ts";
import { BY_FIRST_USE, firstUseKey } from "../informers.ts";
import { VirtualMachineReconciler } from "./reconciler.ts";
import type { VirtualMachineAction, VirtualMachineWorld } from "./world.ts";

export type VirtualMachineController = Controller<
  VirtualMachineWorld,
  VirtualMachineAction,
  VirtualMachineStatus
>;

/** Does nothing before `run(signal)`; the informers are run by the caller. */
export function createVirtualMachineController(
  dependencies: ControllerDependencies,
  reconciler: Reconciler<VirtualMachineWorld, VirtualMachineAction, VirtualMachineStatus> =
    createVirtualMachineReconciler(dependencies),
): VirtualMachineController {
  const { informers } = dependencies;
  const controller = new Controller({ ...dependencies, reconciler });
  controller.watch(informers.virtualMachines, (vm) => [keyOf(vm)]);
  // An instance has its VM's name, whoever it belongs to.
  controller.watch(informers.virtualMachineInstances, (vmi) => [keyOf(vmi)]);
  // A VM that waits for its size. Others have a copy, and no change reaches them.
  const waiting = (resource: Resource) => (object: KubeObject) =>
    informers.virtualMachines.byIndex(BY_FIRST_USE, firstUseKey(resource, keyOf(object)))
      .map(keyOf);
  const { instancetypes, clusterInstancetypes, preferences, clusterPreferences } = informers;
  controller.watch(instancetypes, waiting(instancetypes.resource));
  controller.watch(clusterInstancetypes, waiting(clusterInstancetypes.resource));
  controller.watch(preferences, waiting(preferences.resource));
  controller.watch(clusterPreferences, waiting(clusterPreferences.resource));
  return controller;
}

/** What the controller runs: also what `explain` asks. */
export function createVirtualMachineReconciler(
  dependencies: ControllerDependencies,
): VirtualMachineReconciler {
  const { informers, clock = SYSTEM_CLOCK } = dependencies;
  const client = new WriteThroughClient(dependencies.client, Object.values(informers));
  return new VirtualMachineReconciler({ ...dependencies, client, clock });
}
