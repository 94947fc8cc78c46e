import { VIRTUAL_MACHINE_INSTANCES } from "../../api/registry.ts";
import { AlreadyExistsError, type KubeClient } from "../../kube/client.ts";
import { PODS } from "../../kube/core_resources.ts";
import { keyOf } from "../../kube/object.ts";
import type { NewObject, Pod } from "../core_objects.ts";
import { isRecord, mergePatch } from "../merge_patch.ts";
import { isControlledBy } from "../owner_reference.ts";
import type {
  VirtualMachineInstanceAction,
  VirtualMachineInstanceState,
  VirtualMachineInstanceWorld,
} from "./world.ts";

interface Context {
  client: KubeClient;
  world: VirtualMachineInstanceWorld;
  signal: AbortSignal;
}

export async function actOnVirtualMachineInstance(
  action: VirtualMachineInstanceAction,
  context: Context,
): Promise<void> {
  switch (action.type) {
    case "create_pod":
      return await createPod(action.pod, context);
    case "delete_pod": {
      const { name, uid, gracePeriodSeconds } = action;
      await context.client.delete(PODS, { ...keyOf(context.world.vmi), name }, {
        preconditions: { uid },
        ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
        signal: context.signal,
      });
    }
  }
}

/** The name follows from the instance's UID, so a second creation finds the first; one that is not ours is an error. */
async function createPod(
  pod: NewObject<Pod>,
  { client, world: { vmi }, signal }: Context,
): Promise<void> {
  const key = { ...keyOf(vmi), name: pod.metadata.name };
  const where = key.namespace === undefined ? {} : { namespace: key.namespace };
  try {
    await client.create(PODS, pod, { ...where, signal });
  } catch (error) {
    if (!(error instanceof AlreadyExistsError)) throw error;
    const found = await client.get<Pod>(PODS, key, { signal });
    if (found === undefined || !isControlledBy(found, vmi.metadata.uid)) throw error;
  }
}

/** One patch for labels, finalizers and status, refused when the instance has changed since it was observed. */
export async function writeVirtualMachineInstanceState(
  wanted: VirtualMachineInstanceState,
  { client, world: { vmi }, signal }: Context,
): Promise<void> {
  const { labels = {}, annotations = {}, finalizers = [], resourceVersion } = vmi.metadata;
  const change = mergePatch(
    { metadata: { labels, annotations, finalizers }, status: vmi.status ?? {} },
    {
      metadata: {
        labels: wanted.labels,
        annotations: { ...annotations, ...wanted.annotations },
        finalizers: wanted.finalizers,
      },
      status: wanted.status,
    },
  );
  if (!isRecord(change)) return;
  const metadata = isRecord(change.metadata) ? change.metadata : {};
  const patch = { ...change, metadata: { ...metadata, resourceVersion } };
  await client.patch(VIRTUAL_MACHINE_INSTANCES, keyOf(vmi), patch, { signal });
}
