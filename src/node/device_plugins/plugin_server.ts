import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
} from "@grpc/grpc-js";
import {
  type AllocateRequest,
  type AllocateResponse,
  type Device,
  DEVICE_PLUGIN,
  type Empty,
  type ListAndWatchResponse,
} from "./protocol.ts";

export interface PluginServerOptions {
  /** Path of the socket to serve at. Its directory exists. */
  socket: string;
  /** The device on the node; it has the same path in containers. */
  device: string;
  /** Names of the slots. */
  ids: readonly string[];
}

type ListStream = ServerWritableStream<Empty, ListAndWatchResponse>;

/** Offers one device to the kubelet, as a number of slots, on a socket of its own. */
export class PluginServer implements AsyncDisposable {
  readonly #options: PluginServerOptions;
  readonly #server: Server;
  readonly #streams = new Set<ListStream>();
  #healthy: boolean;
  /** Tells our socket from one that another process has put in its place. */
  #inode: number | null = null;

  private constructor(options: PluginServerOptions, healthy: boolean) {
    this.#options = options;
    this.#healthy = healthy;
    this.#server = new Server();
    this.#server.addService(DEVICE_PLUGIN, {
      GetDevicePluginOptions: (_call: unknown, answer: sendUnaryData<Empty>) => answer(null, {}),
      ListAndWatch: (call: ListStream) => this.#list(call),
      Allocate: (
        call: ServerUnaryCall<AllocateRequest, AllocateResponse>,
        answer: sendUnaryData<AllocateResponse>,
      ) => answer(null, this.#allocate(call.request)),
    });
  }

  /** Listens. A socket that was left at the path is replaced. */
  static async start(
    options: PluginServerOptions & { healthy: boolean },
  ): Promise<PluginServer> {
    const server = new PluginServer(options, options.healthy);
    await removeSocket(options.socket);
    await server.#listen();
    server.#inode = await inodeOf(options.socket);
    return server;
  }

  async #listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const credentials = ServerCredentials.createInsecure();
    this.#server.bindAsync(`unix:${this.#options.socket}`, credentials, (error) => {
      if (error) reject(new Error(`Cannot serve at ${this.#options.socket}`, { cause: error }));
      else resolve();
    });
    await promise;
  }

  /** How many kubelets follow the list: one, or none. */
  get followers(): number {
    return this.#streams.size;
  }

  /** Whether the socket is still there: a kubelet removes all of them when it starts. */
  async isReachable(): Promise<boolean> {
    const inode = await inodeOf(this.#options.socket);
    return inode !== null && inode === this.#inode;
  }

  setHealthy(healthy: boolean): void {
    if (healthy === this.#healthy) return;
    this.#healthy = healthy;
    for (const stream of this.#streams) stream.write(this.#devices());
  }

  #list(stream: ListStream): void {
    this.#streams.add(stream);
    const forget = () => void this.#streams.delete(stream);
    stream.on("cancelled", forget);
    stream.on("close", forget);
    stream.on("error", forget);
    stream.write(this.#devices());
  }

  #devices(): ListAndWatchResponse {
    const health: Device["health"] = this.#healthy ? "Healthy" : "Unhealthy";
    return { devices: this.#options.ids.map((ID) => ({ ID, health })) };
  }

  #allocate({ container_requests }: AllocateRequest): AllocateResponse {
    const { device } = this.#options;
    const spec = { container_path: device, host_path: device, permissions: "rw" };
    return { container_responses: container_requests.map(() => ({ devices: [spec] })) };
  }

  /** Ends the kubelet's stream, which takes the slots off the node, and removes the socket if it still is ours. */
  async [Symbol.asyncDispose](): Promise<void> {
    const isOurs = await this.isReachable();
    for (const stream of this.#streams) stream.end();
    this.#server.forceShutdown();
    if (isOurs) await removeSocket(this.#options.socket);
  }
}

async function inodeOf(path: string): Promise<number | null> {
  try {
    return (await Deno.lstat(path)).ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function removeSocket(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
