import type { ObjectKey } from "../../kube/object.ts";
import type { Clock } from "../../runtime/clock.ts";
import { BY_CONTROLLER, type ControllerInformers, uncontrolledIn } from "../informers.ts";
import type { ReplicaSetWorld } from "./world.ts";

export interface ObserveDependencies {
  informers: Pick<ControllerInformers, "replicaSets" | "virtualMachineInstances">;
  clock: Clock;
}

/** From the caches. */
export function observeReplicaSet(
  { informers, clock }: ObserveDependencies,
  key: ObjectKey,
): ReplicaSetWorld | undefined {
  const set = informers.replicaSets.get(key);
  if (set === undefined) return undefined;
  const controlledBy = (key: string) =>
    informers.virtualMachineInstances.byIndex(BY_CONTROLLER, key);
  return {
    now: clock.now().toISOString(),
    set,
    instances: [
      ...controlledBy(set.metadata.uid),
      ...controlledBy(uncontrolledIn(set.metadata.namespace)),
    ],
  };
}
