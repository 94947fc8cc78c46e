/** Versioned objects of one fake server: a single counter of versions, and a bounded history for watches. */
import type { Resource } from "../client.ts";
import { formatKey, keyOf, type KubeObject, type ObjectKey } from "../object.ts";

/** One step of one object. `old` is absent on a creation. */
export interface StoreEvent {
  resource: string;
  version: number;
  type: "ADDED" | "MODIFIED" | "DELETED";
  old?: KubeObject;
  object: KubeObject;
}

/** Steps kept for watches that resume; older versions are gone. */
export const HISTORY_MAX = 10_000;

/** Stores what it is given and hands out the same objects: callers copy. */
export class ObjectStore {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  #history: StoreEvent[] = [];
  #version = 1;
  /** Watches from below this have missed something. */
  #oldestVersion = 1;

  /** The version of the last change. */
  get version(): number {
    return this.#version;
  }

  get(resource: Resource, key: ObjectKey): KubeObject | undefined {
    return this.#objects.get(idOf(resource))?.get(formatKey(key));
  }

  /** In the order of their keys, as etcd has them. */
  list(resource: Resource): KubeObject[] {
    const entries = [...this.#objects.get(idOf(resource)) ?? []];
    return entries.sort(([a], [b]) => a < b ? -1 : 1).map(([, object]) => object);
  }

  /** Writes the object under a new version, which it returns the object with. */
  put(resource: Resource, object: KubeObject): KubeObject {
    const id = idOf(resource);
    const objects = this.#objects.get(id) ?? new Map<string, KubeObject>();
    this.#objects.set(id, objects);
    const key = formatKey(keyOf(object));
    const old = objects.get(key);
    const stored = this.#versioned(object);
    objects.set(key, stored);
    const type = old === undefined ? "ADDED" : "MODIFIED";
    this.#record({ resource: id, type, object: stored, ...(old ? { old } : {}) });
    return stored;
  }

  /** Removes the object; its last state gets a version of its own. */
  remove(resource: Resource, object: KubeObject): KubeObject {
    const id = idOf(resource);
    const old = this.get(resource, keyOf(object));
    this.#objects.get(id)?.delete(formatKey(keyOf(object)));
    const stored = this.#versioned(object);
    this.#record({ resource: id, type: "DELETED", object: stored, ...(old ? { old } : {}) });
    return stored;
  }

  /** The steps after a version, or `undefined` when some of them are forgotten. */
  since(resource: Resource, version: number): StoreEvent[] | undefined {
    if (version < this.#oldestVersion) return undefined;
    const id = idOf(resource);
    return this.#history.filter((event) => event.resource === id && event.version > version);
  }

  /** Forgets the history: watches from before the present version are told 410. */
  compact(): void {
    this.#history = [];
    this.#oldestVersion = this.#version;
  }

  /** Calls back after each change until disposed of. */
  onChange(listener: (event: StoreEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  #versioned(object: KubeObject): KubeObject {
    const resourceVersion = String(++this.#version);
    return { ...object, metadata: { ...object.metadata, resourceVersion } };
  }

  #record(event: Omit<StoreEvent, "version">): void {
    const recorded = { ...event, version: this.#version };
    this.#history.push(recorded);
    if (this.#history.length > HISTORY_MAX) {
      this.#oldestVersion = this.#history.shift()?.version ?? this.#version;
    }
    for (const listener of [...this.#listeners]) listener(recorded);
  }
}

function idOf(resource: Resource): string {
  return `${resource.group}/${resource.plural}`;
}
