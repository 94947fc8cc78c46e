import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "../../api/registry.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { AlreadyExistsError, ConflictError } from "../../kube/client.ts";
import { FakeClient } from "../../kube/fake/fake_client.ts";
import { vm, vmi } from "../testing/builders.ts";
import { actOnVirtualMachine, writeVirtualMachineStatus } from "./act.ts";
import { revisionOf } from "./revision.ts";
import { vmiFromTemplate } from "./vmi_from_template.ts";
import type { VirtualMachineAction } from "./world.ts";

const NOW = "2026-03-01T10:00:00Z";
const WHERE = { namespace: "shop" };
const signal = new AbortController().signal;

async function stored(): Promise<{ client: FakeClient; made: VirtualMachine }> {
  const client = new FakeClient({ withoutStatusSubresource: [VIRTUAL_MACHINE_INSTANCES] });
  const { uid: _, resourceVersion: __, ...metadata } = vm().metadata;
  const made = await client.create<VirtualMachine>(VIRTUAL_MACHINES, { ...vm(), metadata }, WHERE);
  return { client, made };
}

Deno.test("actOnVirtualMachine() takes an instance that it has created already for success", async () => {
  const { client, made } = await stored();
  const create: VirtualMachineAction = {
    type: "create_vmi",
    vmi: vmiFromTemplate(made, { paused: false }),
  };
  const context = { client, world: { now: NOW, vm: made }, signal };
  await actOnVirtualMachine(create, context);
  await actOnVirtualMachine(create, context);
});

Deno.test("actOnVirtualMachine() waits for an instance of another generation to be seen", async () => {
  const { client, made } = await stored();
  const create = (vm: VirtualMachine) => {
    const vmi = vmiFromTemplate(vm, { paused: false });
    return actOnVirtualMachine({ type: "create_vmi", vmi }, {
      client,
      world: { now: NOW, vm },
      signal,
    });
  };
  await create(made);
  const generation = (made.metadata.generation ?? 1) + 1;
  const changed = { ...made, metadata: { ...made.metadata, generation } };
  await assert.rejects(create(changed), ConflictError);
});

Deno.test("actOnVirtualMachine() does not take an instance of someone else for its own", async () => {
  const { client, made } = await stored();
  const { uid: _, resourceVersion: __, ...metadata } = vmi().metadata;
  await client.create(VIRTUAL_MACHINE_INSTANCES, { ...vmi(), metadata }, WHERE);
  const create: VirtualMachineAction = {
    type: "create_vmi",
    vmi: vmiFromTemplate(made, { paused: false }),
  };
  await assert.rejects(
    actOnVirtualMachine(create, { client, world: { now: NOW, vm: made }, signal }),
    AlreadyExistsError,
  );
});

Deno.test("actOnVirtualMachine() does not let a VM go before its instance, but when it is orphaned", async () => {
  const { client, made } = await stored();
  const instance = vmiFromTemplate(made, { paused: false });
  await client.create(VIRTUAL_MACHINE_INSTANCES, instance, WHERE);
  const remove = (vm: VirtualMachine) =>
    actOnVirtualMachine({ type: "remove_finalizer" }, { client, world: { now: NOW, vm }, signal });
  await assert.rejects(remove(made), ConflictError);
  const key = { ...WHERE, name: "web" };
  const finalizers = [...made.metadata.finalizers ?? [], "orphan"];
  const orphaning = await client.patch<VirtualMachine>(VIRTUAL_MACHINES, key, {
    metadata: { finalizers },
  });
  const released = await remove(orphaning);
  assert.deepEqual(released?.metadata.finalizers, ["orphan"]);
  await client.delete(VIRTUAL_MACHINE_INSTANCES, key);
  assert.ok(released);
  await remove(released);
});

Deno.test("actOnVirtualMachine() starts nothing for a VM that is being deleted or is gone", async () => {
  const { client, made } = await stored();
  const key = { ...WHERE, name: "web" };
  const instance = vmiFromTemplate(made, { paused: false });
  const create = (): Promise<unknown> =>
    actOnVirtualMachine({ type: "create_vmi", vmi: instance }, {
      client,
      world: { now: NOW, vm: made },
      signal,
    });
  await client.patch(VIRTUAL_MACHINES, key, { metadata: { finalizers: ["example.com/kept"] } });
  await client.delete(VIRTUAL_MACHINES, key);
  await assert.rejects(create(), ConflictError);
  await client.patch(VIRTUAL_MACHINES, key, { metadata: { finalizers: [] } });
  assert.equal(await client.get(VIRTUAL_MACHINES, key), undefined);
  await assert.rejects(create(), ConflictError);
  assert.equal(await client.get(VIRTUAL_MACHINE_INSTANCES, key), undefined);
});

Deno.test("actOnVirtualMachine() adopts nothing for a VM that is gone", async () => {
  const { client, made } = await stored();
  const { uid: _, resourceVersion: __, ...metadata } = vmi().metadata;
  const orphan = await client.create<VirtualMachineInstance>(
    VIRTUAL_MACHINE_INSTANCES,
    { ...vmi(), metadata },
    WHERE,
  );
  const key = { ...WHERE, name: "web" };
  await client.patch(VIRTUAL_MACHINES, key, { metadata: { finalizers: [] } });
  await client.delete(VIRTUAL_MACHINES, key);
  const world = { now: NOW, vm: made, vmi: orphan };
  const adopt: VirtualMachineAction = { type: "adopt_vmi", uid: orphan.metadata.uid };
  await assert.rejects(actOnVirtualMachine(adopt, { client, world, signal }), ConflictError);
});

Deno.test("actOnVirtualMachine() writes the run strategy in the way that the VM is written in", async () => {
  const { client, made } = await stored();
  const { runStrategy: _, ...spec } = made.spec;
  const key = { ...WHERE, name: "web" };
  const running = { spec: { runStrategy: null, running: false } };
  const old = await client.patch<VirtualMachine>(VIRTUAL_MACHINES, key, running);
  const set: VirtualMachineAction = { type: "set_run_strategy", runStrategy: "Always" };
  const changed = await actOnVirtualMachine(set, { client, world: { now: NOW, vm: old }, signal });
  assert.deepEqual(changed?.spec, { ...spec, running: true });
});

Deno.test("writeVirtualMachineStatus() writes what differs, once", async () => {
  const { client, made } = await stored();
  const world = { now: NOW, vm: made };
  const status = { printableStatus: "Stopped", created: false };
  await writeVirtualMachineStatus(status, { client, world, signal });
  const key = { ...WHERE, name: "web" };
  const written = await client.get<VirtualMachine>(VIRTUAL_MACHINES, key);
  assert.deepEqual(written?.status, status);
  // Made for a version that is not the latest any more: whoever wrote in between is not overruled.
  const late = { printableStatus: "Starting" };
  await assert.rejects(writeVirtualMachineStatus(late, { client, world, signal }), ConflictError);
  assert.ok(written);
  const seen = { now: NOW, vm: written };
  await writeVirtualMachineStatus(status, { client, world: seen, signal });
  const unchanged = await client.get<VirtualMachine>(VIRTUAL_MACHINES, key);
  assert.equal(unchanged?.metadata.resourceVersion, written.metadata.resourceVersion);
});

Deno.test("actOnVirtualMachine() makes a revision once, and again after it was deleted", async () => {
  let creations = 0;
  const client = new FakeClient({ onCall: ({ verb }) => void (creations += +(verb === "create")) });
  const { uid: _, resourceVersion: __, ...metadata } = vm().metadata;
  const made = await client.create<VirtualMachine>(VIRTUAL_MACHINES, { ...vm(), metadata }, WHERE);
  const context = {
    client,
    world: { now: NOW, vm: made },
    signal,
    madeRevisions: new Map<string, string>(),
  };
  const revision = revisionOf(made);
  const create: VirtualMachineAction = { type: "create_revision", revision };
  creations = 0;
  await actOnVirtualMachine(create, context);
  await actOnVirtualMachine(create, context);
  assert.equal(creations, 1);
  await actOnVirtualMachine({ type: "delete_revision", name: revision.metadata.name }, context);
  await actOnVirtualMachine(create, context);
  assert.equal(creations, 2);
});
