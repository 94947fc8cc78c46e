import { NODE_NAME_LABEL } from "../../api/labels.ts";
import { SYSTEM_CLOCK } from "../../runtime/clock.ts";
import { Controller } from "../../runtime/controller.ts";
import { WriteThroughClient } from "../../runtime/write_through_client.ts";
import { Unchanged } from "../../runtime/unchanged.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import type { ControllerDependencies } from "../controller.ts";
import { actOnNode } from "./act.ts";
import { decideNode } from "./decide.ts";
import { observeNode } from "./observe.ts";
import type { NodeAction, NodeWorld } from "./world.ts";

export type NodeController = Controller<NodeWorld, NodeAction, undefined>;

/** Does nothing before `run(signal)`; the informers are run by the caller. */
export function createNodeController(
  dependencies: ControllerDependencies,
  reconciler: Reconciler<NodeWorld, NodeAction, undefined> = createNodeReconciler(dependencies),
): NodeController {
  const { informers } = dependencies;
  const controller = new Controller({ ...dependencies, reconciler });
  controller.watch(informers.nodes, ({ metadata: { name } }) => [{ name }]);
  controller.watch(informers.virtualMachineInstances, ({ metadata }) => {
    const name = metadata.labels?.[NODE_NAME_LABEL];
    return name === undefined ? [] : [{ name }];
  });
  controller.watch(informers.launcherPods, () => []);
  return controller;
}

/** What the controller runs: also what `explain` asks. */
export function createNodeReconciler(
  dependencies: ControllerDependencies,
): Reconciler<NodeWorld, NodeAction, undefined> {
  const { informers, clock = SYSTEM_CLOCK } = dependencies;
  const client = new WriteThroughClient(dependencies.client, Object.values(informers));
  const heartbeats = new Unchanged(clock);
  return {
    name: "node-controller",
    observe: (key, signal) => observeNode({ client, informers, clock, heartbeats }, key, signal),
    decide: decideNode,
    act: (action, world, signal) => actOnNode(action, { client, world, signal }),
    // The agent owns the node's labels and annotations; there is no status to write.
    writeStatus: () => Promise.resolve(),
  };
}
