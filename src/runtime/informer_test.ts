import assert from "node:assert/strict";
import { GADGETS } from "../kube/client_contract.ts";
import { UNREACHABLE_RETRY_MS_MAX, UnreachableError } from "../kube/client.ts";
import { kubeErrorOf } from "../kube/kube_error.ts";
import { type FakeCall, FakeClient } from "../kube/fake/fake_client.ts";
import { CONFIG_MAPS } from "../kube/core_resources.ts";
import { keyOf, type KubeObject } from "../kube/object.ts";
import { FakeClock } from "./fake_clock.ts";
import { type Change, Informer, type InformerOptions } from "./informer.ts";
import { JsonLogger, SILENT_LOGGER } from "./log.ts";
import { MetricsRegistry } from "./metrics.ts";
import { eventually } from "./testing/eventually.ts";

interface Item extends KubeObject {
  spec?: { n?: number; node?: string };
}

/** A server, a running informer on it, and what the informer did. */
class Scene implements AsyncDisposable {
  readonly calls: FakeCall[] = [];
  readonly changes: Change<Item>[] = [];
  readonly clock = new FakeClock();
  readonly metrics = new MetricsRegistry();
  readonly client: FakeClient;
  readonly informer: Informer<Item>;
  /** Throws instead of the server. */
  fail: (call: FakeCall) => void = () => {};
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: Partial<InformerOptions<Item>> = {}) {
    this.client = new FakeClient({
      onCall: (call) => {
        this.calls.push(call);
        this.fail(call);
      },
    });
    const { client, clock, metrics } = this;
    const parts = { client, clock, metrics, resource: GADGETS, logger: SILENT_LOGGER };
    this.informer = new Informer<Item>({ ...parts, random: () => 0, ...options });
    this.informer.addHandler((change) => this.changes.push(change));
  }

  start(): void {
    this.#running = this.informer.run(this.#stop.signal);
  }

  async synced(): Promise<this> {
    this.start();
    await this.informer.waitForSync(AbortSignal.timeout(30_000));
    await this.watching();
    return this;
  }

  watching(): Promise<void> {
    return eventually("a watch is open", () => this.client.watchCount === 1);
  }

  create(name: string, spec: Item["spec"] = {}): Promise<Item> {
    return this.client.create(GADGETS, { metadata: { name, namespace: "ns" }, spec });
  }

  count(verb: FakeCall["verb"]): number {
    return this.calls.filter((call) => call.verb === verb).length;
  }

  /** Resolves in the back-off after the nth failure. */
  failed(times: number): Promise<void> {
    const line = `denovirt_informer_failures_total{resource="gadgets"} ${times}\n`;
    return eventually(`it failed ${times} times`, () => this.metrics.render().includes(line));
  }

  names(): string[] {
    return this.informer.list().map((item) => item.metadata.name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    assert.equal(this.client.watchCount, 0, "a watch was left open");
    assert.equal(this.clock.timerCount, 0, "a timer was left");
  }
}

Deno.test("informer lists in pages", async () => {
  await using scene = new Scene({ pageSize: 2 });
  for (const name of ["a", "b", "c", "d", "e"]) await scene.create(name);
  await scene.synced();
  assert.equal(scene.count("list"), 3);
  assert.deepEqual(scene.names(), ["a", "b", "c", "d", "e"]);
  assert.equal(scene.informer.hasSynced, true);
});

Deno.test("informer hands out one shape, raw and deep-frozen, from list and watch", async () => {
  await using scene = new Scene();
  const listed = await scene.create("listed", { n: 1 });
  await scene.synced();
  const watched = await scene.create("watched", { n: 2 });
  await eventually("it is cached", () => scene.informer.size === 2);
  for (const item of [listed, watched]) {
    const cached = scene.informer.get(keyOf(item));
    assert.deepEqual(cached, item);
    assert.equal(cached?.metadata.resourceVersion, item.metadata.resourceVersion);
    assert.ok(
      Object.isFrozen(cached) && Object.isFrozen(cached?.metadata) &&
        Object.isFrozen(cached?.spec),
    );
  }
});

Deno.test("informer tells handlers old and new, and a late handler what is there", async () => {
  await using scene = await new Scene().synced();
  const made = await scene.create("one", { n: 1 });
  const changed = await scene.client.patch<Item>(GADGETS, keyOf(made), { spec: { n: 2 } });
  await eventually("both are seen", () => scene.changes.length === 2);
  const late: Change<Item>[] = [];
  scene.informer.addHandler((change) => late.push(change));
  await scene.client.delete(GADGETS, keyOf(made));
  await eventually("the deletion is seen", () => scene.changes.length === 3);
  assert.deepEqual(scene.changes, [
    { new: made },
    { old: made, new: changed },
    { old: changed },
  ]);
  assert.deepEqual(late, [{ new: changed }, { old: changed }]);
  assert.equal(scene.informer.get(keyOf(made)), undefined);
});

Deno.test("informer goes on when a handler or an index function throws", async () => {
  const lines: string[] = [];
  const indexes = {
    bad: (): string[] => {
      throw new Error("bad index");
    },
  };
  const logger = new JsonLogger({ write: (line) => lines.push(line) });
  await using scene = new Scene({ logger, indexes });
  scene.informer.addHandler(() => {
    throw new Error("bad handler");
  });
  scene.informer.addHandler((change) => scene.changes.push(change));
  await scene.synced();
  await scene.create("one");
  await eventually("both good handlers saw it", () => scene.changes.length === 2);
  assert.ok(lines.some((line) => line.includes("bad handler") && line.includes("ns/one")));
  assert.ok(lines.some((line) => line.includes("bad index")));
});

Deno.test("informer resumes from resourceVersion after the watch breaks, without a new list", async () => {
  await using scene = await new Scene().synced();
  await scene.create("one");
  await eventually("one is cached", () => scene.informer.size === 1);
  scene.client.breakWatches();
  await scene.failed(1);
  await scene.create("two");
  scene.clock.advance(1_000);
  await eventually("two is cached", () => scene.informer.size === 2);
  assert.equal(scene.count("list"), 1);
  assert.deepEqual(scene.changes.map((change) => change.new?.metadata.name), ["one", "two"]);
});

Deno.test("informer takes resourceVersions from bookmarks", async () => {
  await using scene = new Scene();
  const watch = scene.client.watch.bind(scene.client);
  const versions: (string | undefined)[] = [];
  scene.client.watch = async function* <T extends KubeObject>(
    ...[resource, options]: Parameters<
      typeof watch
    >
  ) {
    versions.push(options?.resourceVersion);
    if (versions.length === 1) {
      await scene.client.create(CONFIG_MAPS, { metadata: { name: "other", namespace: "ns" } });
      yield { type: "BOOKMARK" as const, object: { metadata: { resourceVersion: "2" } } };
      throw new Error("cut");
    }
    yield* watch<T>(resource, options);
  };
  scene.start();
  await scene.failed(1);
  scene.client.compact();
  scene.clock.advance(1_000);
  await scene.watching();
  assert.deepEqual(versions, ["1", "2"]);
  assert.equal(scene.count("list"), 1);
});

Deno.test("informer relists on 410 and tells only what differs", async () => {
  await using scene = await new Scene().synced();
  const kept = await scene.create("kept");
  const dropped = await scene.create("dropped");
  const changed = await scene.create("changed", { n: 1 });
  await eventually("all are cached", () => scene.informer.size === 3);
  scene.client.breakWatches();
  await scene.failed(1);
  scene.changes.length = 0;
  await scene.client.delete(GADGETS, keyOf(dropped));
  const after = await scene.client.patch<Item>(GADGETS, keyOf(changed), { spec: { n: 2 } });
  const added = await scene.create("added");
  scene.client.compact();
  scene.clock.advance(1_000);
  await scene.failed(2);
  scene.clock.advance(1_000);
  await eventually("it listed again", () => scene.informer.get(keyOf(added)) !== undefined);
  assert.equal(scene.count("list"), 2);
  assert.deepEqual(scene.changes, [{ old: dropped }, { new: added }, { old: changed, new: after }]);
  assert.ok(scene.informer.get(keyOf(kept)));
});

Deno.test("informer starts the list over when a page token expires, and never shows half a list", async () => {
  await using scene = new Scene({ pageSize: 1 });
  await scene.create("a");
  await scene.create("b");
  scene.fail = ({ verb }) => {
    if (verb !== "list" || scene.count("list") !== 2) return;
    throw kubeErrorOf(410, { reason: "Expired" }, "list");
  };
  scene.start();
  await scene.failed(1);
  assert.deepEqual([scene.informer.size, scene.informer.hasSynced], [0, false]);
  scene.clock.advance(1_000);
  await eventually("it synced", () => scene.informer.hasSynced);
  assert.deepEqual(scene.names(), ["a", "b"]);
});

Deno.test("informer never stops by itself: it backs off, longer each time, and then goes on", async () => {
  await using scene = new Scene({ backoff: { baseMs: 100, maxMs: 400 } });
  const delays: (number | undefined)[] = [];
  scene.fail = () => {
    throw new Error("no route");
  };
  scene.start();
  for (let i = 1; i <= 5; i++) {
    await scene.failed(i);
    delays.push(scene.clock.nextTimerMs);
    if (i === 5) scene.fail = () => {};
    scene.clock.advance(delays.at(-1) ?? 0);
  }
  assert.deepEqual(delays, [100, 200, 400, 400, 400]);
  await eventually("it synced", () => scene.informer.hasSynced);
});

Deno.test("informer comes back soon after the server does, however long it was away", async () => {
  await using scene = new Scene({ backoff: { baseMs: 100, maxMs: 30_000 } });
  const delays: (number | undefined)[] = [];
  scene.fail = () => {
    throw new UnreachableError("Cannot list: connection refused");
  };
  scene.start();
  for (let i = 1; i <= 8; i++) {
    await scene.failed(i);
    delays.push(scene.clock.nextTimerMs);
    scene.clock.advance(delays.at(-1) ?? 0);
  }
  assert.deepEqual(delays.slice(0, 5), [100, 200, 400, 800, UNREACHABLE_RETRY_MS_MAX]);
  assert.equal(delays.at(-1), UNREACHABLE_RETRY_MS_MAX);
  scene.fail = () => {
    throw kubeErrorOf(503, {}, "list");
  };
  for (const [times, delayMs] of [[9, 100], [10, 200]] as const) {
    await scene.failed(times);
    assert.equal(scene.clock.nextTimerMs, delayMs, "its errors are counted from the first");
    scene.clock.advance(delayMs);
  }
});

Deno.test("informer lists soon after a 410, however long the server was away", async () => {
  await using scene = await new Scene({ backoff: { baseMs: 100, maxMs: 30_000 } }).synced();
  scene.fail = () => {
    throw new Error("no route");
  };
  scene.client.breakWatches();
  for (let i = 1; i <= 6; i++) {
    await scene.failed(i);
    if (i === 6) {
      scene.fail = ({ verb }) => {
        if (verb === "watch") throw kubeErrorOf(410, { reason: "Expired" }, "watch");
      };
    }
    scene.clock.advance(scene.clock.nextTimerMs ?? 0);
  }
  for (const [times, delayMs] of [[7, 100], [8, 200], [9, 400]] as const) {
    await scene.failed(times);
    assert.equal(scene.clock.nextTimerMs, delayMs);
    scene.clock.advance(delayMs);
  }
});

Deno.test("informer spreads its back-off by jitter and honours Retry-After", async () => {
  await using scene = new Scene({ backoff: { baseMs: 100, maxMs: 400 }, random: () => 0.5 });
  scene.fail = () => {
    const first = scene.calls.length === 1;
    const details = first ? { details: { retryAfterSeconds: 9 } } : {};
    throw kubeErrorOf(429, { reason: "TooManyRequests", ...details }, "list");
  };
  scene.start();
  await scene.failed(1);
  assert.equal(scene.clock.nextTimerMs, 9_000);
  scene.clock.advance(9_000);
  await scene.failed(2);
  assert.equal(scene.clock.nextTimerMs, 150);
});

Deno.test("informer does not hammer a server that ends each watch at once", async () => {
  await using scene = new Scene({ backoff: { baseMs: 100, maxMs: 400 } });
  const watch = scene.client.watch.bind(scene.client);
  scene.client.watch = (resource, options = {}) =>
    watch(resource, { ...options, timeoutSeconds: 0 });
  scene.start();
  await scene.failed(1);
  assert.equal(scene.count("watch"), 1);
  assert.equal(scene.clock.nextTimerMs, 100);
});

Deno.test("informer takes a silent watch for dead and resumes", async () => {
  await using scene = await new Scene({ watchSilenceMsMax: 5_000 }).synced();
  scene.clock.advance(4_000);
  await scene.create("one");
  await eventually("one is cached", () => scene.informer.size === 1);
  scene.clock.advance(4_000);
  assert.equal(scene.count("watch"), 1, "what was heard counts");
  scene.clock.advance(1_000);
  await scene.failed(1);
  scene.clock.advance(1_000);
  await scene.watching();
  assert.deepEqual([scene.count("watch"), scene.count("list")], [2, 1]);
});

Deno.test("informer finds objects by index, as they are now", async () => {
  const indexes = { node: (item: Item) => item.spec?.node ? [item.spec.node] : [] };
  await using scene = new Scene({ indexes });
  const byNode = (node: string) =>
    scene.informer.byIndex("node", node).map((item) => item.metadata.name).sort();
  await scene.create("a", { node: "n1" });
  await scene.synced();
  await scene.create("b", { node: "n1" });
  await scene.create("c");
  await eventually("all are cached", () => scene.informer.size === 3);
  assert.deepEqual(byNode("n1"), ["a", "b"]);
  await scene.client.patch(GADGETS, { namespace: "ns", name: "a" }, { spec: { node: "n2" } });
  await scene.client.delete(GADGETS, { namespace: "ns", name: "b" });
  await eventually("both are seen", () => byNode("n2").length === 1 && scene.informer.size === 2);
  assert.deepEqual([byNode("n1"), byNode("n2")], [[], ["a"]]);
  assert.throws(() => scene.informer.byIndex("zone", "x"), /no such index: got "zone"/);
});

Deno.test("informer.waitUntil() resolves on the change and rejects on its deadline or the abort", async () => {
  await using scene = await new Scene().synced();
  const key = { namespace: "ns", name: "one" };
  const waiting = scene.informer.waitUntil(() => scene.informer.get(key) !== undefined);
  await scene.create("one");
  await waiting;
  const timeoutMs = 10;
  await assert.rejects(scene.informer.waitUntil(() => false, { timeoutMs }), /within 10 ms/);
  const reason = new Error("stopped by the test");
  const signal = AbortSignal.abort(reason);
  await assert.rejects(scene.informer.waitUntil(() => false, { signal }), (e) => e === reason);
});

Deno.test("informer metrics exist at 0 and count objects, lists and events", async () => {
  await using scene = new Scene();
  const has = (line: string) => scene.metrics.render().includes(line);
  assert.ok(has('denovirt_informer_objects{resource="gadgets"} 0\n'));
  assert.ok(has('denovirt_informer_events_total{resource="gadgets",type="DELETED"} 0\n'));
  await scene.synced();
  await scene.create("one");
  await eventually("it is counted", () => has('objects{resource="gadgets"} 1\n'));
  assert.ok(has('denovirt_informer_lists_total{resource="gadgets"} 1\n'));
  assert.ok(has('events_total{resource="gadgets",type="ADDED"} 1\n'));
});

Deno.test("Informer.absorb() leaves out what has ended: the answer to a write may come after that of the removal", async () => {
  await using scene = new Scene();
  const one = await scene.create("one", { n: 1 });
  await scene.synced();
  const resourceVersion = `${Number(one.metadata.resourceVersion) + 1}`;
  const written = { ...one, metadata: { ...one.metadata, resourceVersion } };
  scene.informer.absorbEnd(keyOf(one), one.metadata.uid);
  scene.informer.absorb(written);
  assert.equal(scene.informer.size, 0);
});

Deno.test("Informer keeps what it is told to of an object, from lists, watches and its own process", async () => {
  const keep = ({ spec, ...item }: Item): Item => ({
    ...item,
    spec: { ...(spec?.n !== undefined && { n: spec.n }) },
  });
  await using scene = new Scene({ keep, indexes: { n: ({ spec }) => [`${spec?.n}`] } });
  await scene.create("listed", { n: 1, node: "x" });
  await scene.synced();
  scene.informer.absorb(await scene.create("absorbed", { n: 2, node: "x" }));
  await scene.create("watched", { n: 3, node: "x" });
  await scene.informer.waitUntil(() => scene.informer.size === 3, { timeoutMs: 30_000 });
  assert.deepEqual(scene.informer.list().map(({ spec }) => spec), [{ n: 1 }, { n: 2 }, { n: 3 }]);
  assert.deepEqual(scene.informer.byIndex("n", "2").map(keyOf), [{
    namespace: "ns",
    name: "absorbed",
  }]);
  assert.ok(scene.changes.every((change) => change.new?.spec?.node === undefined));
});
