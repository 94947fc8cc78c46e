/** Pools on API servers with the controller's webhooks: what the API server itself has a part in. */
import assert from "node:assert/strict";
import type { VirtualMachinePool } from "../../src/api/pool.ts";
import { VIRTUAL_MACHINE_POOLS, VIRTUAL_MACHINES } from "../../src/api/registry.ts";
import type { VirtualMachine } from "../../src/api/virtual_machine.ts";
import { InvalidError } from "../../src/kube/client.ts";
import { NAMESPACES } from "../../src/kube/core_resources.ts";
import { pool } from "../../src/resources/testing/builders.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { INSTALLATIONS, type InstallationUnderTest } from "./installations.ts";

const TIMEOUT_MS = 60_000;

interface Scale {
  spec: { replicas: number };
  status: { replicas: number; selector: string };
}

for (const { where, ignore, open } of INSTALLATIONS) {
  Deno.test({
    name: `pool: is scaled as autoscalers do, and refused where it makes no sense, ${where}`,
    ignore,
    fn: () => testPool(open),
  });
}

async function testPool(open: InstallationUnderTest["open"]): Promise<void> {
  await using installation = await open();
  const { admin } = installation;
  const namespace = `pool-${crypto.randomUUID().slice(0, 8)}`;
  await admin.create(NAMESPACES, { metadata: { name: namespace } });
  const { apiVersion, kind, metadata: { name }, spec } = pool({ replicas: 1 });
  const object = { apiVersion, kind, metadata: { name }, spec };
  const bad = { ...object, spec: { ...spec, selector: { matchLabels: { app: "db" } } } };
  await assert.rejects(
    admin.create(VIRTUAL_MACHINE_POOLS, bad, { namespace }),
    (error) => error instanceof InvalidError && /selector does not match/.test(error.message),
  );
  await admin.create(VIRTUAL_MACHINE_POOLS, object, { namespace });
  const base = "/apis/pool.kubevirt.io/v1beta1";
  const path = `${base}/namespaces/${namespace}/virtualmachinepools/${name}/scale`;
  await admin.raw("PATCH", path, {
    body: { spec: { replicas: 3 } },
    contentType: "application/merge-patch+json",
  });
  const scale = await waitUntil({
    what: "three machines",
    timeoutMs: TIMEOUT_MS,
    look: async () => await admin.raw("GET", path) as Scale,
    until: ({ status }) => status.replicas === 3,
  });
  assert.equal(scale.status.selector, "app=web");
  const { items } = await admin.list<VirtualMachine>(VIRTUAL_MACHINES, { namespace });
  assert.deepEqual(items.map(({ metadata }) => metadata.name).sort(), [
    "web-0",
    "web-1",
    "web-2",
  ]);
  await admin.delete(VIRTUAL_MACHINE_POOLS, { namespace, name });
  await waitUntil({
    what: "the machines to go with their pool",
    timeoutMs: TIMEOUT_MS,
    look: async () => await admin.list<VirtualMachinePool>(VIRTUAL_MACHINES, { namespace }),
    until: (seen) => seen.items.length === 0,
  });
  await admin.delete(NAMESPACES, { name: namespace });
}
