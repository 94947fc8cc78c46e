import type { KubeVirtStatus } from "../../api/kubevirt.ts";
import { keyOf } from "../../kube/object.ts";
import { SYSTEM_CLOCK } from "../../runtime/clock.ts";
import { Controller } from "../../runtime/controller.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import type { ControllerDependencies } from "../controller.ts";
import { actOnKubeVirt, writeKubeVirtStatus } from "./act.ts";
import { decideKubeVirt } from "./decide.ts";
import { observeKubeVirt } from "./observe.ts";
import type { KubeVirtAction, KubeVirtWorld } from "./world.ts";

export type KubeVirtController = Controller<KubeVirtWorld, KubeVirtAction, KubeVirtStatus>;

export interface KubeVirtControllerDependencies extends ControllerDependencies {
  /** Where the installation's own pods run. @default it has none: all of it is this process */
  namespace?: string;
  /** Of this program, as the version subresource tells it. */
  version: string;
}

/** Does nothing before `run(signal)`; the informers are run by the caller. */
export function createKubeVirtController(
  dependencies: KubeVirtControllerDependencies,
): KubeVirtController {
  const { informers } = dependencies;
  const reconciler = createKubeVirtReconciler(dependencies);
  const controller = new Controller({ ...dependencies, reconciler });
  controller.watch(informers.kubevirts, (kubevirt) => [keyOf(kubevirt)]);
  return controller;
}

/** What the controller runs: also what `explain` asks. */
export function createKubeVirtReconciler(
  dependencies: KubeVirtControllerDependencies,
): Reconciler<KubeVirtWorld, KubeVirtAction, KubeVirtStatus> {
  const { client, clock = SYSTEM_CLOCK } = dependencies;
  return {
    name: "kubevirt-controller",
    observe: (key, signal) => observeKubeVirt({ ...dependencies, clock }, key, signal),
    decide: decideKubeVirt,
    act: async (action, world, signal) => {
      await actOnKubeVirt(action, { client, world, signal });
    },
    writeStatus: (status, world, signal) => writeKubeVirtStatus(status, { client, world, signal }),
  };
}
