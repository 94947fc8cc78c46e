import {
  VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS,
  VIRTUAL_MACHINE_INSTANCES,
} from "../../api/registry.ts";
import type { VirtualMachineInstanceReplicaSet } from "../../api/replica_set.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { AlreadyExistsError, ConflictError, type KubeClient } from "../../kube/client.ts";
import { keyOf, type ObjectKey } from "../../kube/object.ts";
import type { NewObject } from "../core_objects.ts";
import { mergePatch } from "../merge_patch.ts";
import { controllerReference, isControlledBy } from "../owner_reference.ts";
import type { ReplicaSetStatus } from "./decide.ts";
import type { ReplicaSetAction, ReplicaSetWorld } from "./world.ts";

interface Context {
  client: KubeClient;
  world: ReplicaSetWorld;
  signal: AbortSignal;
}

/** Carries out one action. */
export async function actOnReplicaSet(action: ReplicaSetAction, context: Context): Promise<void> {
  const { client, signal } = context;
  switch (action.type) {
    case "create_vmi":
      return await createInstance(action.vmi, context);
    case "delete_vmi": {
      const options = { preconditions: { uid: action.uid }, signal };
      await client.delete(VIRTUAL_MACHINE_INSTANCES, keyIn(context, action.name), options);
      return;
    }
    case "adopt_vmi":
      return await adoptInstance(action.name, context);
    case "release_vmi":
      return await releaseInstance(action.name, context);
  }
}

/** Writes what differs, in one patch, unless nothing does. */
export async function writeReplicaSetStatus(
  status: ReplicaSetStatus,
  { client, world: { set }, signal }: Context,
): Promise<void> {
  const change = mergePatch(set.status ?? {}, status);
  if (change === undefined) return;
  const { resourceVersion } = set.metadata;
  const patch = { metadata: { resourceVersion }, status: change };
  const options = { subresource: "status", signal };
  await client.patch(VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS, keyOf(set), patch, options);
}

async function createInstance(
  vmi: NewObject<VirtualMachineInstance>,
  context: Context,
): Promise<void> {
  const { client, signal, world: { set } } = context;
  const { namespace } = set.metadata;
  try {
    const place = namespace === undefined ? {} : { namespace };
    await client.create(VIRTUAL_MACHINE_INSTANCES, vmi, { ...place, signal });
  } catch (error) {
    if (!(error instanceof AlreadyExistsError)) throw error;
    const key = keyIn(context, vmi.metadata.name);
    const options = { signal };
    const found = await client.get<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, key, options);
    if (found === undefined || !isControlledBy(found, set.metadata.uid)) throw error;
  }
}

/** A set that was deleted a moment ago must not take anything: its instances would be deleted with it. */
async function adoptInstance(name: string, context: Context): Promise<void> {
  const { client, signal, world: { set } } = context;
  const live = await client.get<VirtualMachineInstanceReplicaSet>(
    VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS,
    keyOf(set),
    { signal },
  );
  if (live?.metadata.uid !== set.metadata.uid || live.metadata.deletionTimestamp) {
    const message = "the replica set is gone";
    throw new ConflictError(409, { kind: "Status", reason: "Conflict", message }, message);
  }
  await patchOwners(name, context, (owners) => [...owners, controllerReference(set)]);
}

async function releaseInstance(name: string, context: Context): Promise<void> {
  const { uid } = context.world.set.metadata;
  await patchOwners(name, context, (owners) => owners.filter((owner) => owner.uid !== uid));
}

type OwnerReferences = NonNullable<VirtualMachineInstance["metadata"]["ownerReferences"]>;

async function patchOwners(
  name: string,
  context: Context,
  change: (owners: OwnerReferences) => OwnerReferences,
): Promise<void> {
  const { client, signal, world: { instances } } = context;
  const vmi = instances.find(({ metadata }) => metadata.name === name);
  if (vmi === undefined) return;
  const { resourceVersion, ownerReferences = [] } = vmi.metadata;
  const metadata = { resourceVersion, ownerReferences: change(ownerReferences) };
  await client.patch(VIRTUAL_MACHINE_INSTANCES, keyOf(vmi), { metadata }, { signal });
}

function keyIn({ world: { set } }: Context, name: string): ObjectKey {
  return { ...keyOf(set), name };
}
