import { keyOf, type ObjectKey } from "../../kube/object.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { SYSTEM_CLOCK } from "../../runtime/clock.ts";
import { Controller } from "../../runtime/controller.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import type { ControllerDependencies } from "../controller.ts";
import { matchesSelector } from "../label_selector.ts";
import { controllerOf } from "../owner_reference.ts";
import { actOnReplicaSet, writeReplicaSetStatus } from "./act.ts";
import { decideReplicaSet, type ReplicaSetStatus } from "./decide.ts";
import { observeReplicaSet } from "./observe.ts";
import { reportReplicaSet } from "./report.ts";
import type { ReplicaSetAction, ReplicaSetWorld } from "./world.ts";

export type ReplicaSetController = Controller<ReplicaSetWorld, ReplicaSetAction, ReplicaSetStatus>;

/** Does nothing before `run(signal)`; the informers are run by the caller. */
export function createReplicaSetController(
  dependencies: ControllerDependencies,
): ReplicaSetController {
  const { informers } = dependencies;
  const reconciler = createReplicaSetReconciler(dependencies);
  const controller = new Controller({ ...dependencies, reconciler });
  controller.watch(informers.replicaSets, (set) => [keyOf(set)]);
  controller.watch(informers.virtualMachineInstances, (vmi) => setsOf(vmi, dependencies));
  return controller;
}

/** What the controller runs: also what `explain` asks. */
export function createReplicaSetReconciler(
  { client, informers, clock = SYSTEM_CLOCK }: ControllerDependencies,
): Reconciler<ReplicaSetWorld, ReplicaSetAction, ReplicaSetStatus> {
  return {
    name: "virtualmachineinstancereplicaset-controller",
    observe: (key) => Promise.resolve(observeReplicaSet({ informers, clock }, key)),
    decide: decideReplicaSet,
    act: (action, world, signal) => actOnReplicaSet(action, { client, world, signal }),
    writeStatus: (status, world, signal) =>
      writeReplicaSetStatus(status, { client, world, signal }),
    report: reportReplicaSet,
  };
}

/** The set that an instance belongs to, or those that would take it. */
function setsOf(
  vmi: VirtualMachineInstance,
  { informers: { replicaSets } }: ControllerDependencies,
): ObjectKey[] {
  const { labels, namespace } = vmi.metadata;
  const owner = controllerOf(vmi);
  if (owner !== undefined) {
    const isSet = owner.kind === "VirtualMachineInstanceReplicaSet";
    return isSet ? [{ ...keyOf(vmi), name: owner.name }] : [];
  }
  return replicaSets.list()
    .filter((set) =>
      set.metadata.namespace === namespace && matchesSelector(set.spec.selector, labels)
    )
    .map(keyOf);
}
