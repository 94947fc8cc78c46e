import assert from "node:assert/strict";
import { SocketStopWatch } from "./socket_stop_watch.ts";

const ANSWER_MS_MAX = 50;

/** Whoever listens in the place of an envelope, and what it hears. */
async function beside(
  body: (stranger: { socket: Deno.UnixConn; connection: Deno.UnixConn }) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "dv-" });
  try {
    const path = `${directory}/compute.sock`;
    using listener = Deno.listen({ transport: "unix", path });
    const [socket, connection] = await Promise.all([
      Deno.connect({ transport: "unix", path }),
      listener.accept(),
    ]);
    try {
      await body({ socket, connection });
    } finally {
      connection.close();
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function say(connection: Deno.UnixConn, text: string): Promise<void> {
  await connection.write(new TextEncoder().encode(text));
}

const FIRST_WORDS: Readonly<Record<string, readonly [word: string, isTold: boolean]>> = {
  "that runs": ["running\n", false],
  "that stops": ["stopping\n", true],
  "of before the question": ["error unknown command\n", false],
  "that says something longer": ["stopping now\n", false],
};

for (const [which, [word, isTold]] of Object.entries(FIRST_WORDS)) {
  Deno.test(`SocketStopWatch takes the first word of an envelope ${which}, and listens on`, async () => {
    await beside(async ({ socket, connection }) => {
      await say(connection, word);
      using watch = await SocketStopWatch.over(socket);
      assert.equal(watch.isTold, isTold);
      await say(connection, "stop");
      await say(connection, "ping\n");
      await watch.told;
      assert.equal(watch.isTold, true);
    });
  });
}

Deno.test("SocketStopWatch waits for a silent envelope for a while, and then for what it says", async () => {
  await beside(async ({ socket, connection }) => {
    using watch = await SocketStopWatch.over(socket, undefined, ANSWER_MS_MAX);
    assert.equal(watch.isTold, false);
    await say(connection, "stopping\n");
    await watch.told;
  });
});

for (
  const [what, text] of [["a line without end", "s".repeat(1_000)], [
    "lines without end",
    "\n".repeat(10),
  ]] as const
) {
  Deno.test(`SocketStopWatch ends at ${what}`, async () => {
    await beside(async ({ socket, connection }) => {
      await say(connection, text);
      using watch = await SocketStopWatch.over(socket);
      await watch.ended;
      assert.equal(watch.isTold, false);
    });
  });
}

Deno.test("SocketStopWatch closes its connection when it is aborted", async () => {
  await beside(async ({ socket, connection }) => {
    const stop = new AbortController();
    const opening = SocketStopWatch.over(socket, stop.signal);
    stop.abort(new Error("enough"));
    await assert.rejects(opening, { message: "enough" });
    const asked = new Uint8Array(16);
    await connection.read(asked);
    assert.equal(await connection.read(asked), null);
  });
});
