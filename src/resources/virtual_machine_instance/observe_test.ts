import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_INSTANCES } from "../../api/registry.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { NAMESPACES, PODS, RESOURCE_QUOTAS } from "../../kube/core_resources.ts";
import { FakeClient } from "../../kube/fake/fake_client.ts";
import { Unchanged } from "../../runtime/unchanged.ts";
import { SYSTEM_CLOCK } from "../../runtime/clock.ts";
import { SILENT_LOGGER } from "../../runtime/log.ts";
import { createControllerInformers } from "../informers.ts";
import { type Change, vmi, withMetadata, withStatus } from "../testing/builders.ts";
import { type ObserveDependencies, observeVirtualMachineInstance } from "./observe.ts";
import { launcherPod } from "./pod.ts";
import { effectiveConfiguration } from "../kubevirt/configuration.ts";

const KEY = { namespace: "shop", name: "web" };
const envelopeImage = "registry.example/envelope:1";

/** What is seen of an instance whose pod is there, but in no cache yet. */
async function observedBehind(...changes: Change<VirtualMachineInstance>[]) {
  const client = new FakeClient({ withoutStatusSubresource: [VIRTUAL_MACHINE_INSTANCES] });
  const { metadata: { uid: _, resourceVersion: __, ...metadata }, ...rest } = vmi(...changes);
  const made = await client.create<VirtualMachineInstance>(
    VIRTUAL_MACHINE_INSTANCES,
    { ...rest, metadata },
    { namespace: "shop" },
  );
  const configuration = effectiveConfiguration(undefined);
  const pod = launcherPod({ vmi: made, configuration, envelopeImage });
  await client.create(PODS, pod, { namespace: "shop" });
  const dependencies = await dependenciesOf(client, ["virtualMachineInstances"]);
  return await observeVirtualMachineInstance(dependencies, KEY, new AbortController().signal);
}

/** With caches of these kinds that have seen what is there, and hear of nothing more. */
async function dependenciesOf(
  client: FakeClient,
  kinds: readonly ("virtualMachineInstances" | "resourceQuotas")[],
): Promise<ObserveDependencies> {
  const informers = createControllerInformers({ client, logger: SILENT_LOGGER });
  const stop = new AbortController();
  const running = kinds.map((kind) => informers[kind].run(stop.signal));
  await Promise.all(kinds.map((kind) => informers[kind].waitForSync(stop.signal)));
  stop.abort();
  await Promise.all(running);
  const endings = new Unchanged(SYSTEM_CLOCK);
  return { client, informers, envelopeImage, clock: SYSTEM_CLOCK, endings };
}

for (const phase of ["Scheduling", "Running", "Succeeded"]) {
  Deno.test(`observeVirtualMachineInstance() looks live for the pod of an instance in ${phase}`, async () => {
    const held = withMetadata<VirtualMachineInstance>({
      finalizers: ["kubevirt.io/foregroundDeleteVirtualMachine"],
    });
    const world = await observedBehind(held, withStatus({ phase }));
    assert.equal(world?.pods.length, 1);
    assert.equal(world?.cacheIsBehind, true);
  });
}

Deno.test("observeVirtualMachineInstance() spares the look at what has been let go of", async () => {
  const world = await observedBehind(withStatus({ phase: "Succeeded" }));
  assert.equal(world?.pods.length, 0);
});

Deno.test("observeVirtualMachineInstance() sees that an instance is gone when its pods went first", async () => {
  const client = new FakeClient({ withoutStatusSubresource: [VIRTUAL_MACHINE_INSTANCES] });
  const { metadata: { uid: _, resourceVersion: __, ...metadata }, ...rest } = vmi(
    withStatus({ phase: "Running" }),
  );
  const finalizers = ["kubevirt.io/foregroundDeleteVirtualMachine"];
  const held = { ...rest, metadata: { ...metadata, finalizers } };
  await client.create(VIRTUAL_MACHINE_INSTANCES, held, { namespace: "shop" });
  await client.delete(VIRTUAL_MACHINE_INSTANCES, KEY);
  const dependencies = await dependenciesOf(client, ["virtualMachineInstances"]);
  const { signal } = new AbortController();
  assert.equal((await observeVirtualMachineInstance(dependencies, KEY, signal))?.pods.length, 0);
  await client.patch(VIRTUAL_MACHINE_INSTANCES, KEY, { metadata: { finalizers: null } });
  assert.equal(await observeVirtualMachineInstance(dependencies, KEY, signal), undefined);
});

/** What is seen of the limits of an instance's namespace, and what was asked for to see it. */
async function observedQuota(hard: Record<string, string> | undefined, phase: string) {
  const asked: string[] = [];
  const client = new FakeClient({
    withoutStatusSubresource: [VIRTUAL_MACHINE_INSTANCES],
    onCall: ({ verb, resource }) => void asked.push(`${verb} ${resource?.plural}`),
  });
  const { metadata: { uid: _, resourceVersion: __, ...metadata }, ...rest } = vmi(
    withStatus({ phase }),
  );
  await client.create(VIRTUAL_MACHINE_INSTANCES, { ...rest, metadata }, { namespace: "shop" });
  await client.create(NAMESPACES, { metadata: { name: "shop", labels: { team: "a" } } });
  for (const namespace of hard === undefined ? [] : ["shop", "other"]) {
    const quota = { metadata: { name: `of-${namespace}`, annotations: { long: "text" } } };
    const status = { used: { "limits.memory": "1Gi" } };
    await client.create(RESOURCE_QUOTAS, { ...quota, spec: { hard }, status }, { namespace });
  }
  const dependencies = await dependenciesOf(client, ["virtualMachineInstances", "resourceQuotas"]);
  asked.length = 0;
  const { signal } = new AbortController();
  const world = await observeVirtualMachineInstance(dependencies, KEY, signal);
  const { resourceQuotas: quotas, namespaceLabels: labels } = world ?? {};
  return { quotas, labels, asked };
}

const LIMITED = { "limits.memory": "16Gi" };

Deno.test("observeVirtualMachineInstance() sees the quotas of its namespace, and asks for the labels where they count", async () => {
  const { quotas = [], labels, asked } = await observedQuota(LIMITED, "Pending");
  assert.deepEqual(quotas.map(({ metadata }) => metadata.name), ["of-shop"]);
  assert.equal(labels?.team, "a");
  assert.deepEqual(asked, ["get namespaces"]);
});

Deno.test("observeVirtualMachineInstance() sees the hard limits of quotas alone", async () => {
  const { quotas: [quota] = [] } = await observedQuota(LIMITED, "Pending");
  const { metadata = {}, ...rest } = quota ?? {};
  assert.deepEqual(rest, { apiVersion: "v1", kind: "ResourceQuota", spec: { hard: LIMITED } });
  assert.deepEqual(Object.keys(metadata), ["name", "uid", "namespace", "resourceVersion"]);
});

for (
  const [where, hard, phase] of [
    ["there is no quota", undefined, "Pending"],
    ["no quota has limits", { pods: "3" }, "Pending"],
    ["a pod was made already", LIMITED, "Scheduling"],
  ] as const
) {
  Deno.test(`observeVirtualMachineInstance() spares the namespace where ${where}`, async () => {
    const { asked } = await observedQuota(hard, phase);
    assert.ok(!asked.includes("get namespaces"), `${asked}`);
    assert.ok(!asked.some((what) => what.includes("resourcequotas")), `${asked}`);
  });
}
