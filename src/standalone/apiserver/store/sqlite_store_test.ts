import assert from "node:assert/strict";
import { SqliteStore } from "./sqlite_store.ts";
import {
  CompactedError,
  RevisionConflictError,
  type Store,
  type StoreEvent,
  StoreUnavailableError,
} from "./store.ts";

function open(options: { historyRevisionsMax?: number } = {}) {
  const directory = Deno.makeTempDirSync({ prefix: "store-" });
  const path = `${directory}/objects.db`;
  const store = new SqliteStore({ path, ...options });
  return {
    path,
    store,
    [Symbol.dispose]: () => {
      store[Symbol.dispose]();
      Deno.removeSync(directory, { recursive: true });
    },
  };
}

async function put(store: Store, key: string, text = "v"): Promise<number> {
  const expected = store.get(key)?.revision ?? 0;
  const written = store.write({ key, expected, value: (revision) => `${text}@${revision}` });
  await written.durable;
  return written.revision;
}

async function remove(store: Store, key: string): Promise<void> {
  const { value, revision } = store.get(key)!;
  await store.write({ key, expected: revision, value: () => value, deleted: true }).durable;
}

Deno.test("SqliteStore: a write is read back with its revision, also by the next process", async () => {
  using bed = open();
  assert.equal(bed.store.revision, 1);
  assert.equal(await put(bed.store, "/a/x"), 2);
  assert.deepEqual(bed.store.get("/a/x"), { key: "/a/x", value: "v@2", revision: 2 });
  bed.store[Symbol.dispose]();
  using again = new SqliteStore({ path: bed.path });
  assert.equal(again.get("/a/x")?.value, "v@2");
  assert.equal(again.revision, 2);
});

Deno.test("SqliteStore: a write on another revision is refused and changes nothing", async () => {
  using bed = open();
  await put(bed.store, "/a/x");
  const write = (expected: number) =>
    bed.store.write({ key: "/a/x", expected, value: () => "new" });
  assert.throws(() => write(0), RevisionConflictError);
  assert.throws(() => write(7), RevisionConflictError);
  assert.equal(bed.store.get("/a/x")?.value, "v@2");
});

Deno.test("SqliteStore: list() gives keys in order, pages, and any moment that is kept", async () => {
  using bed = open();
  for (const key of ["/a/y", "/a/x", "/b/x", "/a/x-1"]) await put(bed.store, key);
  const then = bed.store.revision;
  await put(bed.store, "/a/x", "new");
  await remove(bed.store, "/a/y");
  const keys = (range: Parameters<Store["list"]>[0]) =>
    bed.store.list(range).values.map(({ key }) => key);
  assert.deepEqual(keys({ prefix: "/a/" }), ["/a/x", "/a/x-1"]);
  assert.deepEqual(keys({ prefix: "/a/", revision: then }), ["/a/x", "/a/x-1", "/a/y"]);
  const page = bed.store.list({ prefix: "/a/", revision: then, limit: 2 });
  assert.equal(page.more, true);
  assert.equal(page.values[0]?.value, "v@3");
  assert.deepEqual(keys({ prefix: "/a/", revision: then, after: "/a/x-1" }), ["/a/y"]);
  assert.equal(bed.store.count("/a/"), 2);
});

Deno.test("SqliteStore: since() tells each change with the state before it", async () => {
  using bed = open();
  await put(bed.store, "/a/x", "1");
  await put(bed.store, "/b/x", "other");
  await put(bed.store, "/a/x", "2");
  await remove(bed.store, "/a/x");
  await put(bed.store, "/a/x", "3");
  const events = bed.store.since({ prefix: "/a/", revision: 1, limit: 10 });
  assert.deepEqual(events, [
    { key: "/a/x", value: "1@2", revision: 2, deleted: false },
    { key: "/a/x", value: "2@4", revision: 4, deleted: false, previous: "1@2" },
    { key: "/a/x", value: "2@4", revision: 5, deleted: true, previous: "2@4" },
    { key: "/a/x", value: "3@6", revision: 6, deleted: false },
  ]);
});

Deno.test("SqliteStore: compact() forgets the past and keeps the present", async () => {
  using bed = open();
  await put(bed.store, "/a/old");
  await put(bed.store, "/a/gone");
  await put(bed.store, "/a/x", "1");
  await remove(bed.store, "/a/gone");
  await put(bed.store, "/a/x", "2");
  bed.store.compact(5);
  await put(bed.store, "/a/x", "3");
  assert.throws(
    () => bed.store.since({ prefix: "/", revision: 4, limit: 1 }),
    CompactedError,
  );
  assert.throws(() => bed.store.list({ prefix: "/", revision: 4 }), CompactedError);
  const at = bed.store.list({ prefix: "/", revision: 5 }).values.map(({ value }) => value);
  assert.deepEqual(at, ["v@2", "1@4"]);
  const events = bed.store.since({ prefix: "/", revision: 5, limit: 10 });
  assert.deepEqual(events.map(({ previous }) => previous), ["1@4", "2@6"]);
  bed.store[Symbol.dispose]();
  using again = new SqliteStore({ path: bed.path });
  assert.equal(again.compacted, 5);
});

Deno.test("SqliteStore: history is bounded", async () => {
  using bed = open({ historyRevisionsMax: 20 });
  for (let index = 0; index < 50; index++) await put(bed.store, "/a/x", `${index}`);
  assert.ok(bed.store.revision - bed.store.compacted <= 22);
});

Deno.test("SqliteStore: changes are told once durable, in order, batch by batch", async () => {
  using bed = open();
  const batches: (readonly StoreEvent[])[] = [];
  using _listening = bed.store.onChange((events) => void batches.push(events));
  const writes = ["/a", "/b", "/c"].map((key) =>
    bed.store.write({ key, expected: 0, value: () => key })
  );
  assert.equal(batches.length, 0);
  assert.equal(bed.store.get("/a")?.revision, 2);
  await bed.store.settled();
  assert.deepEqual(batches.map((events) => events.map(({ revision }) => revision)), [[2, 3, 4]]);
  await Promise.all(writes.map(({ durable }) => durable));
});

Deno.test("SqliteStore: a second process is refused", () => {
  using bed = open();
  const script = `import { SqliteStore } from ${
    JSON.stringify(import.meta.resolve("./sqlite_store.ts"))
  }; new SqliteStore({ path: ${JSON.stringify(bed.path)} });`;
  const { success, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", script],
    stderr: "piped",
    stdout: "null",
  }).outputSync();
  assert.equal(success, false);
  assert.match(new TextDecoder().decode(stderr), /another process has it open/);
});

Deno.test("SqliteStore: a file that is no database is a clear refusal", () => {
  using bed = open();
  const path = `${bed.path}.other`;
  Deno.writeTextFileSync(
    path,
    "not a database, and longer than a header of a database would be".repeat(9),
  );
  using store = new SqliteStore({ path });
  assert.match(store.readOnlyBecause ?? "", /damaged/);
  assert.throws(() => store.get("/a"), StoreUnavailableError);
  const write = { key: "/a", expected: 0, value: () => "" };
  assert.throws(() => store.write(write), StoreUnavailableError);
});

Deno.test("SqliteStore: a damaged database starts read-only, and shows what can be read", async () => {
  using bed = open();
  for (let index = 0; index < 200; index++) {
    await put(bed.store, `/a/${index}`, "x".repeat(500));
  }
  bed.store[Symbol.dispose]();
  const file = Deno.openSync(bed.path, { read: true, write: true });
  const size = file.statSync().size;
  file.seekSync(size - 4096 * 3, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(4096).fill(0xff));
  file.close();
  using store = new SqliteStore({ path: bed.path });
  assert.match(store.readOnlyBecause ?? "", /damaged/);
  const write = { key: "/b", expected: 0, value: () => "" };
  assert.throws(() => store.write(write), StoreUnavailableError);
  assert.equal(store.get("/a/0")?.revision, 2);
});

Deno.test("SqliteStore: a full disk refuses writes, keeps what is durable, and goes on when there is space", async () => {
  using bed = open();
  await put(bed.store, "/a/x");
  const pages = bed.store.limitPages(1);
  const big = "x".repeat(200_000);
  const failing = (async () => {
    for (let index = 0; index < 20; index++) await put(bed.store, `/big/${index}`, big);
  })();
  await assert.rejects(failing, /the disk is full: free some space/);
  assert.equal(bed.store.readOnlyBecause, undefined);
  assert.equal(bed.store.get("/a/x")?.revision, 2);
  bed.store.limitPages(pages);
  const next = bed.store.revision + 1;
  assert.equal(await put(bed.store, "/a/y"), next);
});
