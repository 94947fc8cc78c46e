/** Informer, leases and events on a real kube-apiserver. */
import assert from "node:assert/strict";
import { GADGETS } from "../kube/client_contract.ts";
import { EVENTS, LEASES } from "../kube/core_resources.ts";
import { keyOf, type KubeObject } from "../kube/object.ts";
import { openRealServer, SKIP_NOTE, TEST_KUBECONFIG } from "../kube/testing/real_server.ts";
import { EventRecorder } from "./event_recorder.ts";
import { Informer } from "./informer.ts";
import { LeaderElection } from "./leader_election.ts";
import { SILENT_LOGGER } from "./log.ts";

const ignore = TEST_KUBECONFIG === undefined;

interface Gadget extends KubeObject {
  spec?: { n: number };
}

Deno.test({
  name: `informer holds what a real server holds${SKIP_NOTE}`,
  ignore,
  async fn() {
    await using server = await openRealServer();
    const { client, namespace } = server;
    const names = Array.from({ length: 25 }, (_, i) => `gadget-${i}`);
    const create = (name: string) =>
      client.create<Gadget>(GADGETS, {
        apiVersion: "contract.denovirt.io/v1",
        kind: "Gadget",
        metadata: { name, namespace },
        spec: { n: 0 },
      });
    await Promise.all(names.slice(0, 12).map(create));
    const stop = new AbortController();
    const informer = new Informer<Gadget>({
      client,
      resource: GADGETS,
      namespace,
      logger: SILENT_LOGGER,
      pageSize: 5,
    });
    const running = informer.run(stop.signal);
    await informer.waitForSync(AbortSignal.timeout(60_000));
    assert.equal(informer.size, 12);
    await Promise.all(names.slice(12).map(create));
    await Promise.all(
      names.map((name) => client.patch(GADGETS, { namespace, name }, { spec: { n: 1 } })),
    );
    await Promise.all(names.slice(20).map((name) => client.delete(GADGETS, { namespace, name })));
    const settled = () => informer.size === 20 && informer.list().every((g) => g.spec?.n === 1);
    await informer.waitUntil(settled, { timeoutMs: 60_000 });
    const { items } = await client.list<Gadget>(GADGETS, { namespace });
    for (const item of items) assert.deepEqual(informer.get(keyOf(item)), item);
    stop.abort();
    await running;
  },
});

Deno.test({
  name: `leader_election holds and releases a real lease${SKIP_NOTE}`,
  ignore,
  async fn() {
    await using server = await openRealServer();
    const { client, namespace } = server;
    const key = { namespace, name: "election" };
    for (const identity of ["a", "b"]) {
      const options = { client, ...key, identity, logger: SILENT_LOGGER };
      await new LeaderElection(options).run(async () => {
        const lease = await client.get<KubeObject & { spec: { holderIdentity: string } }>(
          LEASES,
          key,
        );
        assert.equal(lease?.spec.holderIdentity, identity);
      }, AbortSignal.timeout(60_000));
    }
  },
});

Deno.test({
  name: `event_recorder's events are taken by a real server and counted${SKIP_NOTE}`,
  ignore,
  async fn() {
    await using server = await openRealServer();
    const { client, namespace } = server;
    const parts = { component: "test-controller", instance: "one", logger: SILENT_LOGGER };
    const recorder = new EventRecorder({ client, ...parts });
    const stop = new AbortController();
    const running = recorder.run(stop.signal);
    const metadata = { name: "gadget", namespace, uid: crypto.randomUUID() };
    const regarding = { apiVersion: "contract.denovirt.io/v1", kind: "Gadget", metadata };
    const event = { regarding, type: "Warning", reason: "Tested", message: "by a test" } as const;
    let counts: number[] = [];
    const counted = async () => {
      const { items } = await client.list<KubeObject & { count: number }>(EVENTS, { namespace });
      counts = items.map((item) => item.count);
    };
    recorder.record(event);
    while (counts.length === 0) await counted();
    recorder.record(event);
    while (counts[0] === 1) await counted();
    assert.deepEqual(counts, [2]);
    stop.abort();
    await running;
  },
});
