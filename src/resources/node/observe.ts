import { NODE_HEARTBEAT_ANNOTATION } from "../../api/labels.ts";
import { isFinalPhase } from "../../api/phases.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { ObjectKey } from "../../kube/object.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Unchanged } from "../../runtime/unchanged.ts";
import { BY_NODE, BY_VMI_UID, type ControllerInformers } from "../informers.ts";
import { listPods } from "../virtual_machine_instance/observe.ts";
import { heartbeatRemainingMs } from "./decide.ts";
import type { InstanceOnNode, NodeWorld } from "./world.ts";

export interface ObserveDependencies {
  client: KubeClient;
  informers: Pick<ControllerInformers, "nodes" | "virtualMachineInstances" | "launcherPods">;
  clock: Clock;
  heartbeats: Unchanged;
}

/** From the caches; when the node is silent its guests' pods are looked for live, for much hangs on their absence. */
export async function observeNode(
  { client, informers, clock, heartbeats }: ObserveDependencies,
  { name }: ObjectKey,
  signal: AbortSignal,
): Promise<NodeWorld | undefined> {
  const node = informers.nodes.get({ name });
  const vmis = informers.virtualMachineInstances.byIndex(BY_NODE, name)
    .filter(({ status }) => !isFinalPhase(status?.phase));
  if (node === undefined && vmis.length === 0) return undefined;
  const heartbeat = node?.metadata.annotations?.[NODE_HEARTBEAT_ANNOTATION];
  const world = {
    now: clock.now().toISOString(),
    name,
    ...(node !== undefined && { node }),
    ...(heartbeat !== undefined && { heartbeatAgeMs: heartbeats.ageMs(name, heartbeat) }),
  };
  const remainingMs = heartbeatRemainingMs(world);
  if (remainingMs === undefined || remainingMs > 0) return { ...world, instances: [] };
  const instances: InstanceOnNode[] = [];
  for (const vmi of vmis) {
    const cached = informers.launcherPods.byIndex(BY_VMI_UID, vmi.metadata.uid);
    const pods = cached.length > 0 ? cached : await listPods(client, vmi, signal);
    instances.push({ vmi, pods });
  }
  return { ...world, instances };
}
