/** The KubeVirt object on API servers: the settings are read live, one counts, and guests hold it where they shall. */
import assert from "node:assert/strict";
import type { KubeVirt } from "../../src/api/kubevirt.ts";
import { KUBEVIRTS, VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "../../src/api/registry.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import { InvalidError } from "../../src/kube/client.ts";
import { NAMESPACES } from "../../src/kube/core_resources.ts";
import type { FetchClient } from "../../src/kube/fetch_client.ts";
import { vmi } from "../../src/resources/testing/builders.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { INSTALLATIONS, type InstallationUnderTest } from "./installations.ts";

const TIMEOUT_MS = 60_000;
const FIRST = { namespace: "kubevirt", name: "first" };
const SECOND = { namespace: "kubevirt", name: "second" };

function installation(name: string): Record<string, unknown> {
  return { apiVersion: "kubevirt.io/v1", kind: "KubeVirt", metadata: { name }, spec: {} };
}

for (const { where, ignore, open } of INSTALLATIONS) {
  Deno.test({
    name: `kubevirt: is read live, counts once, and is held by guests, ${where}`,
    ignore,
    fn: () => testKubeVirt(open),
  });
}

async function testKubeVirt(open: InstallationUnderTest["open"]): Promise<void> {
  await using opened = await open();
  const { admin } = opened;
  const namespace = `kubevirt-${crypto.randomUUID().slice(0, 8)}`;
  await admin.create(NAMESPACES, { metadata: { name: namespace } });
  await admin.create(KUBEVIRTS, installation(FIRST.name), FIRST);
  const deployed = await until(
    admin,
    FIRST,
    "to be deployed",
    ({ status }) => status?.phase === "Deployed",
  );
  assert.equal(deployed.status?.observedGeneration, deployed.metadata.generation);
  assert.equal(condition(deployed, "Available")?.reason, "AllComponentsReady");
  await settingsAreReadLive(admin, namespace);
  await admin.create(KUBEVIRTS, installation(SECOND.name), SECOND);
  const second = await until(
    admin,
    SECOND,
    "to be told off",
    (seen) => condition(seen, "Synchronized")?.status === "False",
  );
  assert.equal(condition(second, "Synchronized")?.reason, "ExistingDeployment");
  await admin.delete(KUBEVIRTS, SECOND);
  await guestsHoldIt(admin, namespace);
  await admin.delete(NAMESPACES, { name: namespace });
}

async function settingsAreReadLive(admin: FetchClient, namespace: string): Promise<void> {
  const spec = {
    configuration: { evictionStrategy: "LiveMigrateIfPossible", cpuModel: "Nehalem" },
  };
  await admin.patch(KUBEVIRTS, FIRST, { spec });
  const { apiVersion, kind, spec: guest } = vmi();
  const object = { apiVersion, kind, metadata: { name: "guest" }, spec: guest };
  const made = await waitUntil({
    what: "new instances to get the new settings",
    timeoutMs: TIMEOUT_MS,
    look: () =>
      admin.create<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, object, {
        namespace,
        dryRun: true,
      }),
    until: (seen) => seen.spec.evictionStrategy === "LiveMigrateIfPossible",
  });
  assert.equal(made.spec.domain.cpu?.model, "Nehalem");
  await until(
    admin,
    FIRST,
    "to say that it has seen them",
    ({ metadata, status }) => status?.observedGeneration === metadata.generation,
  );
}

async function guestsHoldIt(admin: FetchClient, namespace: string): Promise<void> {
  const spec = { uninstallStrategy: "BlockUninstallIfWorkloadsExist" };
  await admin.patch(KUBEVIRTS, FIRST, { spec });
  const template = { spec: vmi().spec };
  const machine = {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: "held" },
    spec: { runStrategy: "Halted", template },
  };
  await admin.create(VIRTUAL_MACHINES, machine, { namespace });
  const key = { namespace, name: "held" };
  await waitUntil({
    what: "the machine to be seen",
    timeoutMs: TIMEOUT_MS,
    look: () => admin.get<KubeVirt & { status?: { created?: boolean } }>(VIRTUAL_MACHINES, key),
    until: (seen) => seen?.status !== undefined,
  });
  await assert.rejects(
    admin.delete(KUBEVIRTS, FIRST),
    (error) => error instanceof InvalidError && /Rejecting the uninstall/.test(error.message),
  );
  await admin.delete(VIRTUAL_MACHINES, key);
  await admin.patch(KUBEVIRTS, FIRST, { spec: { uninstallStrategy: "RemoveWorkloads" } });
  await admin.delete(KUBEVIRTS, FIRST);
  await waitUntil({
    what: "the object to go",
    timeoutMs: TIMEOUT_MS,
    look: () => admin.get<KubeVirt>(KUBEVIRTS, FIRST),
    until: (seen) => seen === undefined,
  });
}

async function until(
  admin: FetchClient,
  key: { namespace: string; name: string },
  what: string,
  holds: (seen: KubeVirt) => boolean,
): Promise<KubeVirt> {
  const found = await waitUntil({
    what: `${key.name} ${what}`,
    timeoutMs: TIMEOUT_MS,
    look: () => admin.get<KubeVirt>(KUBEVIRTS, key),
    until: (seen) => seen !== undefined && holds(seen),
  });
  assert.ok(found);
  return found;
}

function condition({ status }: KubeVirt, wanted: string) {
  return status?.conditions?.find(({ type }) => type === wanted);
}
