/** A client that refuses to write: who only asks changes nothing, whatever the code behind it does. */
import type {
  CallOptions,
  KubeClient,
  ListOptions,
  ObjectList,
  Resource,
  WatchEvent,
  WatchOptions,
} from "../kube/client.ts";
import type { KubeObject, ObjectKey } from "../kube/object.ts";

export class ReadOnlyClient implements KubeClient {
  readonly #client: KubeClient;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  get<T extends KubeObject>(
    resource: Resource,
    key: ObjectKey,
    options?: CallOptions,
  ): Promise<T | undefined> {
    return this.#client.get<T>(resource, key, options);
  }

  list<T extends KubeObject>(resource: Resource, options?: ListOptions): Promise<ObjectList<T>> {
    return this.#client.list<T>(resource, options);
  }

  watch<T extends KubeObject>(
    resource: Resource,
    options?: WatchOptions,
  ): AsyncIterable<WatchEvent<T>> {
    return this.#client.watch<T>(resource, options);
  }

  create<T extends KubeObject>(resource: Resource): Promise<T> {
    return refuse("create", resource);
  }

  update<T extends KubeObject>(resource: Resource): Promise<T> {
    return refuse("update", resource);
  }

  patch<T extends KubeObject>(resource: Resource): Promise<T> {
    return refuse("patch", resource);
  }

  delete(resource: Resource): Promise<KubeObject | undefined> {
    return refuse("delete", resource);
  }

  raw(
    method: string,
    path: string,
    options?: CallOptions & { body?: unknown; contentType?: string },
  ): Promise<unknown> {
    if (method === "GET") return this.#client.raw(method, path, options);
    return Promise.reject(new TypeError(`Cannot ${method} ${path}: this client only reads`));
  }
}

function refuse(verb: string, { plural }: Resource): Promise<never> {
  return Promise.reject(new TypeError(`Cannot ${verb} ${plural}: this client only reads`));
}
