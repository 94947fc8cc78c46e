import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
// @ts-types="@types/ws"
import WebSocket, { WebSocketServer } from "ws";
import { SYSTEM_CLOCK } from "../runtime/clock.ts";
import { BUFFERED_BYTES_MAX, proxyWebSockets } from "./websocket_proxy.ts";

/** A caller and an agent, with the proxy between them. */
interface Chain extends AsyncDisposable {
  caller: WebSocket;
  agent: WebSocket;
  /** The proxy's own ends. */
  ends: readonly [WebSocket, WebSocket];
  proxied: Promise<void>;
  abort: AbortController;
}

async function chain(): Promise<Chain> {
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const accepted = () =>
    new Promise<WebSocket>((resolve) => server.once("connection", (socket) => resolve(socket)));
  const left = accepted();
  const caller = new WebSocket(url);
  await once(caller, "open");
  const leftEnd = await left;
  const agentAccepted = accepted();
  const rightEnd = new WebSocket(url);
  await once(rightEnd, "open");
  const agent = await agentAccepted;
  const abort = new AbortController();
  const options = { clock: SYSTEM_CLOCK, signal: abort.signal };
  return {
    caller,
    agent,
    ends: [leftEnd, rightEnd],
    proxied: proxyWebSockets(leftEnd, rightEnd, options),
    abort,
    async [Symbol.asyncDispose]() {
      for (const socket of [caller, agent, leftEnd, rightEnd]) socket.terminate();
      server.close();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}

function bytes(socket: WebSocket, length: number): Promise<Uint8Array> {
  const all = new Uint8Array(length);
  let seen = 0;
  return new Promise((resolve) =>
    socket.on("message", (data: Uint8Array) => {
      all.set(data, seen);
      seen += data.length;
      if (seen === length) resolve(all);
    })
  );
}

Deno.test("proxyWebSockets() carries bytes both ways and ends with its callers", async () => {
  await using sockets = await chain();
  const { caller, agent, proxied } = sockets;
  const toAgent = bytes(agent, 5);
  caller.send("hello");
  assert.equal(new TextDecoder().decode(await toAgent), "hello");
  const toCaller = bytes(caller, 3);
  agent.send(new Uint8Array([1, 2, 255]));
  assert.deepEqual(await toCaller, new Uint8Array([1, 2, 255]));
  const closed = once(agent, "close");
  caller.close(1000);
  assert.equal((await closed)[0], 1000);
  await proxied;
});

Deno.test("proxyWebSockets() keeps order and loses nothing when a lot is sent", async () => {
  await using sockets = await chain();
  const { caller, agent } = sockets;
  const chunk = 32 * 1024;
  const total = 16 * 1024 * 1024;
  const received = bytes(caller, total);
  for (let sent = 0; sent < total; sent += chunk) {
    const data = new Uint8Array(chunk).fill(sent / chunk % 251);
    await new Promise<void>((resolve) => agent.send(data, () => resolve()));
  }
  const all = await received;
  for (let at = 0; at < total; at += chunk) assert.equal(all[at], at / chunk % 251);
});

Deno.test("proxyWebSockets() stops reading from one side while the other does not take it", async () => {
  await using sockets = await chain();
  const { caller, agent, ends } = sockets;
  caller.pause();
  const chunk = new Uint8Array(64 * 1024);
  const isBlocked = async () => {
    for (let sent = 0; sent < 512; sent++) {
      agent.send(chunk);
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (ends[1].isPaused) return true;
    }
    return false;
  };
  assert.ok(await isBlocked(), "32 MiB were taken and nobody read them");
  assert.ok(ends[0].bufferedAmount <= BUFFERED_BYTES_MAX + 2 * chunk.length);
  caller.resume();
});

Deno.test("proxyWebSockets() closes both sides when it is told to stop", async () => {
  await using sockets = await chain();
  const { caller, agent, proxied, abort } = sockets;
  const codes = Promise.all([once(caller, "close"), once(agent, "close")]);
  abort.abort();
  assert.deepEqual((await codes).map(([code]) => code), [1001, 1001]);
  await proxied;
});
