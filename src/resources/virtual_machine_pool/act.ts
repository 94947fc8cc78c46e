import { VIRTUAL_MACHINE_POOL_REVISION_LABEL } from "../../api/labels.ts";
import { StateChangeRequestAction } from "../../api/phases.ts";
import type { VirtualMachinePoolStatus } from "../../api/pool.ts";
import {
  VIRTUAL_MACHINE_INSTANCES,
  VIRTUAL_MACHINE_POOLS,
  VIRTUAL_MACHINES,
} from "../../api/registry.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import { AlreadyExistsError, type KubeClient } from "../../kube/client.ts";
import { CONTROLLER_REVISIONS } from "../../kube/core_resources.ts";
import { keyOf, type KubeObject, type ObjectKey } from "../../kube/object.ts";
import type { NewObject } from "../core_objects.ts";
import { mergePatch } from "../merge_patch.ts";
import { isControlledBy } from "../owner_reference.ts";
import type { PoolAction, PoolWorld } from "./world.ts";

interface Context {
  client: KubeClient;
  world: PoolWorld;
  signal: AbortSignal;
}

/** Carries out one action. */
export async function actOnPool(action: PoolAction, context: Context): Promise<void> {
  const { client, signal } = context;
  switch (action.type) {
    case "create_revision":
      return await orExisting(async () => {
        await client.create(CONTROLLER_REVISIONS, action.revision, inNamespace(context));
      });
    case "delete_revision":
      await client.delete(CONTROLLER_REVISIONS, keyIn(context, action.name), { signal });
      return;
    case "create_vm":
      return await createMachine(action.vm, context);
    case "update_vm":
      await client.update(VIRTUAL_MACHINES, action.vm, { signal });
      return;
    case "delete_vm":
      return await deleteOne(VIRTUAL_MACHINES, action, context);
    case "restart_vmi":
      return await deleteOne(VIRTUAL_MACHINE_INSTANCES, action, context);
    case "request_restart":
      return await requestRestart(action, context);
    case "release_vm":
      return await releaseMachine(action.name, context);
    case "label_vmi": {
      const labels = { [VIRTUAL_MACHINE_POOL_REVISION_LABEL]: action.revision };
      const key = keyIn(context, action.name);
      await client.patch(VIRTUAL_MACHINE_INSTANCES, key, { metadata: { labels } }, { signal });
      return;
    }
  }
}

/** Writes what differs, in one patch, unless nothing does. */
export async function writePoolStatus(
  status: VirtualMachinePoolStatus,
  { client, world: { pool }, signal }: Context,
): Promise<void> {
  const change = mergePatch(pool.status ?? {}, status);
  if (change === undefined) return;
  const { resourceVersion } = pool.metadata;
  const patch = { metadata: { resourceVersion }, status: change };
  const options = { subresource: "status", signal };
  await client.patch(VIRTUAL_MACHINE_POOLS, keyOf(pool), patch, options);
}

async function createMachine(vm: NewObject<VirtualMachine>, context: Context): Promise<void> {
  const { client, signal, world: { pool } } = context;
  await orExisting(async () => {
    await client.create(VIRTUAL_MACHINES, vm, inNamespace(context));
  }, async (error) => {
    const key = keyIn(context, vm.metadata.name);
    const found = await client.get<VirtualMachine>(VIRTUAL_MACHINES, key, { signal });
    if (found === undefined || !isControlledBy(found, pool.metadata.uid)) throw error;
  });
}

async function deleteOne(
  resource: typeof VIRTUAL_MACHINES,
  { name, uid }: { name: string; uid: string },
  context: Context,
): Promise<void> {
  const { client, signal } = context;
  await client.delete(resource, keyIn(context, name), { preconditions: { uid }, signal });
}

/** As the machine's `restart` does it for a person. */
async function requestRestart(
  { name, uid }: { name: string; uid: string },
  { client, signal, world: { machines } }: Context,
): Promise<void> {
  const vm = machines.find(({ metadata }) => metadata.name === name);
  if (vm === undefined) return;
  const { resourceVersion } = vm.metadata;
  const { Start, Stop } = StateChangeRequestAction;
  const stateChangeRequests = [{ action: Stop, uid }, { action: Start }];
  const patch = { metadata: { resourceVersion }, status: { stateChangeRequests } };
  await client.patch(VIRTUAL_MACHINES, keyOf(vm), patch, { subresource: "status", signal });
}

async function releaseMachine(name: string, context: Context): Promise<void> {
  const { client, signal, world: { pool, machines } } = context;
  const vm = machines.find(({ metadata }) => metadata.name === name);
  if (vm === undefined) return;
  const { resourceVersion, ownerReferences: owners = [] } = vm.metadata;
  const ownerReferences = owners.filter(({ uid }) => uid !== pool.metadata.uid);
  const patch = { metadata: { resourceVersion, ownerReferences } };
  await client.patch(VIRTUAL_MACHINES, keyOf(vm), patch, { signal });
}

async function orExisting(
  create: () => Promise<void>,
  check: (error: AlreadyExistsError) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!(error instanceof AlreadyExistsError)) throw error;
    await check(error);
  }
}

function inNamespace({ world: { pool }, signal }: Context): {
  namespace?: string;
  signal: AbortSignal;
} {
  const { namespace } = pool.metadata;
  return { ...(namespace !== undefined && { namespace }), signal };
}

function keyIn({ world: { pool } }: Context, name: string): ObjectKey {
  return { ...keyOf(pool as KubeObject), name };
}
