import assert from "node:assert/strict";
import { GADGETS, testClientContract } from "../client_contract.ts";
import { CONFIG_MAPS } from "../core_resources.ts";
import { ConflictError } from "../client.ts";
import { kubeErrorOf } from "../kube_error.ts";
import { type FakeCall, FakeClient } from "./fake_client.ts";

testClientContract({
  name: "FakeClient",
  open() {
    const client = new FakeClient({ withoutStatusSubresource: [GADGETS] });
    return Promise.resolve({
      client,
      namespace: "contract",
      async expiredVersion() {
        const metadata = { name: "any", namespace: "contract" };
        const { metadata: { resourceVersion = "" } } = await client.create(GADGETS, { metadata });
        await client.delete(GADGETS, metadata);
        client.compact();
        return resourceVersion;
      },
      async [Symbol.asyncDispose]() {
        await Promise.resolve();
        assert.equal(client.watchCount, 0, "a watch was left open");
      },
    });
  },
  skip: [{
    reason: "the fake takes any resource for served",
    cases: ["get() throws NotFoundError for a resource that is not served"],
  }],
});

Deno.test("FakeClient copies objects in and out", async () => {
  const client = new FakeClient();
  const body = { metadata: { name: "one", namespace: "ns" }, data: { x: "1" } };
  const made = await client.create(CONFIG_MAPS, body);
  body.data.x = "2";
  made.metadata.name = "two";
  const got = await client.get(CONFIG_MAPS, { namespace: "ns", name: "one" });
  assert.deepEqual((got as unknown as typeof body).data, { x: "1" });
});

Deno.test("FakeClient.onCall sees each call and can fail it", async () => {
  const calls: FakeCall[] = [];
  const conflict = kubeErrorOf(409, { reason: "Conflict" }, "patch");
  const client = new FakeClient({
    onCall(call) {
      calls.push(call);
      if (call.verb === "patch") throw conflict;
    },
  });
  const key = { namespace: "ns", name: "one" };
  await client.create(CONFIG_MAPS, { metadata: key });
  await assert.rejects(client.patch(CONFIG_MAPS, key, { data: {} }), ConflictError);
  assert.deepEqual(calls.map((call) => call.verb), ["create", "patch"]);
});

Deno.test("FakeClient.watch() sends a bookmark with the newest version before it ends", async () => {
  const client = new FakeClient();
  const { metadata: { resourceVersion } } = await client.list(CONFIG_MAPS);
  const other = await client.create(GADGETS, { metadata: { name: "one", namespace: "ns" } });
  const watch = client.watch(CONFIG_MAPS, { resourceVersion, timeoutSeconds: 0.01 });
  const object = { metadata: { resourceVersion: other.metadata.resourceVersion } };
  assert.deepEqual((await watch.next()).value, { type: "BOOKMARK", object });
  assert.equal((await watch.next()).done, true);
});

Deno.test("FakeClient.breakWatches() ends open watches with an error", async () => {
  const client = new FakeClient();
  const watch = client.watch(CONFIG_MAPS);
  const next = watch.next();
  while (client.watchCount === 0) await Promise.resolve();
  client.breakWatches();
  await assert.rejects(next, /connection reset/);
  assert.equal(client.watchCount, 0);
});
