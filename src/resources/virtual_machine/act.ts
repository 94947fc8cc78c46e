import {
  VIRTUAL_MACHINE_CONTROLLER_FINALIZER,
  VM_GENERATION_ANNOTATION,
} from "../../api/labels.ts";
import { VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "../../api/registry.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineStatus } from "../../api/virtual_machine_status.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { AlreadyExistsError, ConflictError, type KubeClient } from "../../kube/client.ts";
import { CONTROLLER_REVISIONS } from "../../kube/core_resources.ts";
import { keyOf, type KubeObject } from "../../kube/object.ts";
import type { BoundedMap } from "../../runtime/bounded_map.ts";
import type { ControllerRevision, NewObject } from "../core_objects.ts";
import { knownRevisionKey, type KnownRevisions } from "../instancetype/known_revisions.ts";
import { mergePatch } from "../merge_patch.ts";
import { controllerReference, isControlledBy } from "../owner_reference.ts";
import type { VirtualMachineAction, VirtualMachineWorld } from "./world.ts";

interface Context {
  client: KubeClient;
  world: VirtualMachineWorld;
  signal: AbortSignal;
}

/** The revision that this process has made last, by the UID of its VM: no cache shows any. */
export type MadeRevisions = Pick<BoundedMap<string, string>, "get" | "set" | "delete">;

/** Carries out one action. Answers with the VM where that changed it. */
export async function actOnVirtualMachine(
  action: VirtualMachineAction,
  context: Context & { madeRevisions?: MadeRevisions; knownRevisions?: KnownRevisions },
): Promise<VirtualMachine | undefined> {
  const { madeRevisions, knownRevisions, world: { vm } } = context;
  const finalizers = vm.metadata.finalizers ?? [];
  const own = VIRTUAL_MACHINE_CONTROLLER_FINALIZER;
  switch (action.type) {
    case "add_finalizer":
      return await patchVm({ metadata: { finalizers: [...finalizers, own] } }, context);
    case "remove_finalizer": {
      await checkInstanceGone(context);
      const others = finalizers.filter((finalizer) => finalizer !== own);
      return await patchVm({ metadata: { finalizers: others } }, context);
    }
    case "set_run_strategy": {
      // A VM is written in one of two ways; the one that its owner chose is kept.
      const isOldStyle = vm.spec.runStrategy === undefined && vm.spec.running !== undefined;
      const spec = isOldStyle ? { running: true } : { runStrategy: action.runStrategy };
      return await patchVm({ spec }, context);
    }
    case "create_revision": {
      const { name } = action.revision.metadata;
      if (madeRevisions?.get(vm.metadata.uid) === name) return undefined;
      await createRevision(action.revision, context);
      madeRevisions?.set(vm.metadata.uid, name);
      return undefined;
    }
    case "delete_revision": {
      const { client, signal } = context;
      if (madeRevisions?.get(vm.metadata.uid) === action.name) {
        madeRevisions?.delete(vm.metadata.uid);
      }
      await client.delete(CONTROLLER_REVISIONS, { ...keyOf(vm), name: action.name }, { signal });
      return undefined;
    }
    case "create_size_revision": {
      const made = await createSizeRevision(action.revision, context);
      knownRevisions?.set(knownRevisionKey(vm, made.metadata.name), made);
      return undefined;
    }
    case "create_vmi":
      await createInstance(action.vmi, context);
      return undefined;
    case "delete_vmi": {
      const { client, signal } = context;
      const preconditions = { uid: action.uid };
      await client.delete(VIRTUAL_MACHINE_INSTANCES, keyOf(vm), { preconditions, signal });
      return undefined;
    }
    case "adopt_vmi":
      await adoptInstance(context);
      return undefined;
  }
}

/** Writes what differs, in one patch, unless nothing does. `resourceVersion`: of the VM that the status was made for. */
export async function writeVirtualMachineStatus(
  status: VirtualMachineStatus,
  { client, world: { vm }, signal, resourceVersion }: Context & { resourceVersion?: string },
): Promise<void> {
  const change = mergePatch(vm.status ?? {}, status);
  if (change === undefined) return;
  const metadata = { resourceVersion: resourceVersion ?? vm.metadata.resourceVersion };
  const options = { subresource: "status", signal };
  await client.patch(VIRTUAL_MACHINES, keyOf(vm), { metadata, status: change }, options);
}

async function patchVm(
  patch: { metadata?: Record<string, unknown>; spec?: Record<string, unknown> },
  { client, world: { vm }, signal }: Context,
): Promise<VirtualMachine> {
  const { resourceVersion } = vm.metadata;
  const body = { ...patch, metadata: { ...patch.metadata, resourceVersion } };
  return await client.patch<VirtualMachine>(VIRTUAL_MACHINES, keyOf(vm), body, { signal });
}

/** A revision is named by what is in it, so one that exists is this one. */
async function createRevision(
  revision: NewObject<ControllerRevision>,
  { client, signal, world: { vm } }: Context,
): Promise<void> {
  await orExisting(async () => {
    await client.create(CONTROLLER_REVISIONS, revision, { ...inNamespaceOf(vm), signal });
  });
}

/**
 * One that exists is this one, unless it belongs to a VM of the same name that was deleted: then it goes with that one, and
 * cannot be made before.
 */
async function createSizeRevision(
  revision: NewObject<ControllerRevision>,
  { client, signal, world: { vm } }: Context,
): Promise<ControllerRevision> {
  const options = { ...inNamespaceOf(vm), signal };
  try {
    return await client.create<ControllerRevision>(CONTROLLER_REVISIONS, revision, options);
  } catch (error) {
    if (!(error instanceof AlreadyExistsError)) throw error;
    const { name } = revision.metadata;
    const key = { ...keyOf(vm), name };
    const found = await client.get<ControllerRevision>(CONTROLLER_REVISIONS, key, { signal });
    if (found !== undefined && isControlledBy(found, vm.metadata.uid)) return found;
    throw conflict(`controller revision ${name} of another virtual machine is still there`);
  }
}

/**
 * A cache may show a VM that was deleted some time ago, and of which another replica lets go at this moment: nothing is started
 * for it. The name is the VM's, so a second creation finds the first; one that is not ours is an error. One that was made from
 * another generation is no success either: the cache did not show it yet, and what follows a start (the status of a guest of
 * this generation) would be wrong of it.
 */
async function createInstance(
  instance: NewObject<VirtualMachineInstance>,
  context: Context,
): Promise<void> {
  await checkVmLives(context);
  const { client, signal, world: { vm } } = context;
  const existed = await orExisting(async () => {
    await client.create(VIRTUAL_MACHINE_INSTANCES, instance, { ...inNamespaceOf(vm), signal });
  });
  if (existed === undefined) return;
  const found = await client.get<VirtualMachineInstance>(
    VIRTUAL_MACHINE_INSTANCES,
    keyOf(vm),
    { signal },
  );
  if (found === undefined || !isControlledBy(found, vm.metadata.uid)) throw existed;
  if (generationOf(found) === generationOf(instance)) return;
  throw conflict("the instance was made from another generation of the virtual machine");
}

function generationOf({ metadata }: NewObject<VirtualMachineInstance>): string | undefined {
  return metadata.annotations?.[VM_GENERATION_ANNOTATION];
}

/**
 * Whoever deletes a VM waits for its guest to end. That no cache shows the instance says little: it may have been created a
 * moment ago. With `--cascade=orphan` it stays on purpose.
 */
async function checkInstanceGone({ client, signal, world: { vm } }: Context): Promise<void> {
  if (vm.metadata.finalizers?.includes("orphan")) return;
  const found = await client.get<VirtualMachineInstance>(
    VIRTUAL_MACHINE_INSTANCES,
    keyOf(vm),
    { signal },
  );
  if (found === undefined || !isControlledBy(found, vm.metadata.uid)) return;
  throw conflict("the virtual machine's instance is still there");
}

/** A VM that was deleted a moment ago must not take anything: its children would be deleted with it. */
async function adoptInstance(context: Context): Promise<void> {
  const { client, signal, world: { vm, vmi } } = context;
  if (vmi === undefined) return;
  await checkVmLives(context);
  const { resourceVersion, ownerReferences = [] } = vmi.metadata;
  const metadata = {
    resourceVersion,
    ownerReferences: [...ownerReferences, controllerReference(vm)],
  };
  await client.patch(VIRTUAL_MACHINE_INSTANCES, keyOf(vmi), { metadata }, { signal });
}

/** Whether it is the server's word, not only a cache's, that the VM is there and is not being deleted. */
async function checkVmLives({ client, signal, world: { vm } }: Context): Promise<void> {
  const live = await client.get<VirtualMachine>(VIRTUAL_MACHINES, keyOf(vm), { signal });
  if (live?.metadata.uid !== vm.metadata.uid || live.metadata.deletionTimestamp) {
    throw conflict("the virtual machine is gone");
  }
}

/** What the cache showed is not so any more: the next pass sees it as it is. */
function conflict(message: string): ConflictError {
  return new ConflictError(409, { kind: "Status", reason: "Conflict", message }, message);
}

/** The error when the object existed already. */
async function orExisting(create: () => Promise<void>): Promise<AlreadyExistsError | undefined> {
  try {
    await create();
    return undefined;
  } catch (error) {
    if (error instanceof AlreadyExistsError) return error;
    throw error;
  }
}

function inNamespaceOf({ metadata: { namespace } }: KubeObject): { namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}
