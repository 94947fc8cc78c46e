import { CREATED_BY_LABEL } from "../../api/labels.ts";
import { isFinalPhase, VirtualMachineInstancePhase as Phase } from "../../api/phases.ts";
import { VIRTUAL_MACHINE_INSTANCES } from "../../api/registry.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { KubeClient } from "../../kube/client.ts";
import { NAMESPACES, PERSISTENT_VOLUME_CLAIMS, PODS } from "../../kube/core_resources.ts";
import { formatKey, keyOf, type ObjectKey } from "../../kube/object.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Unchanged } from "../../runtime/unchanged.ts";
import type { PersistentVolumeClaim, Pod } from "../core_objects.ts";
import { BY_NAMESPACE, BY_VMI_UID, type ControllerInformers } from "../informers.ts";
import { effectiveConfiguration, primaryKubeVirt } from "../kubevirt/configuration.ts";
import { isControlledBy } from "../owner_reference.ts";
import { needsNamespace } from "./automatic_limits.ts";
import { claimNames } from "./claims.ts";
import { isHandedOver } from "./decide.ts";
import { isHandedOverTo } from "./lease.ts";
import type { VirtualMachineInstanceWorld } from "./world.ts";

export interface ObserveDependencies {
  client: KubeClient;
  informers: Pick<
    ControllerInformers,
    "virtualMachineInstances" | "launcherPods" | "kubevirts" | "nodes" | "resourceQuotas"
  >;
  envelopeImage: string;
  clock: Clock;
  endings: Unchanged;
}

/** From the caches; but an instance is never found to have lost its pod without a live look. */
export async function observeVirtualMachineInstance(
  { client, informers, envelopeImage, clock, endings }: ObserveDependencies,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<VirtualMachineInstanceWorld | undefined> {
  const vmi = informers.virtualMachineInstances.get(key);
  if (vmi === undefined) {
    endings.forget(formatKey(key));
    return undefined;
  }
  const { uid } = vmi.metadata;
  const cached = informers.launcherPods.byIndex(BY_VMI_UID, uid);
  const isShown = isHandedOver(vmi) && !isFinalPhase(vmi.status?.phase)
    ? cached.some((pod) => isHandedOverTo(vmi, pod))
    : cached.length > 0;
  const cacheIsBehind = !isShown && mayHavePod(vmi);
  if (cacheIsBehind && vmi.metadata.deletionTimestamp && !await isStillThere(client, vmi, signal)) {
    return undefined;
  }
  const pods = cacheIsBehind ? await listPods(client, vmi, signal) : cached;
  const owned = pods.filter((pod) => isControlledBy(pod, uid));
  const configuration = effectiveConfiguration(
    primaryKubeVirt(informers.kubevirts.list()),
    informers.nodes.list(),
  );
  return {
    now: clock.now().toISOString(),
    vmi,
    pods: owned,
    ...(cacheIsBehind && { cacheIsBehind }),
    ...(isFinalPhase(vmi.status?.phase) && { endedForMs: endings.ageMs(formatKey(key), uid) }),
    claims: isHandedOver(vmi) ? [] : await readClaims(client, vmi, signal),
    ...(owned.length === 0 && mayGetPod(vmi) &&
      await readNamespace({ client, informers }, { vmi, configuration }, signal)),
    configuration,
    envelopeImage,
  };
}

/** A pod was made for it, and may still be there. One that has ended is held until its pods have ended too. */
function mayHavePod({ metadata, status }: VirtualMachineInstance): boolean {
  const { phase = Phase.Unset } = status ?? {};
  if (isFinalPhase(phase)) return (metadata.finalizers ?? []).length > 0;
  const isUntouched = phase === Phase.Unset || phase === Phase.Pending;
  return !isUntouched || Boolean(metadata.deletionTimestamp);
}

/** No pod was made for it yet, and one is wanted. */
function mayGetPod({ metadata, status }: VirtualMachineInstance): boolean {
  const { phase = Phase.Unset } = status ?? {};
  return (phase === Phase.Unset || phase === Phase.Pending) && !metadata.deletionTimestamp;
}

/** What of its namespace counts for a pod's limits. The namespace itself is asked for only where its labels count. */
async function readNamespace(
  { client, informers }: Pick<ObserveDependencies, "client" | "informers">,
  { vmi, configuration }: Pick<VirtualMachineInstanceWorld, "vmi" | "configuration">,
  signal: AbortSignal,
): Promise<Pick<VirtualMachineInstanceWorld, "resourceQuotas" | "namespaceLabels">> {
  const { namespace = "" } = vmi.metadata;
  const resourceQuotas = informers.resourceQuotas.byIndex(BY_NAMESPACE, namespace);
  if (!needsNamespace({ vmi, configuration, resourceQuotas })) return { resourceQuotas };
  const found = await client.get(NAMESPACES, { name: namespace }, { signal });
  return { resourceQuotas, namespaceLabels: found?.metadata.labels ?? {} };
}

/** The pods' cache may be ahead: they are collected once their instance is gone. */
async function isStillThere(
  client: KubeClient,
  vmi: VirtualMachineInstance,
  signal: AbortSignal,
): Promise<boolean> {
  const live = await client.get(VIRTUAL_MACHINE_INSTANCES, keyOf(vmi), { signal });
  return live?.metadata.uid === vmi.metadata.uid;
}

async function readClaims(
  client: KubeClient,
  vmi: VirtualMachineInstance,
  signal: AbortSignal,
): Promise<PersistentVolumeClaim[]> {
  const claims = await Promise.all(
    claimNames(vmi).map((name) =>
      client.get<PersistentVolumeClaim>(
        PERSISTENT_VOLUME_CLAIMS,
        { ...keyOf(vmi), name },
        { signal },
      )
    ),
  );
  return claims.filter((claim) => claim !== undefined);
}

/** All launcher pods of an instance, as the API server has them now. */
export async function listPods(
  client: KubeClient,
  { metadata: { namespace, uid } }: VirtualMachineInstance,
  signal: AbortSignal,
): Promise<Pod[]> {
  const labelSelector = `${CREATED_BY_LABEL}=${uid}`;
  const where = namespace === undefined ? {} : { namespace };
  const { items } = await client.list<Pod>(PODS, { ...where, labelSelector, signal });
  return items;
}
