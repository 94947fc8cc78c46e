import assert from "node:assert/strict";
import { eventually } from "../../../runtime/testing/eventually.ts";
import { SqliteStore } from "../store/sqlite_store.ts";
import { type Change, WatchHub } from "./watch_hub.ts";

const KIND = "/registry/example.com/widgets/";

Deno.test("WatchHub.changes() tells the same from history when it is not recent any more", async () => {
  const directory = Deno.makeTempDirSync();
  using store = new SqliteStore({ path: `${directory}/objects.db` });
  using hub = new WatchHub(store, { recentMs: 1 });
  const begin = hub.revision;
  hub.changes(KIND, begin); // Somebody watches the kind.
  const recent: Promise<Change[]> = new Promise((resolve) =>
    hub.wakeOn(KIND, () => resolve(hub.changes(KIND, begin)))
  );
  for (const name of ["a", "b"]) {
    store.write({ key: `${KIND}${name}`, expected: 0, value: (revision) => `{"of":${revision}}` });
  }
  const told = (changes: readonly Change[]) => changes.map(({ key, text }) => [key, text]);
  const [first] = await recent;
  await eventually("they are forgotten", () => hub.changes(KIND, begin)[0] !== first);
  assert.deepEqual(told(hub.changes(KIND, begin)), told(await recent));
  assert.equal(hub.changes(KIND, begin).length, 2);
  Deno.removeSync(directory, { recursive: true });
});
