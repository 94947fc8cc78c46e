/**
 * GET virtualmachineinstances/{name}/portforward/{port}[/{tcp|udp}], and of a VM: bytes between the caller and a port of the
 * guest. The node's agent has no part in it: the port is one of the pod's address.
 */
import { Buffer } from "node:buffer";
import { connect as connectTcp, type Socket } from "node:net";
import { createSocket } from "node:dgram";
// @ts-types="@types/ws"
import type { RawData, WebSocket } from "ws";
import { VirtualMachineInstanceConditionType } from "../api/conditions.ts";
import { VirtualMachineInstancePhase } from "../api/phases.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import { SYSTEM_CLOCK } from "../runtime/clock.ts";
import { badRequest, conflict, type Denial } from "./status_response.ts";
import { vmiName } from "./verb.ts";
import { BUFFERED_BYTES_MAX, keepAlive } from "./websocket_proxy.ts";

/** As clients dial websockets; a guest that answers later has no listener. */
const CONNECT_TIMEOUT_MS = 10_000;
const PORT_MAX = 65_535;
/** Close codes of websockets. */
const NORMAL = 1000;
const GOING_AWAY = 1001;
const INTERNAL_ERROR = 1011;

/** What a path asks for. */
export interface ForwardedPort {
  port: number;
  protocol: "tcp" | "udp";
}

export interface ForwardTarget extends ForwardedPort {
  address: string;
}

/** `rest`: what follows "portforward/" in the path. */
export function parseForwardedPort(rest: string): ForwardedPort | Denial {
  const [number = "", protocol = "tcp", ...more] = rest.split("/");
  const port = Number(number);
  if (!/^\d{1,5}$/.test(number) || port < 1 || port > PORT_MAX) {
    return badRequest(`port must be 1 to ${PORT_MAX}: got ${JSON.stringify(number)}`);
  }
  if (more.length > 0 || (protocol !== "tcp" && protocol !== "udp")) {
    const got = JSON.stringify([protocol, ...more].join("/"));
    return badRequest(`protocol must be tcp or udp: got ${got}`);
  }
  return { port, protocol };
}

/** The guest's address, or why nothing is forwarded to it. */
export function forwardAddress(vmi: VirtualMachineInstance): { address: string } | Denial {
  const { conditions = [], interfaces = [], phase } = vmi.status ?? {};
  if (phase !== VirtualMachineInstancePhase.Running) {
    return conflict(vmiName(vmi), "VMI is not started");
  }
  const isPaused = conditions.some(({ type, status }) =>
    type === VirtualMachineInstanceConditionType.Paused && status === "True"
  );
  if (isPaused) return conflict(vmiName(vmi), "VMI is paused");
  const address = interfaces[0]?.ipAddress;
  if (address === undefined || address === "") {
    return conflict(vmiName(vmi), "no network interfaces are present");
  }
  return { address };
}

/** Resolves when both sides are closed. What the guest refuses is told in the close of the websocket. */
export async function forwardPort(
  websocket: WebSocket,
  target: ForwardTarget,
  signal: AbortSignal,
): Promise<void> {
  const abort = () => websocket.close(GOING_AWAY);
  signal.addEventListener("abort", abort, { once: true });
  const done = new AbortController();
  const alive = keepAlive(websocket, { clock: SYSTEM_CLOCK, signal: done.signal });
  try {
    await (target.protocol === "tcp" ? forwardTcp : forwardUdp)(websocket, target);
  } finally {
    signal.removeEventListener("abort", abort);
    done.abort();
    await alive;
  }
}

async function forwardTcp(websocket: WebSocket, { address, port }: ForwardTarget): Promise<void> {
  const socket = connectTcp({ host: address, port });
  socket.setNoDelay(true);
  socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error("it does not answer")));
  socket.on("connect", () => socket.setTimeout(0));
  const ended = endOf(websocket, socket);
  websocket.on("message", (data: RawData) => {
    if (!socket.write(bytesOf(data))) websocket.pause();
  });
  socket.on("drain", () => websocket.resume());
  socket.on("data", (bytes: Uint8Array) => {
    websocket.send(bytes, { binary: true }, () => {
      if (websocket.bufferedAmount < BUFFERED_BYTES_MAX / 2) socket.resume();
    });
    if (websocket.bufferedAmount > BUFFERED_BYTES_MAX) socket.pause();
  });
  await ended;
}

/** The end of one side is the end of the other. */
async function endOf(websocket: WebSocket, socket: Socket): Promise<void> {
  const socketClosed = new Promise<void>((resolve) => {
    let why = "";
    socket.on("error", (error: Error) => {
      why = `cannot reach the guest's port: ${error.message}`.slice(0, 120);
    });
    // Without listeners for it a half-open connection stays: clients of this have no half.
    socket.on("end", () => socket.end());
    socket.on("close", () => {
      // A paused websocket never reads the close frame.
      websocket.resume();
      if (why === "") websocket.close(NORMAL);
      else websocket.close(INTERNAL_ERROR, why);
      resolve();
    });
  });
  const websocketClosed = closed(websocket).then(() => void socket.destroy());
  await Promise.all([socketClosed, websocketClosed]);
}

/** Each message of either side is one datagram. What cannot be sent is lost, as datagrams are. */
async function forwardUdp(websocket: WebSocket, { address, port }: ForwardTarget): Promise<void> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.on("error", () => {});
  socket.on("message", (bytes: Uint8Array) => {
    if (websocket.bufferedAmount <= BUFFERED_BYTES_MAX) websocket.send(bytes, { binary: true });
  });
  const connected = new Promise<void>((resolve) => socket.connect(port, address, resolve));
  websocket.on("message", (data: RawData) => {
    void connected.then(() => socket.send(bytesOf(data), () => {}));
  });
  await closed(websocket);
  await connected;
  await new Promise<void>((resolve) => void socket.close(resolve));
}

function closed(websocket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    if (websocket.readyState === websocket.CLOSED) return resolve();
    websocket.on("close", () => resolve());
    websocket.on("error", () => websocket.terminate());
  });
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
