import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_INSTANCES } from "../../api/registry.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { FakeClient } from "../../kube/fake/fake_client.ts";
import { vmi } from "../testing/vmi.ts";
import { isStillHandedOver } from "./hand_over.ts";

const KEY = { namespace: "default", name: "small" };
const signal = new AbortController().signal;

const metadata = {
  labels: { "kubevirt.io/nodeName": "node-1" },
  annotations: { "denovirt.io/owner": "node-1/p1", "denovirt.io/epoch": "40" },
  finalizers: ["kubevirt.io/foregroundDeleteVirtualMachine"],
};

/** What happens between the look at the cache and the launch. */
const CHANGES: [string, (client: FakeClient) => Promise<unknown>, boolean][] = [
  ["nothing", () => Promise.resolve(), true],
  ["a word in its status", patched({ status: { reason: "Slow" } }), true],
  ["deletion", (client) => client.delete(VIRTUAL_MACHINE_INSTANCES, KEY), false],
  ["the end", patched({ status: { phase: "Failed" } }), false],
  [
    "another node's label",
    patched({ metadata: { labels: { "kubevirt.io/nodeName": "node-2" } } }),
    false,
  ],
  [
    "another hand-over",
    patched({ metadata: { annotations: { "denovirt.io/epoch": "41" } } }),
    false,
  ],
  [
    "removal",
    async (client) => {
      await client.patch(VIRTUAL_MACHINE_INSTANCES, KEY, { metadata: { finalizers: [] } });
      await client.delete(VIRTUAL_MACHINE_INSTANCES, KEY);
    },
    false,
  ],
  [
    "removal, and another of the name",
    async (client) => {
      await client.patch(VIRTUAL_MACHINE_INSTANCES, KEY, { metadata: { finalizers: [] } });
      await client.delete(VIRTUAL_MACHINE_INSTANCES, KEY);
      await create(client);
    },
    false,
  ],
];

for (const [what, change, expected] of CHANGES) {
  Deno.test(`isStillHandedOver() is ${expected} after ${what}`, async () => {
    const client = new FakeClient({ withoutStatusSubresource: [VIRTUAL_MACHINE_INSTANCES] });
    const cached = await create(client);
    await change(client);
    assert.equal(await isStillHandedOver(cached, client, signal), expected);
  });
}

Deno.test("isStillHandedOver() says nothing while the API server does not answer", async () => {
  const client = new FakeClient({
    onCall: ({ verb }) => {
      if (verb === "get") throw new Error("no route to host");
    },
  });
  await assert.rejects(isStillHandedOver(await create(client), client, signal), /no route to host/);
});

async function create(client: FakeClient): Promise<VirtualMachineInstance> {
  const object = vmi({ metadata, status: { phase: "Scheduled", nodeName: "node-1" } });
  return await client.create<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, object);
}

function patched(patch: unknown): (client: FakeClient) => Promise<unknown> {
  return (client) => client.patch(VIRTUAL_MACHINE_INSTANCES, KEY, patch);
}
