/** Writes at random into a store until it is killed, and says on stdout what it tries and what is durable: `PATH ROUND`. */
import { SqliteStore } from "../sqlite_store.ts";

const KEYS = 40;
const AT_ONCE_MAX = 8;
const DELETIONS = 0.2;

const [path = "", round = "0"] = Deno.args;
const store = new SqliteStore({ path });
const encoder = new TextEncoder();
let count = 0;
while (true) {
  const pending: Promise<void>[] = [];
  const keys = new Set<string>();
  for (let index = 0; index < 1 + Math.random() * AT_ONCE_MAX; index++) {
    const key = `/key/${Math.floor(Math.random() * KEYS)}`;
    if (!keys.has(key)) pending.push(change(key));
    keys.add(key);
  }
  await Promise.all(pending);
}

async function change(key: string): Promise<void> {
  const before = store.get(key);
  const deleted = before !== undefined && Math.random() < DELETIONS;
  const value = deleted ? "deleted" : `${round}-${count++}`;
  say(`try ${key} ${value}`);
  const expected = before?.revision ?? 0;
  await store.write({ key, expected, value: () => value, deleted }).durable;
  say(`done ${key} ${value}`);
}

function say(line: string): void {
  Deno.stdout.writeSync(encoder.encode(`${line}\n`));
}
