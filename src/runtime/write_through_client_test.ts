import assert from "node:assert/strict";
import { CONFIG_MAPS } from "../kube/core_resources.ts";
import { FakeClient } from "../kube/fake/fake_client.ts";
import { keyOf, type KubeObject } from "../kube/object.ts";
import { type Change, Informer } from "./informer.ts";
import { SILENT_LOGGER } from "./log.ts";
import { eventually } from "./testing/eventually.ts";
import { WriteThroughClient } from "./write_through_client.ts";

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

const KEY = { namespace: "ns", name: "one" };

/** A server whose watches say nothing until they are let go. */
class Scene implements AsyncDisposable {
  readonly changes: Change<ConfigMap>[] = [];
  readonly server: FakeClient;
  readonly client: WriteThroughClient;
  readonly informer: Informer<ConfigMap>;
  readonly #letGo = Promise.withResolvers<undefined>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(selected: { labelSelector?: string } = {}) {
    this.server = new FakeClient({
      onCall: ({ verb, signal }) => {
        if (verb !== "watch") return undefined;
        signal?.addEventListener("abort", () => this.#letGo.resolve(undefined));
        return this.#letGo.promise;
      },
    });
    const parts = { client: this.server, resource: CONFIG_MAPS, logger: SILENT_LOGGER };
    this.informer = new Informer<ConfigMap>({ ...parts, ...selected });
    this.informer.addHandler((change) => this.changes.push(change));
    this.client = new WriteThroughClient(this.server, [this.informer]);
    this.#running = this.informer.run(this.#stop.signal);
  }

  async synced(): Promise<this> {
    await this.informer.waitForSync(AbortSignal.timeout(30_000));
    return this;
  }

  create(): Promise<ConfigMap> {
    return this.client.create<ConfigMap>(CONFIG_MAPS, { metadata: KEY });
  }

  get cached(): ConfigMap | undefined {
    return this.informer.get(KEY);
  }

  async watch(): Promise<void> {
    this.#letGo.resolve(undefined);
    await eventually("a watch is open", () => this.server.watchCount === 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

Deno.test("WriteThroughClient shows its writes in the cache before the watch does", async () => {
  await using scene = await new Scene().synced();
  const { metadata: { uid } } = await scene.create();
  assert.equal(scene.cached?.metadata.uid, uid);
  await scene.client.patch(CONFIG_MAPS, KEY, { data: { a: "1" } });
  assert.deepEqual(scene.cached?.data, { a: "1" });
  await scene.client.patch(CONFIG_MAPS, KEY, { metadata: { finalizers: ["denovirt.io/x"] } });
  await scene.client.delete(CONFIG_MAPS, KEY, { preconditions: { uid } });
  assert.ok(scene.cached?.metadata.deletionTimestamp);
});

Deno.test("WriteThroughClient shows what it reads past the cache", async () => {
  await using scene = await new Scene().synced();
  // As after a creation whose answer was lost.
  const { metadata: { uid } } = await scene.server.create(CONFIG_MAPS, { metadata: KEY });
  assert.equal(scene.informer.size, 0);
  await scene.client.get(CONFIG_MAPS, KEY);
  assert.equal(scene.cached?.metadata.uid, uid);
});

Deno.test("WriteThroughClient takes nothing that it reads into a cache of selected objects", async () => {
  await using scene = await new Scene({ labelSelector: "app=launcher" }).synced();
  await scene.server.create(CONFIG_MAPS, { metadata: KEY });
  await scene.client.get(CONFIG_MAPS, KEY);
  assert.equal(scene.cached, undefined);
});

Deno.test("WriteThroughClient shows the end of what it removed", async () => {
  await using scene = await new Scene().synced();
  const { metadata: { uid } } = await scene.create();
  await scene.client.delete(CONFIG_MAPS, KEY, { preconditions: { uid } });
  assert.equal(scene.cached, undefined);
  const { length } = scene.changes;
  await scene.watch();
  await scene.server.create(CONFIG_MAPS, { metadata: { ...KEY, name: "two" } });
  await eventually("the watch is through", () => scene.informer.size === 1);
  assert.equal(scene.cached, undefined);
  assert.equal(scene.changes.length, length + 1);
});

Deno.test("WriteThroughClient has each change told once, and what others do told", async () => {
  await using scene = await new Scene().synced();
  await scene.create();
  await scene.watch();
  await scene.server.patch(CONFIG_MAPS, KEY, { data: { a: "1" } });
  await eventually("the change is seen", () => scene.cached?.data?.a === "1");
  assert.equal(scene.changes.length, 2);
  await scene.server.delete(CONFIG_MAPS, KEY);
  await eventually("the end is seen", () => scene.cached === undefined);
});

Deno.test("WriteThroughClient does not keep what is given its last finalizer off by itself", async () => {
  await using scene = await new Scene().synced();
  await scene.create();
  await scene.client.patch(CONFIG_MAPS, KEY, { metadata: { finalizers: ["denovirt.io/x"] } });
  await scene.client.delete(CONFIG_MAPS, KEY);
  await scene.client.patch(CONFIG_MAPS, KEY, { metadata: { finalizers: [] } });
  await scene.watch();
  await eventually("the end is seen", () => scene.cached === undefined);
});

Deno.test("Informer.absorb() brings nothing back that has come and gone", async () => {
  await using scene = await new Scene().synced();
  await scene.watch();
  const made = await scene.server.create<ConfigMap>(CONFIG_MAPS, { metadata: KEY });
  await scene.server.delete(CONFIG_MAPS, keyOf(made));
  await eventually("the watch has told both", () => scene.changes.length === 2);
  scene.informer.absorb(made);
  assert.equal(scene.cached, undefined);
});
