/** Finds cached objects by a value computed from each. */

/** The values under which an object is found, such as `(pod) => [pod.spec.nodeName]`. Pure. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** How an {@link ObjectIndex} is made. */
export interface ObjectIndexOptions<T> {
  name: string;
  valuesOf: IndexFunction<T>;
  /** Told when the function throws; the object is then found under no value. */
  onError: (error: unknown) => void;
}

/** Keys of objects by value. Empty values leave nothing behind. */
export class ObjectIndex<T> {
  readonly name: string;
  readonly #options: ObjectIndexOptions<T>;
  readonly #keys = new Map<string, Set<string>>();

  constructor(options: ObjectIndexOptions<T>) {
    this.name = options.name;
    this.#options = options;
  }

  /** The keys under this value, in the order they came in. */
  get(value: string): string[] {
    return [...this.#keys.get(value) ?? []];
  }

  /** Follows one object's step from `old` to `object`; `undefined` is absence. */
  change(key: string, old: T | undefined, object: T | undefined): void {
    for (const value of this.#valuesOf(old)) {
      const keys = this.#keys.get(value);
      keys?.delete(key);
      if (keys?.size === 0) this.#keys.delete(value);
    }
    for (const value of this.#valuesOf(object)) {
      const keys = this.#keys.get(value) ?? new Set();
      this.#keys.set(value, keys.add(key));
    }
  }

  #valuesOf(object: T | undefined): readonly string[] {
    if (object === undefined) return [];
    try {
      return this.#options.valuesOf(object);
    } catch (error) {
      this.#options.onError(error);
      return [];
    }
  }
}
