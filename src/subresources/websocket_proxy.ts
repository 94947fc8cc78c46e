/** Bytes between two websockets: whoever reads slowly slows the other, nothing is kept beyond a bound. */
// @ts-types="@types/ws"
import type { RawData, WebSocket } from "ws";
import { type Clock, sleep } from "../runtime/clock.ts";

/** A side with more than this under way is not sent more. */
export const BUFFERED_BYTES_MAX = 256 * 1024;
/** Keeps idle connections alive through proxies, and finds out about callers that vanished. */
const PING_INTERVAL_MS = 10_000;
const SILENCE_MS_MAX = 60_000;
/** Not to be sent on the wire; a peer that vanished is reported by them. */
const NO_STATUS = 1005;
const ABNORMAL = 1006;

/** Resolves when both are closed. The close of one side is passed on to the other. */
export async function proxyWebSockets(
  left: WebSocket,
  right: WebSocket,
  options: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  const done = new AbortController();
  const closed = Promise.all([closing(left, right), closing(right, left)]);
  forward(left, right);
  forward(right, left);
  const abort = () => {
    left.close(1001);
    right.close(1001);
  };
  options.signal.addEventListener("abort", abort, { once: true });
  if (options.signal.aborted) abort();
  const alive = [left, right].map((socket) =>
    keepAlive(socket, { clock: options.clock, signal: done.signal })
  );
  left.resume();
  right.resume();
  await closed;
  options.signal.removeEventListener("abort", abort);
  done.abort();
  await Promise.all(alive);
}

function forward(from: WebSocket, to: WebSocket): void {
  from.on("message", (data: RawData) => {
    if (to.readyState !== to.OPEN) return;
    to.send(data, { binary: true }, () => {
      if (to.bufferedAmount < BUFFERED_BYTES_MAX / 2) from.resume();
    });
    if (to.bufferedAmount > BUFFERED_BYTES_MAX) from.pause();
  });
}

/** Resolves when `socket` is closed, after having closed `other`. */
function closing(socket: WebSocket, other: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    const finish = (code: number) => {
      // A paused socket never reads the close frame.
      other.resume();
      if (code === ABNORMAL) other.terminate();
      else other.close(code === NO_STATUS ? 1000 : code);
      resolve();
    };
    if (socket.readyState === socket.CLOSED) return finish(NO_STATUS);
    socket.on("close", finish);
    socket.on("error", () => socket.terminate());
  });
}

/** Until the signal aborts; ends a connection whose other side is not heard of any more. */
export async function keepAlive(
  socket: WebSocket,
  options: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  const { clock, signal } = options;
  let heardMs = clock.monotonicMs();
  const heard = () => {
    heardMs = clock.monotonicMs();
  };
  socket.on("pong", heard);
  socket.on("message", heard);
  while (!signal.aborted) {
    await sleep(clock, PING_INTERVAL_MS, signal);
    if (signal.aborted || socket.readyState !== socket.OPEN) continue;
    // A side that is paused because the other is slow cannot be heard, and is not at fault.
    if (socket.isPaused) heard();
    if (clock.monotonicMs() - heardMs > SILENCE_MS_MAX) socket.terminate();
    else socket.ping();
  }
}
