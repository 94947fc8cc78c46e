import assert from "node:assert/strict";
import { createServer } from "node:net";
import { SYSTEM_CLOCK } from "../../../runtime/clock.ts";
import { FakeClock } from "../../../runtime/fake_clock.ts";
import type { Answer } from "./answer.ts";
import { askTcp } from "./ask_tcp.ts";
import { listenOn } from "./testing/listen_on.ts";

const HOST = "127.0.0.1";
/** Never reached on a machine that answers at all. */
const LONG_MS = 60_000;

function ask(port: number, host = HOST): Promise<Answer> {
  const { signal } = new AbortController();
  return askTcp({ host, port }, { timeoutMs: LONG_MS, signal, clock: SYSTEM_CLOCK });
}

Deno.test("askTcp() succeeds where a connection is accepted, and leaves it at that", async () => {
  const { promise: closed, resolve } = Promise.withResolvers<number>();
  await using server = await listenOn(createServer((socket) => {
    socket.on("error", () => {}).on("close", () => resolve(socket.bytesRead)).resume();
  }));
  assert.deepEqual(await ask(server.port), { result: "success" });
  assert.equal(await closed, 0);
});

Deno.test("askTcp() fails where nobody listens", async () => {
  const { port } = await listenOn(createServer()).then(async (server) => {
    await server[Symbol.asyncDispose]();
    return server;
  });
  assert.deepEqual(await ask(port), { result: "failure", why: "connection refused" });
});

Deno.test("askTcp() fails for a name that there is not", async () => {
  const answer = await ask(80, "guest.invalid");
  assert.equal(answer.result, "failure");
});

Deno.test("askTcp() fails when its time is over before anything else", async () => {
  const clock = new FakeClock();
  const { signal } = new AbortController();
  // TEST-NET-1 (RFC 5737): whatever becomes of it becomes of it later.
  const answer = askTcp({ host: "192.0.2.1", port: 80 }, { timeoutMs: 2_000, signal, clock });
  clock.advance(2_000);
  assert.deepEqual(await answer, { result: "failure", why: "no answer within 2 s" });
  assert.equal(clock.timerCount, 0);
});

Deno.test("askTcp() counts for nothing when nobody waits any more", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const options = { timeoutMs: LONG_MS, signal: stop.signal, clock };
  const answer = askTcp({ host: "192.0.2.1", port: 80 }, options);
  stop.abort();
  assert.equal((await answer).result, "unknown");
  assert.equal((await askTcp({ host: HOST, port: 1 }, options)).result, "unknown");
  assert.equal(clock.timerCount, 0);
});
