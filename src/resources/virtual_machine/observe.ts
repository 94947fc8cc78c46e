import { CONTROLLER_REVISIONS } from "../../kube/core_resources.ts";
import type { KubeClient } from "../../kube/client.ts";
import { formatKey, type ObjectKey } from "../../kube/object.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Unchanged } from "../../runtime/unchanged.ts";
import type { ControllerRevision } from "../core_objects.ts";
import type { ControllerInformers } from "../informers.ts";
import { clusterDefaults } from "../cluster_defaults.ts";
import { findSize, type SizeInformers } from "../instancetype/find.ts";
import type { KnownRevisions } from "../instancetype/known_revisions.ts";
import { primaryKubeVirt } from "../kubevirt/configuration.ts";
import { isControlledBy } from "../owner_reference.ts";
import { runsGenerationOf, startedTemplateHash } from "./restart_required.ts";
import { startedRevisionName } from "./revision.ts";
import { needsSize } from "./sizing.ts";
import type { VirtualMachineWorld } from "./world.ts";

export interface ObserveDependencies {
  client: KubeClient;
  informers:
    & Pick<ControllerInformers, "virtualMachines" | "virtualMachineInstances" | "kubevirts">
    & SizeInformers;
  knownRevisions?: KnownRevisions;
  clock: Clock;
  startFailures: Unchanged;
}

/**
 * From the caches. A revision is read only for an instance that KubeVirt has started, when its VM has changed since: ours
 * carry the hash of their template.
 */
export async function observeVirtualMachine(
  dependencies: ObserveDependencies,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<VirtualMachineWorld | undefined> {
  const { client, informers, clock, startFailures } = dependencies;
  const vm = informers.virtualMachines.get(key);
  const retryAfter = vm?.status?.startFailure?.retryAfterTimestamp;
  if (retryAfter === undefined) startFailures.forget(formatKey(key));
  if (vm === undefined) return undefined;
  const vmi = informers.virtualMachineInstances.get(key);
  const world: VirtualMachineWorld = {
    now: clock.now().toISOString(),
    vm,
    ...(retryAfter && {
      startFailureSeenForMs: startFailures.ageMs(
        formatKey(key),
        `${vm.metadata.uid} ${retryAfter}`,
      ),
    }),
    ...(needsSize(vm, vmi) && {
      size: {
        found: await findSize(dependencies, vm, signal),
        cluster: clusterDefaults(primaryKubeVirt(informers.kubevirts.list())),
      },
    }),
  };
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
