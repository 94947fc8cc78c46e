import { keyOf, type ObjectKey } from "../../kube/object.ts";
import { SYSTEM_CLOCK } from "../../runtime/clock.ts";
import { Controller } from "../../runtime/controller.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import { WriteThroughClient } from "../../runtime/write_through_client.ts";
import type { ControllerDependencies } from "../controller.ts";
import type { Pod } from "../core_objects.ts";
import { controllerOf } from "../owner_reference.ts";
import { VirtualMachineInstanceReconciler } from "./reconciler.ts";
import type {
  VirtualMachineInstanceAction,
  VirtualMachineInstanceState,
  VirtualMachineInstanceWorld,
} from "./world.ts";

export type VirtualMachineInstanceController = Controller<
  VirtualMachineInstanceWorld,
  VirtualMachineInstanceAction,
  VirtualMachineInstanceState
>;

/** Does nothing before `run(signal)`; the informers are run by the caller. */
export function createVirtualMachineInstanceController(
  dependencies: ControllerDependencies & { envelopeImage: string },
  reconciler: Reconciler<
    VirtualMachineInstanceWorld,
    VirtualMachineInstanceAction,
    VirtualMachineInstanceState
  > = createVirtualMachineInstanceReconciler(dependencies),
): VirtualMachineInstanceController {
  const { informers } = dependencies;
  const controller = new Controller({ ...dependencies, reconciler });
  controller.watch(informers.virtualMachineInstances, (vmi) => [keyOf(vmi)]);
  controller.watch(informers.launcherPods, instanceKeys);
  // Not watched for changes: configuration, nodes and quotas count for pods that are made from now on.
  controller.watch(informers.kubevirts, () => []);
  controller.watch(informers.nodes, () => []);
  controller.watch(informers.resourceQuotas, () => []);
  return controller;
}

/** What the controller runs: also what `explain` asks. */
export function createVirtualMachineInstanceReconciler(
  dependencies: ControllerDependencies & { envelopeImage: string },
): VirtualMachineInstanceReconciler {
  const { informers, clock = SYSTEM_CLOCK } = dependencies;
  const client = new WriteThroughClient(dependencies.client, Object.values(informers));
  return new VirtualMachineInstanceReconciler({ ...dependencies, client, clock });
}

function instanceKeys(pod: Pod): ObjectKey[] {
  const owner = controllerOf(pod);
  if (owner?.kind !== "VirtualMachineInstance") return [];
  return [{ ...keyOf(pod), name: owner.name }];
}
