import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
// @ts-types="@types/ws"
import WebSocket, { WebSocketServer } from "ws";
import type { VirtualMachineInstanceStatus } from "../api/virtual_machine_instance_status.ts";
import { vmi } from "../resources/testing/builders.ts";
import {
  forwardAddress,
  type ForwardedPort,
  forwardPort,
  parseForwardedPort,
} from "./port_forward.ts";

const ADDRESS = "127.0.0.1";

for (
  const [rest, expected] of [
    ["22", { port: 22, protocol: "tcp" }],
    ["53/udp", { port: 53, protocol: "udp" }],
    ["0", 'port must be 1 to 65535: got "0"'],
    ["65536/tcp", 'port must be 1 to 65535: got "65536"'],
    ["1e3", 'port must be 1 to 65535: got "1e3"'],
    ["", 'port must be 1 to 65535: got ""'],
    ["22/sctp", 'protocol must be tcp or udp: got "sctp"'],
    ["22/tcp/x", 'protocol must be tcp or udp: got "tcp/x"'],
  ] as const
) {
  Deno.test(`parseForwardedPort() reads port and protocol, or says why not: ${rest}`, () => {
    const parsed = parseForwardedPort(rest);
    assert.deepEqual("code" in parsed ? parsed.message : parsed, expected);
  });
}

const RUNNING = { phase: "Running", interfaces: [{ ipAddress: "10.0.0.7" }] };
const PAUSED = { type: "Paused", status: "True" };
for (
  const [what, status, expected] of [
    ["running", RUNNING, "10.0.0.7"],
    ["not running", { ...RUNNING, phase: "Scheduled" }, /VMI is not started$/],
    ["paused", { ...RUNNING, conditions: [PAUSED] }, /VMI is paused$/],
    ["without an address", { phase: "Running" }, /no network interfaces are present$/],
  ] as [string, VirtualMachineInstanceStatus, string | RegExp][]
) {
  Deno.test(`forwardAddress() is the guest's, or says why not: ${what}`, () => {
    const found = forwardAddress({ ...vmi(), status });
    if (typeof expected === "string") assert.deepEqual(found, { address: expected });
    else assert.match("code" in found ? found.message : "", expected);
  });
}

interface Tunnel extends AsyncDisposable {
  caller: WebSocket;
  forwarded: Promise<void>;
  abort: AbortController;
}

async function openTunnel(asked: ForwardedPort): Promise<Tunnel> {
  const http = createHttpServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  http.listen(0, ADDRESS);
  await once(http, "listening");
  const accepted = once(server, "connection");
  const caller = new WebSocket(`ws://${ADDRESS}:${(http.address() as AddressInfo).port}`);
  await once(caller, "open");
  const [end] = await accepted as [WebSocket];
  const abort = new AbortController();
  return {
    caller,
    forwarded: forwardPort(end, { ...asked, address: ADDRESS }, abort.signal),
    abort,
    async [Symbol.asyncDispose]() {
      caller.terminate();
      server.close();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}

async function closeOf(socket: WebSocket): Promise<{ code: number; why: string }> {
  const [code, reason] = await once(socket, "close") as [number, Uint8Array];
  return { code, why: new TextDecoder().decode(reason) };
}

/** Answers each connection with what it was sent, and ends it when asked to. */
async function tcpEcho(): Promise<{ port: number } & AsyncDisposable> {
  const server = createTcpServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      if (String(bytes) === "bye") socket.end();
      else socket.write(bytes);
    });
  });
  server.listen(0, ADDRESS);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

/** More than what fits into any buffer on the way. */
const MANY_BYTES = 8 * 1024 * 1024;

Deno.test("forwardPort() carries bytes both ways, and the guest's end is the caller's", async () => {
  await using echo = await tcpEcho();
  await using tunnel = await openTunnel({ port: echo.port, protocol: "tcp" });
  const { caller, forwarded } = tunnel;
  const sent = new Uint8Array(MANY_BYTES).map((_, index) => index % 251);
  const heard = new Uint8Array(MANY_BYTES);
  let length = 0;
  const all = new Promise<void>((resolve) =>
    caller.on("message", (data: Uint8Array) => {
      heard.set(data, length);
      length += data.length;
      if (length === MANY_BYTES) resolve();
    })
  );
  const chunk = 64 * 1024;
  for (let at = 0; at < MANY_BYTES; at += chunk) caller.send(sent.subarray(at, at + chunk));
  await all;
  assert.deepEqual(heard, sent);
  const closing = closeOf(caller);
  caller.send(new TextEncoder().encode("bye"));
  assert.deepEqual(await closing, { code: 1000, why: "" });
  await forwarded;
});

Deno.test("forwardPort() ends with its caller, and when it is told to", async () => {
  await using echo = await tcpEcho();
  await using left = await openTunnel({ port: echo.port, protocol: "tcp" });
  left.caller.close(1000);
  await left.forwarded;
  await using stopped = await openTunnel({ port: echo.port, protocol: "tcp" });
  const closing = closeOf(stopped.caller);
  stopped.abort.abort();
  assert.equal((await closing).code, 1001);
  await stopped.forwarded;
});

Deno.test("forwardPort() says why a port cannot be reached", async () => {
  const { port } = await (async () => {
    await using free = await tcpEcho();
    return { port: free.port };
  })();
  await using tunnel = await openTunnel({ port, protocol: "tcp" });
  const { code, why } = await closeOf(tunnel.caller);
  assert.equal(code, 1011);
  assert.match(why, /cannot reach the guest's port: .*refused/i);
  await tunnel.forwarded;
});

Deno.test("forwardPort() carries datagrams", async () => {
  const guest = createSocket("udp4");
  guest.on("message", (bytes, from) => guest.send(`got ${bytes}`, from.port, from.address));
  await new Promise<void>((resolve) => guest.bind(0, ADDRESS, resolve));
  await using tunnel = await openTunnel({ port: guest.address().port, protocol: "udp" });
  const { caller, forwarded } = tunnel;
  const answer = once(caller, "message");
  caller.send(new TextEncoder().encode("ping"));
  assert.equal(String((await answer)[0]), "got ping");
  caller.close();
  await forwarded;
  await new Promise<void>((resolve) => void guest.close(() => resolve()));
});
