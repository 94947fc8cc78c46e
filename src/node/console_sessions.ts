/**
 * Websockets onto guests' serial consoles, one for each guest: the serial port has one reader, so a new client displaces the
 * old one, which is told by a clean close.
 */
// @ts-types="@types/ws"
import type { WebSocket } from "ws";
import { type Clock, sleep } from "../runtime/clock.ts";

export interface ConsoleSessionsOptions {
  open: (uid: string, signal: AbortSignal) => Promise<Deno.Conn>;
  clock: Clock;
}

const READ_BUFFER_BYTES = 10 * 1024;
/** How long a guest is held back for a client that does not read. */
const CLIENT_WAIT_MS = 1_000;
const PING_INTERVAL_MS = 10_000;
/** Messages of the client that wait for the serial port; it is asked to be silent long before. */
const PENDING_BYTES_MAX = 64 * 1024;

interface Session {
  end: (reason: string) => void;
  ended: Promise<void>;
}

export class ConsoleSessions {
  readonly #options: ConsoleSessionsOptions;
  readonly #current = new Map<string, Session>();

  constructor(options: ConsoleSessionsOptions) {
    this.#options = options;
  }

  /** Owns the websocket until either side ends. Rejects when the console cannot be opened. */
  async serve(uid: string, socket: WebSocket, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const { promise: ended, resolve: markEnded } = Promise.withResolvers<void>();
    const before = this.#current.get(uid);
    const session: Session = {
      end: (reason) => {
        socket.close(1000, reason);
        stop.abort();
      },
      ended,
    };
    this.#current.set(uid, session);
    try {
      before?.end("another client connected to the console");
      await before?.ended;
      await this.#pump(uid, { socket, signal: AbortSignal.any([signal, stop.signal]) });
      socket.close(1000);
    } finally {
      if (this.#current.get(uid) === session) this.#current.delete(uid);
      markEnded();
    }
  }

  async #pump(
    uid: string,
    { socket, signal }: { socket: WebSocket; signal: AbortSignal },
  ): Promise<void> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    socket.on("close", () => over.abort());
    // Before the console is open: what the client says until then is not lost.
    const toGuest = new GuestWriter(socket);
    if (socket.readyState !== socket.OPEN) return;
    const connection = await this.#options.open(uid, either);
    const close = () => closeQuietly(connection);
    either.addEventListener("abort", close, { once: true });
    if (either.aborted) close();
    const writing = toGuest.start(connection, () => over.abort());
    const pinging = this.#ping(socket, either);
    try {
      await copyToClient(connection, { socket, clock: this.#options.clock });
    } catch (error) {
      // A client that goes is no failure, whatever is being sent to it.
      if (!either.aborted && socket.readyState === socket.OPEN) throw error;
    } finally {
      over.abort();
      close();
      await Promise.all([writing, pinging]);
    }
  }

  /** A client that does not answer two pings in a row is gone. */
  async #ping(socket: WebSocket, signal: AbortSignal): Promise<void> {
    let unanswered = 0;
    socket.on("pong", () => unanswered = 0);
    while (!signal.aborted) {
      await sleep(this.#options.clock, PING_INTERVAL_MS, signal);
      if (signal.aborted) return;
      if (unanswered >= 2) return socket.terminate();
      unanswered += 1;
      socket.ping();
    }
  }
}

/** What the client types, in order; it is held back while the guest does not read. */
class GuestWriter {
  readonly #socket: WebSocket;
  readonly #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #connection: Deno.Conn | undefined;
  #onError: () => void = () => {};
  #writing: Promise<void> = Promise.resolve();
  #busy = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Uint8Array) => {
      this.#pending.push(new Uint8Array(data));
      this.#pendingBytes += data.length;
      if (this.#pendingBytes > PENDING_BYTES_MAX) socket.pause();
      this.#flush();
    });
  }

  /** Writes from now on; resolves after the last write that was begun when the connection closed. */
  async start(connection: Deno.Conn, onError: () => void): Promise<void> {
    this.#connection = connection;
    this.#onError = onError;
    this.#flush();
    await this.#writing;
  }

  #flush(): void {
    if (this.#connection === undefined || this.#busy || this.#pending.length === 0) return;
    this.#busy = true;
    this.#writing = this.#drain(this.#connection).catch(() => this.#onError())
      .finally(() => this.#busy = false);
  }

  async #drain(connection: Deno.Conn): Promise<void> {
    for (let data = this.#pending.shift(); data !== undefined; data = this.#pending.shift()) {
      for (let written = 0; written < data.length;) {
        written += await connection.write(data.subarray(written));
      }
      this.#pendingBytes -= data.length;
      if (this.#socket.isPaused && this.#pendingBytes <= PENDING_BYTES_MAX) this.#socket.resume();
    }
  }
}

/**
 * A client that is slow holds back the guest for a moment, and loses nothing; one that does not read at all loses what the
 * guest says meanwhile, and is told how much that was. Neither stops the guest, and no more than one read waits in memory.
 */
async function copyToClient(
  connection: Deno.Conn,
  { socket, clock }: { socket: WebSocket; clock: Clock },
): Promise<void> {
  const buffer = new Uint8Array(READ_BUFFER_BYTES);
  let behind: Promise<void> | undefined;
  let leftOutBytes = 0;
  while (socket.readyState === socket.OPEN) {
    const length = await connection.read(buffer);
    if (length === null || socket.readyState !== socket.OPEN) return;
    if (behind !== undefined) {
      leftOutBytes += length;
      continue;
    }
    const note = leftOutBytes > 0 ? leftOutNote(leftOutBytes) : [];
    leftOutBytes = 0;
    const sending = send(socket, new Uint8Array([...note, ...buffer.subarray(0, length)]));
    if (await isDoneWithin(sending, { clock, ms: CLIENT_WAIT_MS })) continue;
    behind = sending.finally(() => behind = undefined);
    behind.catch(() => {}); // the client is gone, which ends the loop
  }
}

function isDoneWithin(
  work: Promise<void>,
  { clock, ms }: { clock: Clock; ms: number },
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => resolve(false), ms);
    work.then(() => resolve(true), reject).finally(() => timer.cancel());
  });
}

function leftOutNote(bytes: number): Uint8Array {
  return new TextEncoder().encode(
    `\r\n[${bytes} bytes were left out: the client did not read]\r\n`,
  );
}

function send(socket: WebSocket, data: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(data, { binary: true }, (error) => error ? reject(error) : resolve());
  });
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
