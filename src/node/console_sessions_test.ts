import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
// @ts-types="@types/ws"
import WebSocket, { WebSocketServer } from "ws";
import { SYSTEM_CLOCK } from "../runtime/clock.ts";
import { eventually } from "../runtime/testing/eventually.ts";
import { ConsoleSessions } from "./console_sessions.ts";

/** Far more than what the kernel's buffers take. */
const PRINTED_BYTES = 128 * 1024 * 1024;
const UID = "5a5a5a5a-0000-4000-8000-000000000001";

Deno.test("ConsoleSessions.serve() carries bytes both ways", async () => {
  await using bed = await Bed.start();
  const client = await bed.connect();
  client.socket.send(new TextEncoder().encode("echo hi\n"));
  const guest = await bed.nextGuest();
  assert.equal(await read(guest), "echo hi\n");
  await guest.write(new TextEncoder().encode("hi\r\n"));
  await eventually("the answer comes", () => client.text === "hi\r\n");
});

Deno.test("ConsoleSessions.serve() displaces the older client by a clean close", async () => {
  await using bed = await Bed.start();
  const older = await bed.connect();
  await bed.nextGuest();
  const newer = await bed.connect();
  const guest = await bed.nextGuest();
  await eventually("the older is closed", () => older.closed !== undefined);
  assert.deepEqual(older.closed, [1000, "another client connected to the console"]);
  await guest.write(new TextEncoder().encode("still here"));
  await eventually("the newer hears the guest", () => newer.text === "still here");
});

Deno.test("ConsoleSessions.serve() closes cleanly when the guest ends", async () => {
  await using bed = await Bed.start();
  const client = await bed.connect();
  (await bed.nextGuest()).close();
  await eventually("the client is closed", () => client.closed !== undefined);
  assert.equal(client.closed?.[0], 1000);
});

Deno.test("ConsoleSessions.serve() leaves the serial port when the client goes", async () => {
  await using bed = await Bed.start();
  const client = await bed.connect();
  const guest = await bed.nextGuest();
  client.socket.terminate();
  assert.equal(await read(guest), "");
});

Deno.test("ConsoleSessions.serve() loses nothing that comes in bulk", async () => {
  await using bed = await Bed.start();
  const client = await bed.connect();
  const guest = await bed.nextGuest();
  const chunk = new Uint8Array(64 * 1024).fill(97);
  for (let sent = 0; sent < 32; sent++) client.socket.send(chunk);
  let got = 0;
  const buffer = new Uint8Array(64 * 1024);
  while (got < 32 * chunk.length) got += await guest.read(buffer) ?? 0;
  assert.equal(got, 32 * chunk.length);
});

Deno.test("ConsoleSessions.serve() lets a guest print on whose client does not read, and says so", async () => {
  await using bed = await Bed.start();
  const client = await bed.connect();
  const guest = await bed.nextGuest();
  client.socket.pause();
  const chunk = new Uint8Array(64 * 1024).fill(97);
  for (let printed = 0; printed < PRINTED_BYTES; printed += chunk.length) await guest.write(chunk);
  const kept = [...bed.server.clients].reduce((sum, socket) => sum + socket.bufferedAmount, 0);
  assert.ok(kept < PRINTED_BYTES / 2, `${kept} bytes are kept for the client`);
  client.socket.resume();
  await eventually("it is told what it missed", async () => {
    await guest.write(new TextEncoder().encode("b"));
    return /\n\[\d+ bytes were left out: the client did not read\]\r\n/.test(client.text);
  });
});

interface Client {
  socket: WebSocket;
  text: string;
  closed: [code: number, reason: string] | undefined;
}

/** Sessions behind a real websocket server; the test holds the guests' ends of the serial ports. */
class Bed implements AsyncDisposable {
  readonly #guests: Deno.Conn[] = [];
  readonly #taken: Deno.Conn[] = [];
  readonly #serving: Promise<void>[] = [];
  readonly #clients: WebSocket[] = [];

  private constructor(readonly server: WebSocketServer) {
    const sessions = new ConsoleSessions({ clock: SYSTEM_CLOCK, open: () => this.#open() });
    server.on("connection", (socket: WebSocket) => {
      this.#serving.push(sessions.serve(UID, socket, new AbortController().signal));
    });
  }

  static async start(): Promise<Bed> {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await new Promise<void>((resolve) => server.once("listening", () => resolve()));
    return new Bed(server);
  }

  async connect(): Promise<Client> {
    const { port } = this.server.address() as AddressInfo;
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    this.#clients.push(socket);
    const client: Client = { socket, text: "", closed: undefined };
    socket.on("message", (data: Uint8Array) => client.text += new TextDecoder().decode(data));
    socket.on("close", (code: number, reason: Uint8Array) => {
      client.closed = [code, new TextDecoder().decode(reason)];
    });
    await new Promise<void>((resolve) => socket.once("open", () => resolve()));
    return client;
  }

  async nextGuest(): Promise<Deno.Conn> {
    await eventually("the serial port is opened", () => this.#guests.length > 0);
    const guest = this.#guests.shift();
    assert.ok(guest);
    this.#taken.push(guest);
    return guest;
  }

  async #open(): Promise<Deno.Conn> {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const [guest, port] = await Promise.all([
      listener.accept(),
      Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    ]);
    this.#guests.push(guest);
    return port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.terminate();
    await Promise.allSettled(this.#serving);
    for (const guest of [...this.#guests, ...this.#taken]) {
      try {
        guest.close();
      } catch (error) {
        if (!(error instanceof Deno.errors.BadResource)) throw error;
      }
    }
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

async function read(connection: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(1024);
  const length = await connection.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, length ?? 0));
}
