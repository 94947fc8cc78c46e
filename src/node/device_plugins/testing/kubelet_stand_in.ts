/** The kubelet's half of the device plugin API: takes registrations, follows lists, allocates. */
import {
  Client,
  type ClientReadableStream,
  credentials,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
} from "@grpc/grpc-js";
import {
  type AllocateRequest,
  type AllocateResponse,
  DEVICE_PLUGIN,
  type Empty,
  KUBELET_SOCKET,
  type ListAndWatchResponse,
  type RegisterRequest,
  REGISTRATION,
} from "../protocol.ts";

const DEADLINE_MS = 30_000;

interface Endpoint {
  client: Client;
  stream: ClientReadableStream<ListAndWatchResponse>;
  devices: ListAndWatchResponse["devices"];
  isConnected: boolean;
}

export class KubeletStandIn implements AsyncDisposable {
  readonly registrations: RegisterRequest[] = [];
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #server = new Server();
  readonly #changed = new EventTarget();
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** As a kubelet does at its start: everything in the directory goes first. */
  static async start(directory: string): Promise<KubeletStandIn> {
    const kubelet = new KubeletStandIn(directory);
    for await (const { name } of Deno.readDir(directory)) await Deno.remove(`${directory}/${name}`);
    await kubelet.#listen();
    return kubelet;
  }

  async #listen(): Promise<void> {
    this.#server.addService(REGISTRATION, {
      Register: (
        { request }: ServerUnaryCall<RegisterRequest, Empty>,
        answer: sendUnaryData<Empty>,
      ) => {
        answer(null, {});
        this.registrations.push(request);
        this.#follow(request);
        this.#changed.dispatchEvent(new Event("change"));
      },
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const address = `unix:${this.#directory}/${KUBELET_SOCKET}`;
    const insecure = ServerCredentials.createInsecure();
    this.#server.bindAsync(address, insecure, (error) => error ? reject(error) : resolve());
    await promise;
  }

  #follow({ endpoint, resource_name }: RegisterRequest): void {
    this.#close(resource_name);
    const address = `unix:${this.#directory}/${endpoint}`;
    const client = new Client(address, credentials.createInsecure());
    const { path, requestSerialize, responseDeserialize } = DEVICE_PLUGIN.ListAndWatch;
    const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {});
    const followed: Endpoint = { client, stream, devices: [], isConnected: true };
    this.#endpoints.set(resource_name, followed);
    const change = () => this.#changed.dispatchEvent(new Event("change"));
    stream.on("data", ({ devices }: ListAndWatchResponse) => {
      followed.devices = devices;
      change();
    });
    const end = () => {
      followed.isConnected = false;
      change();
    };
    stream.on("error", end);
    stream.on("end", end);
  }

  /** Slots of a resource that pods could get. */
  allocatable(resource: string): number {
    const endpoint = this.#endpoints.get(resource);
    if (!endpoint?.isConnected) return 0;
    return endpoint.devices.filter(({ health }) => health === "Healthy").length;
  }

  async allocate(resource: string, request: AllocateRequest): Promise<AllocateResponse> {
    const { client } = this.#endpoints.get(resource)!;
    const { path, requestSerialize, responseDeserialize } = DEVICE_PLUGIN.Allocate;
    const { promise, resolve, reject } = Promise.withResolvers<AllocateResponse>();
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      (error, answer) => error ? reject(error) : resolve(answer!),
    );
    return await promise;
  }

  /** Loses interest in a list without a word. */
  hangUp(resource: string): void {
    this.#endpoints.get(resource)?.stream.cancel();
  }

  /** @throws when it does not become true in time. */
  async until(condition: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    while (!condition()) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const fail = () => reject(new Error(`Did not come true in ${DEADLINE_MS} ms: ${condition}`));
      const go = () => resolve();
      this.#changed.addEventListener("change", go, { once: true });
      signal.addEventListener("abort", fail, { once: true });
      try {
        await promise;
      } finally {
        this.#changed.removeEventListener("change", go);
        signal.removeEventListener("abort", fail);
      }
    }
  }

  #close(resource: string): void {
    const endpoint = this.#endpoints.get(resource);
    endpoint?.stream.cancel();
    endpoint?.client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const resource of this.#endpoints.keys()) this.#close(resource);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.forceShutdown();
    this.#server.tryShutdown(() => resolve());
    await promise;
  }
}
