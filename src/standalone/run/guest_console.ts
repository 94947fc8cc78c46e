/** A guest's serial console, opened as virtctl opens it. */
// @ts-types="@types/ws"
import { type RawData, WebSocket } from "ws";
import { SUBRESOURCES_GROUP, SUBRESOURCES_VERSIONS } from "../../api/registry.ts";
import type { Connection } from "../../kube/connection.ts";
import type { ObjectKey } from "../../kube/object.ts";
import { resourcePath } from "../../kube/resource_path.ts";

const PROTOCOL = "plain.kubevirt.io";
const HANDSHAKE_TIMEOUT_MS = 10_000;
const MESSAGE_BYTES_MAX = 1024 * 1024;

export interface GuestConsoleOptions {
  connection: Connection;
  vmi: ObjectKey;
  /** Gets what the guest writes, piece by piece; while one is being taken, no more than one read waits. */
  take: (bytes: Uint8Array) => Promise<void>;
}

export class GuestConsole implements AsyncDisposable {
  readonly #socket: WebSocket;
  /** Resolves when the guest has ended, or somebody else has taken the console. */
  readonly closed: Promise<void>;

  private constructor(socket: WebSocket, take: GuestConsoleOptions["take"]) {
    this.#socket = socket;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let taken = Promise.resolve();
    let waiting = 0;
    socket.on("message", (data: RawData) => {
      const bytes = new Uint8Array(data as Uint8Array);
      waiting += 1;
      socket.pause();
      taken = taken.then(() => take(bytes)).then(() => {
        waiting -= 1;
        if (waiting === 0) socket.resume();
      });
      taken.catch((error) => {
        reject(error);
        socket.terminate();
      });
    });
    // An error is always followed by "close".
    socket.on("error", () => {});
    socket.on("close", () => void taken.then(resolve, reject));
    this.closed = promise;
    promise.catch(() => {}); // whoever waits for it is told
  }

  /** @throws Error saying why it is not opened. */
  static async open({ connection, vmi, take }: GuestConsoleOptions): Promise<GuestConsole> {
    const [version] = SUBRESOURCES_VERSIONS;
    const resource = {
      group: SUBRESOURCES_GROUP,
      version,
      plural: "virtualmachineinstances",
      kind: "VirtualMachineInstance",
      namespaced: true,
    };
    const path = resourcePath(resource, { ...vmi, subresource: "console" });
    const { promise, resolve, reject } = Promise.withResolvers<GuestConsole>();
    const socket = new WebSocket(connection.server.replace(/^http/, "ws") + path, [PROTOCOL], {
      ...tls(connection),
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      perMessageDeflate: false,
      maxPayload: MESSAGE_BYTES_MAX,
    });
    const opened = new GuestConsole(socket, take);
    socket.once("open", () => resolve(opened));
    socket.once("error", (cause: Error) => {
      const name = `${vmi.namespace}/${vmi.name}`;
      reject(new Error(`Cannot open the console of ${name}: ${cause.message}`, { cause }));
    });
    return await promise;
  }

  /** Resolves when it is on its way. What is typed after the end is lost. */
  async type(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.send(bytes, () => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close(1000);
    await this.closed.catch(() => {});
  }
}

function tls({ caCerts, cert, key }: Connection): Record<string, unknown> {
  return { ca: caCerts, cert, key, ALPNProtocols: ["http/1.1"] };
}
