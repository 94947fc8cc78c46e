import { CONTROLLER_REVISIONS } from "../../kube/core_resources.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { ObjectKey } from "../../kube/object.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { ControllerRevision } from "../core_objects.ts";
import type { ControllerInformers } from "../informers.ts";
import { isControlledBy } from "../owner_reference.ts";
import { runsGenerationOf, startedTemplateHash } from "./restart_required.ts";
import { startedRevisionName } from "./revision.ts";
import type { VirtualMachineWorld } from "./world.ts";

export interface ObserveDependencies {
  client: KubeClient;
  informers: Pick<ControllerInformers, "virtualMachines" | "virtualMachineInstances">;
  clock: Clock;
}

/**
 * From the caches. A revision is read only for an instance that KubeVirt has started, when its VM has changed since: ours
 * carry the hash of their template.
 */
export async function observeVirtualMachine(
  { client, informers, clock }: ObserveDependencies,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<VirtualMachineWorld | undefined> {
  const vm = informers.virtualMachines.get(key);
  if (vm === undefined) return undefined;
  const world: VirtualMachineWorld = { now: clock.now().toISOString(), vm };
  const vmi = informers.virtualMachineInstances.get(key);
  if (vmi === undefined) return world;
  const revision = startedRevisionName(vmi);
  const isOutdated = isControlledBy(vmi, vm.metadata.uid) && !runsGenerationOf(vm, vmi);
  const isHashed = startedTemplateHash(vmi) !== undefined;
  if (!isOutdated || isHashed || revision === undefined) return { ...world, vmi };
  const runningRevision = await client.get<ControllerRevision>(
    CONTROLLER_REVISIONS,
    { ...key, name: revision },
    { signal },
  );
  return { ...world, vmi, ...(runningRevision !== undefined && { runningRevision }) };
}
