/**
 * A client whose writes reach the caches with their answer, and what it reads past them does too. Without it a pass that comes
 * before the watch decides on the world before its own write, and does again what has been done: a second creation, a patch of
 * a version that is no more. A creation whose answer was lost is read: it is there, and the next pass shall know.
 */
import type {
  CallOptions,
  DeleteOptions,
  KubeClient,
  ListOptions,
  ObjectList,
  PatchOptions,
  Resource,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "../kube/client.ts";
import type { KubeObject, ObjectKey } from "../kube/object.ts";

/** What the client needs of an informer. */
export interface Cache {
  readonly resource: Resource;
  /** Whether it holds some of the resource's objects alone. */
  readonly isSelective: boolean;
  absorb(object: KubeObject): void;
  absorbEnd(key: ObjectKey, uid: string): void;
}

/** Passes every call on; what a write or a `get` answers is given to the cache of its resource, if there is one. */
export class WriteThroughClient implements KubeClient {
  readonly #client: KubeClient;
  readonly #caches: ReadonlyMap<string, Cache>;

  constructor(client: KubeClient, caches: readonly Cache[]) {
    this.#client = client;
    this.#caches = new Map(caches.map((cache) => [idOf(cache.resource), cache]));
  }

  async get<T extends KubeObject>(
    resource: Resource,
    key: ObjectKey,
    options?: CallOptions,
  ): Promise<T | undefined> {
    const found = await this.#client.get<T>(resource, key, options);
    const cache = this.#caches.get(idOf(resource));
    // What has the name of something that is selected need not be selected.
    if (found !== undefined && cache?.isSelective === false) cache.absorb(found);
    return found;
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

  async create<T extends KubeObject>(
    resource: Resource,
    object: unknown,
    options: WriteOptions & { namespace?: string } = {},
  ): Promise<T> {
    return this.#absorb(resource, await this.#client.create<T>(resource, object, options), options);
  }

  async update<T extends KubeObject>(
    resource: Resource,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    return this.#absorb(resource, await this.#client.update<T>(resource, object, options), options);
  }

  async patch<T extends KubeObject>(
    resource: Resource,
    key: ObjectKey,
    patch: unknown,
    options: PatchOptions = {},
  ): Promise<T> {
    const patched = await this.#client.patch<T>(resource, key, patch, options);
    return this.#absorb(resource, patched, options);
  }

  async delete(
    resource: Resource,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<KubeObject | undefined> {
    const left = await this.#client.delete(resource, key, options);
    const uid = options.preconditions?.uid;
    if (left !== undefined) this.#absorb(resource, left, {});
    else if (uid !== undefined) this.#caches.get(idOf(resource))?.absorbEnd(key, uid);
    return left;
  }

  raw(
    method: string,
    path: string,
    options?: CallOptions & { body?: unknown; contentType?: string },
  ): Promise<unknown> {
    return this.#client.raw(method, path, options);
  }

  #absorb<T extends KubeObject>(resource: Resource, object: T, { dryRun }: WriteOptions): T {
    if (!dryRun) this.#caches.get(idOf(resource))?.absorb(object);
    return object;
  }
}

function idOf({ group, plural }: Resource): string {
  return `${group}/${plural}`;
}
