/** What every {@link KubeClient} must do. Run by `fake/fake_client_test.ts` and, on a real server, `fetch_client_test.ts`. */
import assert from "node:assert/strict";
import {
  AlreadyExistsError,
  ConflictError,
  GoneError,
  InvalidError,
  type KubeClient,
  KubeError,
  NotFoundError,
  type Resource,
  type WatchEvent,
} from "./client.ts";
import { CONFIG_MAPS, PODS } from "./core_resources.ts";
import { keyOf, type KubeObject } from "./object.ts";

const GROUP = { group: "contract.denovirt.io", version: "v1", namespaced: true };
/** A custom resource with a status subresource. The schema of both preserves unknown fields. */
export const WIDGETS: Resource = { ...GROUP, plural: "widgets", kind: "Widget" };
/** A custom resource whose status is an ordinary field. */
export const GADGETS: Resource = { ...GROUP, plural: "gadgets", kind: "Gadget" };

/** A server to test against, with {@link WIDGETS} and {@link GADGETS} installed. */
export interface ContractSubject extends AsyncDisposable {
  client: KubeClient;
  /** Empty, and left to the test. */
  namespace: string;
  /** A version from which no watch can be resumed. */
  expiredVersion(): Promise<string>;
}

/** How the suite is run on one adapter. */
export interface ContractOptions {
  /** Prefix of the test names. */
  name: string;
  open: () => Promise<ContractSubject>;
  /** Why nothing can be run here. */
  ignore?: boolean;
  /** Cases that this adapter cannot serve, each with its reason. */
  skip?: { reason: string; cases: readonly string[] }[];
}

interface Item extends KubeObject {
  data?: Record<string, string>;
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
}

type Case = (subject: ContractSubject) => Promise<void>;

const WATCH_DEADLINE_MS = 60_000;

/** Registers one test for each case. */
export function testClientContract(options: ContractOptions): void {
  for (const [name, run] of Object.entries(CASES)) {
    const skipped = options.skip?.find(({ cases }) => cases.includes(name));
    const note = skipped === undefined ? "" : ` (skipped: ${skipped.reason})`;
    Deno.test({
      name: `${options.name}: ${name}${note}`,
      ignore: options.ignore === true || skipped !== undefined,
      async fn() {
        await using subject = await options.open();
        await run(subject);
      },
    });
  }
}

const CASES: Record<string, Case> = {
  "get() gives undefined for an object that does not exist": async ({ client, namespace }) => {
    assert.equal(await client.get(CONFIG_MAPS, { namespace, name: "absent" }), undefined);
  },

  "get() throws NotFoundError for a resource that is not served": async ({ client, namespace }) => {
    const unknown = { ...WIDGETS, plural: "unknowns" };
    await assert.rejects(client.get(unknown, { namespace, name: "x" }), NotFoundError);
    const group = { ...unknown, group: "unknown.denovirt.io" };
    await assert.rejects(client.get(group, { namespace, name: "x" }), NotFoundError);
  },

  "get() refuses a key without name or namespace": async ({ client, namespace }) => {
    await assert.rejects(client.get(CONFIG_MAPS, { namespace, name: "" }), TypeError);
    await assert.rejects(client.get(CONFIG_MAPS, { name: "x" }), TypeError);
  },

  "create() returns the object as stored": async ({ client, namespace }) => {
    const body = { metadata: { generateName: "made-", labels: { a: "b" } }, data: { x: "1" } };
    const made = await client.create<Item>(CONFIG_MAPS, withKind(CONFIG_MAPS, body), { namespace });
    assert.match(made.metadata.name, /^made-[a-z0-9]{5}$/);
    assert.ok(made.metadata.uid && made.metadata.resourceVersion);
    assert.match(made.metadata.creationTimestamp ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal(made.metadata.namespace, namespace);
    const got = await client.get<Item>(CONFIG_MAPS, keyOf(made));
    assert.deepEqual(got, made);
    assert.deepEqual(got?.data, { x: "1" });
  },

  "create() throws AlreadyExistsError for a taken name": async ({ client, namespace }) => {
    await createItem(client, CONFIG_MAPS, { namespace, name: "one" });
    const again = createItem(client, CONFIG_MAPS, { namespace, name: "one" });
    await assert.rejects(again, AlreadyExistsError);
  },

  "create() throws InvalidError with the field for a name that is none": async (subject) => {
    const { client, namespace } = subject;
    const creation = createItem(client, CONFIG_MAPS, { namespace, name: "Not_A_Name" });
    await assert.rejects(creation, (error: unknown) => {
      assert.ok(error instanceof InvalidError);
      assert.equal(error.status.details?.causes?.[0]?.field, "metadata.name");
      return true;
    });
  },

  "create() refuses an object that has a version": async ({ client, namespace }) => {
    const body = { metadata: { name: "one", resourceVersion: "5" } };
    const creation = client.create(CONFIG_MAPS, withKind(CONFIG_MAPS, body), { namespace });
    await assert.rejects(creation, (error) => error instanceof KubeError && error.code === 500);
  },

  "create() with dryRun stores nothing": async ({ client, namespace }) => {
    const body = withKind(CONFIG_MAPS, { metadata: { name: "dry" } });
    const made = await client.create(CONFIG_MAPS, body, { namespace, dryRun: true });
    assert.ok(made.metadata.uid);
    assert.equal(await client.get(CONFIG_MAPS, keyOf(made)), undefined);
  },

  "update() throws ConflictError for an old version": async ({ client, namespace }) => {
    const first = await createItem(client, GADGETS, { namespace, name: "one" }, { spec: { n: 1 } });
    const second = await client.update(GADGETS, { ...first, spec: { n: 2 } });
    assert.notEqual(second.metadata.resourceVersion, first.metadata.resourceVersion);
    await assert.rejects(client.update(GADGETS, { ...first, spec: { n: 3 } }), ConflictError);
    assert.deepEqual((await client.get<Item>(GADGETS, keyOf(first)))?.spec, { n: 2 });
  },

  "update() of a custom resource needs a version": async ({ client, namespace }) => {
    const item = await createItem(client, GADGETS, { namespace, name: "one" });
    const { resourceVersion: _, ...metadata } = item.metadata;
    await assert.rejects(client.update(GADGETS, { ...item, metadata }), InvalidError);
  },

  "update() and patch() without a change keep the version": async ({ client, namespace }) => {
    const item = await createItem(client, GADGETS, { namespace, name: "one" }, { spec: { n: 1 } });
    const updated = await client.update(GADGETS, item);
    assert.equal(updated.metadata.resourceVersion, item.metadata.resourceVersion);
    const patched = await client.patch(GADGETS, keyOf(item), { spec: { n: 1, gone: null } });
    assert.equal(patched.metadata.resourceVersion, item.metadata.resourceVersion);
  },

  "update() throws NotFoundError for an object that is gone": async ({ client, namespace }) => {
    const item = await createItem(client, GADGETS, { namespace, name: "one" });
    await client.delete(GADGETS, keyOf(item));
    await assert.rejects(
      client.update(GADGETS, item),
      (error) => error instanceof NotFoundError || error instanceof ConflictError,
    );
  },

  "patch() merges objects, replaces arrays and removes nulls": async ({ client, namespace }) => {
    const spec = { keep: 1, list: [1, 2, 3], nested: { a: 1, b: 2 }, gone: true };
    const item = await createItem(client, GADGETS, { namespace, name: "one" }, { spec });
    const patch = { spec: { list: [4], nested: { b: 3 }, gone: null } };
    const patched = await client.patch<Item>(GADGETS, keyOf(item), patch);
    assert.deepEqual(patched.spec, { keep: 1, list: [4], nested: { a: 1, b: 3 } });
  },

  "patch() takes resourceVersion as a precondition, and refuses another uid": async (
    { client, namespace },
  ) => {
    const item = await createItem(client, GADGETS, { namespace, name: "one" });
    const { uid, resourceVersion } = item.metadata;
    const patch = (metadata: object, n: number) =>
      client.patch<Item>(GADGETS, keyOf(item), { metadata, spec: { n } });
    await patch({ resourceVersion, uid }, 1);
    await assert.rejects(patch({ resourceVersion }, 2), ConflictError);
    await assert.rejects(patch({ uid: crypto.randomUUID() }, 3), InvalidError);
    assert.deepEqual((await client.get<Item>(GADGETS, keyOf(item)))?.spec, { n: 1 });
  },

  "patch() of type json does all operations or none": async ({ client, namespace }) => {
    const spec = { list: ["a", "c"], "odd/name~": 1 };
    const item = await createItem(client, GADGETS, { namespace, name: "one" }, { spec });
    const patch = (operations: unknown[]) =>
      client.patch<Item>(GADGETS, keyOf(item), operations, { type: "json" });
    const patched = await patch([
      { op: "test", path: "/spec/list/0", value: "a" },
      { op: "test", path: "/spec/absent", value: null },
      { op: "add", path: "/spec/list/1", value: "b" },
      { op: "add", path: "/spec/list/-", value: "d" },
      { op: "replace", path: "/spec/odd~1name~0", value: 2 },
      { op: "move", from: "/spec/odd~1name~0", path: "/spec/moved" },
      { op: "copy", from: "/spec/list", path: "/spec/copied" },
      { op: "remove", path: "/spec/copied/0" },
    ]);
    const list = ["a", "b", "c", "d"];
    assert.deepEqual(patched.spec, { list, moved: 2, copied: ["b", "c", "d"] });
    const failing = [
      { op: "replace", path: "/spec/moved", value: 3 },
      { op: "test", path: "/spec/list/0", value: "no" },
    ];
    await assert.rejects(patch(failing), InvalidError);
    assert.equal((await client.get<Item>(GADGETS, keyOf(item)))?.spec?.moved, 2);
  },

  "patch() throws NotFoundError for an object that does not exist": async (subject) => {
    const { client, namespace } = subject;
    const patching = client.patch(GADGETS, { namespace, name: "absent" }, { spec: {} });
    await assert.rejects(patching, NotFoundError);
  },

  "status is written by its subresource alone, where there is one": async (subject) => {
    const { client, namespace } = subject;
    const item = await createItem(client, WIDGETS, { namespace, name: "one" }, {
      spec: { n: 1 },
      status: { phase: "Ignored" },
    });
    assert.equal(item.status, undefined);
    const both = { spec: { n: 2 }, status: { phase: "Ready" } };
    const status = await client.patch<Item>(WIDGETS, keyOf(item), both, { subresource: "status" });
    assert.deepEqual([status.spec, status.status], [{ n: 1 }, { phase: "Ready" }]);
    const main = await client.patch<Item>(WIDGETS, keyOf(item), {
      spec: { n: 3 },
      status: { phase: "Ignored" },
    });
    assert.deepEqual([main.spec, main.status], [{ n: 3 }, { phase: "Ready" }]);
    const updated = await client.update<Item>(
      WIDGETS,
      { ...main, spec: { n: 4 }, status: { phase: "Done" } },
      { subresource: "status" },
    );
    assert.deepEqual([updated.spec, updated.status], [{ n: 3 }, { phase: "Done" }]);
  },

  "status is an ordinary field where there is no subresource": async ({ client, namespace }) => {
    const key = { namespace, name: "one" };
    const item = await createItem(client, GADGETS, key, { status: { phase: "Made" } });
    assert.deepEqual(item.status, { phase: "Made" });
    const patched = await client.patch<Item>(GADGETS, key, { status: { phase: "Ready" } });
    assert.deepEqual(patched.status, { phase: "Ready" });
    const patching = client.patch(GADGETS, key, { status: {} }, { subresource: "status" });
    await assert.rejects(patching, NotFoundError);
  },

  "generation counts changes of content, not of metadata or status": async (subject) => {
    const { client, namespace } = subject;
    const key = { namespace, name: "one" };
    const { metadata } = await createItem(client, WIDGETS, key, { spec: { n: 1 } });
    assert.equal(metadata.generation, 1);
    const labelled = await client.patch(WIDGETS, key, { metadata: { labels: { a: "b" } } });
    assert.equal(labelled.metadata.generation, 1);
    const patch = { status: { phase: "Ready" } };
    const status = await client.patch(WIDGETS, key, patch, { subresource: "status" });
    assert.equal(status.metadata.generation, 1);
    const changed = await client.patch(WIDGETS, key, { spec: { n: 2 } });
    assert.equal(changed.metadata.generation, 2);
  },

  "delete() is idempotent": async ({ client, namespace }) => {
    const { metadata } = await createItem(client, CONFIG_MAPS, { namespace, name: "one" });
    assert.equal(await client.delete(CONFIG_MAPS, keyOf({ metadata })), undefined);
    assert.equal(await client.delete(CONFIG_MAPS, keyOf({ metadata })), undefined);
    assert.equal(await client.get(CONFIG_MAPS, keyOf({ metadata })), undefined);
  },

  "delete() throws ConflictError when a precondition fails": async ({ client, namespace }) => {
    const item = await createItem(client, CONFIG_MAPS, { namespace, name: "one" });
    const key = keyOf(item);
    const uid = crypto.randomUUID();
    await assert.rejects(
      client.delete(CONFIG_MAPS, key, { preconditions: { uid } }),
      ConflictError,
    );
    const { resourceVersion = "" } = item.metadata;
    await client.patch(CONFIG_MAPS, key, { data: { x: "1" } });
    const preconditions = { resourceVersion };
    await assert.rejects(client.delete(CONFIG_MAPS, key, { preconditions }), ConflictError);
    await client.delete(CONFIG_MAPS, key, { preconditions: { uid: item.metadata.uid } });
    assert.equal(await client.get(CONFIG_MAPS, key), undefined);
  },

  "delete() waits for finalizers; removing the last one removes the object": async (subject) => {
    const { client, namespace } = subject;
    const key = { namespace, name: "one" };
    const finalizers = ["denovirt.io/a", "denovirt.io/b"];
    await createItem(client, GADGETS, key, { metadata: { finalizers } });
    const left = await client.delete(GADGETS, key);
    const deleted = await client.get(GADGETS, key);
    assert.ok(deleted?.metadata.deletionTimestamp);
    assert.deepEqual(left, deleted);
    assert.equal(deleted.metadata.deletionGracePeriodSeconds, 0);
    assert.equal(deleted.metadata.generation, 2);
    await client.delete(GADGETS, key);
    const again = await client.get(GADGETS, key);
    assert.equal(again?.metadata.resourceVersion, deleted.metadata.resourceVersion);
    const patch = (finalizers: string[]) =>
      client.patch(GADGETS, key, { metadata: { finalizers } });
    await assert.rejects(patch([...finalizers, "denovirt.io/c"]), InvalidError);
    const one = await patch(["denovirt.io/b"]);
    assert.equal(one.metadata.deletionTimestamp, deleted.metadata.deletionTimestamp);
    await patch([]);
    assert.equal(await client.get(GADGETS, key), undefined);
  },

  "delete() of a pod on a node waits for the node": async ({ client, namespace }) => {
    const key = { namespace, name: "placed" };
    await client.create(PODS, podManifest("placed", { nodeName: "nowhere" }), { namespace });
    await client.delete(PODS, key, { gracePeriodSeconds: 20 });
    const pod = await client.get(PODS, key);
    assert.ok(pod?.metadata.deletionTimestamp);
    assert.equal(pod.metadata.deletionGracePeriodSeconds, 20);
    await client.delete(PODS, key, { gracePeriodSeconds: 0 });
    assert.equal(await client.get(PODS, key), undefined);
  },

  "delete() of a pod on no node is immediate": async ({ client, namespace }) => {
    await client.create(PODS, podManifest("waiting"), { namespace });
    await client.delete(PODS, { namespace, name: "waiting" });
    assert.equal(await client.get(PODS, { namespace, name: "waiting" }), undefined);
  },

  "list() pages through one moment": async ({ client, namespace }) => {
    for (const name of ["a", "b", "c", "d", "e"]) {
      await createItem(client, GADGETS, { namespace, name });
    }
    const first = await client.list(GADGETS, { namespace, limit: 2 });
    await createItem(client, GADGETS, { namespace, name: "bb" });
    await client.delete(GADGETS, { namespace, name: "e" });
    const names = first.items.map((item) => item.metadata.name);
    let page = first;
    while (page.metadata.continue) {
      page = await client.list(GADGETS, { namespace, limit: 2, continue: page.metadata.continue });
      names.push(...page.items.map((item) => item.metadata.name));
      assert.equal(page.metadata.resourceVersion, first.metadata.resourceVersion);
    }
    assert.deepEqual(names, ["a", "b", "c", "d", "e"]);
  },

  "list() selects by labels": async ({ client, namespace }) => {
    const created = { plain: {}, x1: { x: "1" }, x2: { x: "2", y: "" }, x3: { x: "3" } };
    for (const [name, labels] of Object.entries(created)) {
      await createItem(client, CONFIG_MAPS, { namespace, name }, { metadata: { labels } });
    }
    const expected: [string, string[]][] = [
      ["x=1", ["x1"]],
      ["x==1", ["x1"]],
      ["x!=1", ["plain", "x2", "x3"]],
      ["x", ["x1", "x2", "x3"]],
      ["!x", ["plain"]],
      ["x in (1, 3)", ["x1", "x3"]],
      ["x notin (1,3)", ["plain", "x2"]],
      ["x,!y", ["x1", "x3"]],
      ["x in (2,3),y=", ["x2"]],
    ];
    for (const [labelSelector, names] of expected) {
      const { items } = await client.list(CONFIG_MAPS, { namespace, labelSelector });
      // A controller manager puts its own config map into every namespace.
      const found = items.map((item) => item.metadata.name).filter((name) => name in created);
      assert.deepEqual(found, names, labelSelector);
    }
    const broken = client.list(CONFIG_MAPS, { namespace, labelSelector: "x in" });
    await assert.rejects(broken, (error) => error instanceof KubeError && error.code === 400);
  },

  "list() selects by name and by a pod's node": async ({ client, namespace }) => {
    await client.create(PODS, podManifest("one", { nodeName: "nowhere" }), { namespace });
    await client.create(PODS, podManifest("two"), { namespace });
    const expected: [string, string[]][] = [
      ["metadata.name=two", ["two"]],
      ["metadata.name!=two", ["one"]],
      ["spec.nodeName=nowhere", ["one"]],
      ["spec.nodeName=", ["two"]],
      ["spec.nodeName!=nowhere,status.phase=Pending", ["two"]],
    ];
    for (const [fieldSelector, names] of expected) {
      const { items } = await client.list(PODS, { namespace, fieldSelector });
      assert.deepEqual(items.map((item) => item.metadata.name), names, fieldSelector);
    }
    const broken = client.list(PODS, { namespace, fieldSelector: "spec.hostname=x" });
    await assert.rejects(broken, (error) => error instanceof KubeError && error.code === 400);
    await client.delete(PODS, { namespace, name: "one" }, { gracePeriodSeconds: 0 });
  },

  "watch() resumes from a version and tells each step in order": async ({ client, namespace }) => {
    const { metadata: { resourceVersion } } = await client.list(GADGETS, { namespace });
    const item = await createItem(client, GADGETS, { namespace, name: "one" }, { spec: { n: 1 } });
    const changed = await client.patch(GADGETS, keyOf(item), { spec: { n: 2 } });
    await using watching = new Watching(client, GADGETS, { namespace, resourceVersion });
    const added = await watching.next();
    assert.deepEqual(added, { type: "ADDED", object: item });
    assert.deepEqual(await watching.next(), { type: "MODIFIED", object: changed });
    await client.delete(GADGETS, keyOf(item));
    const deleted = await watching.next();
    assert.equal(deleted.type, "DELETED");
    const last = Number(deleted.object.metadata.resourceVersion);
    assert.ok(last > Number(changed.metadata.resourceVersion), "a deletion has its own version");
  },

  "watch() without a version begins with what exists": async ({ client, namespace }) => {
    const item = await createItem(client, GADGETS, { namespace, name: "one" });
    await using watching = new Watching(client, GADGETS, { namespace });
    assert.deepEqual(await watching.next(), { type: "ADDED", object: item });
  },

  "watch() sees an object enter and leave its selection": async ({ client, namespace }) => {
    const { metadata: { resourceVersion } } = await client.list(GADGETS, { namespace });
    const selected = { namespace, resourceVersion, labelSelector: "in=yes" };
    await using watching = new Watching(client, GADGETS, selected);
    const key = { namespace, name: "one" };
    await createItem(client, GADGETS, key);
    await client.patch(GADGETS, key, { metadata: { labels: { in: "yes" } } });
    await client.patch(GADGETS, key, { metadata: { labels: { in: "no" } } });
    assert.equal((await watching.next()).type, "ADDED");
    assert.equal((await watching.next()).type, "DELETED");
  },

  "watch() throws the abort's reason": async ({ client, namespace }) => {
    const stop = new AbortController();
    const reason = new Error("stopped by the test");
    const watch = client.watch(GADGETS, { namespace, signal: stop.signal })[Symbol.asyncIterator]();
    const next = watch.next();
    stop.abort(reason);
    await assert.rejects(next, (error) => error === reason);
  },

  "watch() ends after its timeout, saying at most bookmarks where nothing changes": async (
    subject,
  ) => {
    const { client, namespace } = subject;
    const { metadata: { resourceVersion } } = await client.list(GADGETS, { namespace });
    const options = { namespace, resourceVersion, timeoutSeconds: 1 };
    for await (const event of client.watch(GADGETS, options)) {
      assert.equal(event.type, "BOOKMARK");
      assert.ok(Number(event.object.metadata.resourceVersion) >= Number(resourceVersion));
    }
  },

  "watch() throws GoneError from a version that is forgotten": async (subject) => {
    const { client, namespace } = subject;
    const resourceVersion = await subject.expiredVersion();
    await using watching = new Watching(client, GADGETS, { namespace, resourceVersion });
    await assert.rejects(watching.next(), GoneError);
  },

  "raw() reaches what is outside the object model": async ({ client }) => {
    const version = await client.raw("GET", "/version") as { gitVersion: string };
    assert.match(version.gitVersion, /^v\d/);
    await assert.rejects(client.raw("GET", "/apis/unknown.denovirt.io/v1"), NotFoundError);
  },
};

function withKind(resource: Resource, body: object): object {
  const { group, version, kind } = resource;
  return { apiVersion: group === "" ? version : `${group}/${version}`, kind, ...body };
}

function createItem(
  client: KubeClient,
  resource: Resource,
  key: { namespace: string; name: string },
  body: Omit<Partial<Item>, "metadata"> & { metadata?: Partial<KubeObject["metadata"]> } = {},
): Promise<Item> {
  const metadata = { ...body.metadata, ...key };
  return client.create<Item>(resource, withKind(resource, { ...body, metadata }));
}

function podManifest(name: string, spec: object = {}): object {
  const containers = [{ name: "one", image: "denovirt.local/none:dev" }];
  return withKind(PODS, { metadata: { name }, spec: { containers, ...spec } });
}

/** A watch that is pulled one event at a time, without bookmarks, under a deadline. */
class Watching implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #events: AsyncIterator<WatchEvent<Item>>;

  constructor(client: KubeClient, resource: Resource, options: object) {
    const { signal } = this.#stop;
    this.#events = client.watch<Item>(resource, { ...options, signal })[Symbol.asyncIterator]();
    const late = () => this.#stop.abort(new Error("Cannot go on: no event came in time"));
    this.#timer = setTimeout(late, WATCH_DEADLINE_MS);
  }

  async next(): Promise<WatchEvent<Item>> {
    while (true) {
      const { done, value } = await this.#events.next();
      if (done) throw new Error("Cannot go on: the watch ended");
      if (value.type !== "BOOKMARK") return value;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#stop.abort();
    await this.#events.return?.();
  }
}
