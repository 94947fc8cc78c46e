/**
 * A process that writes at random is killed by SIGKILL at a random moment; the next one must find what was acknowledged.
 * `STORE_KILL_ROUNDS` and `STORE_KILL_WRITES` make it longer.
 */
import assert from "node:assert/strict";
import { SqliteStore } from "./sqlite_store.ts";

const ROUNDS = Number(Deno.env.get("STORE_KILL_ROUNDS") ?? 3);
const WRITES = Number(Deno.env.get("STORE_KILL_WRITES") ?? 600);
const WRITER = new URL("./testing/random_writer.ts", import.meta.url).pathname;

Deno.test(`SqliteStore: ${ROUNDS} kills during ${WRITES} writes each lose nothing acknowledged`, async () => {
  const directory = Deno.makeTempDirSync({ prefix: "store-kill-" });
  const path = `${directory}/objects.db`;
  try {
    const known = new Map<string, string>();
    for (let round = 0; round < ROUNDS; round++) {
      const killAfter = 1 + Math.floor(Math.random() * WRITES);
      await writeAndKill({ path, round, killAfter, known });
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

interface Round {
  path: string;
  round: number;
  /** Acknowledgements before the kill. */
  killAfter: number;
  /** What was acknowledged by then; brought up to date. */
  known: Map<string, string>;
}

/** The writer says "try" before each write and "done" when it is durable, until it is killed. */
async function writeAndKill({ path, round, killAfter, known }: Round): Promise<void> {
  const writer = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-lock", "--quiet", "--allow-all", WRITER, path, `${round}`],
    stdout: "piped",
    stderr: "inherit",
    stdin: "null",
  }).spawn();
  const tried = new Map<string, Set<string>>();
  let acknowledged = 0;
  for await (const line of lines(writer.stdout)) {
    const [word, key = "", value = ""] = line.split(" ");
    if (word === "try") tried.set(key, (tried.get(key) ?? new Set()).add(value));
    else if (word === "done") {
      known.set(key, value);
      tried.get(key)?.delete(value);
      if (++acknowledged === killAfter) writer.kill("SIGKILL");
    }
  }
  const { signal } = await writer.status;
  assert.equal(signal, "SIGKILL");
  assertKept(path, known, tried);
}

function assertKept(
  path: string,
  known: Map<string, string>,
  tried: Map<string, Set<string>>,
): void {
  using store = new SqliteStore({ path });
  assert.equal(store.readOnlyBecause, undefined);
  const stored = new Map(store.list({ prefix: "/" }).values.map(({ key, value }) => [key, value]));
  for (const key of new Set([...known.keys(), ...stored.keys(), ...tried.keys()])) {
    const found = stored.get(key) ?? "deleted";
    const acknowledged = known.get(key) ?? "deleted";
    if (found === acknowledged) continue;
    // Written, and killed before it could be told: allowed, and known from now on.
    assert.ok(tried.get(key)?.has(found), `${key}: acknowledged ${acknowledged}, found ${found}`);
    known.set(key, found);
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream() as never)) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
