/** The awaits of the VM and VMI controllers: their calls to the API server, each with a moment before and one after. */
import type { KubeClient, Resource } from "../../src/kube/client.ts";

/** A moment in a leader's life. */
export interface CallPoint {
  when: "before" | "after";
  /** "create pods", "patch virtualmachines/status". */
  call: string;
  /** Counted from 1 since the points were set. */
  nth: number;
}

/** Listens at each point. What it throws, the caller gets; what it waits for, the caller waits for. */
export type CallListener = (point: CallPoint) => void;

/** What the two controllers read and write. Lists and watches are the caches', which have no controller. */
const HANDLED: readonly string[] = [
  "virtualmachines",
  "virtualmachineinstances",
  "pods",
  "controllerrevisions",
  "persistentvolumeclaims",
];

export function tellPoint({ when, call, nth }: CallPoint): string {
  return `${when} ${call} ${nth}`;
}

/** A client that tells of the points. */
export class PointedClient implements KubeClient {
  readonly #client: KubeClient;
  readonly #listener: CallListener;
  readonly #counts = new Map<string, number>();

  constructor(client: KubeClient, listener: CallListener) {
    this.#client = client;
    this.#listener = listener;
  }

  /** Counts from 1 again. */
  reset(): void {
    this.#counts.clear();
  }

  get: KubeClient["get"] = (resource, key, options) =>
    this.#at("get", resource, undefined, () => this.#client.get(resource, key, options));

  create: KubeClient["create"] = (resource, object, options) =>
    this.#at(
      "create",
      resource,
      options?.subresource,
      () => this.#client.create(resource, object, options),
    );

  update: KubeClient["update"] = (resource, object, options) =>
    this.#at(
      "update",
      resource,
      options?.subresource,
      () => this.#client.update(resource, object, options),
    );

  patch: KubeClient["patch"] = (resource, key, patch, options) =>
    this.#at(
      "patch",
      resource,
      options?.subresource,
      () => this.#client.patch(resource, key, patch, options),
    );

  delete: KubeClient["delete"] = (resource, key, options) =>
    this.#at("delete", resource, undefined, () => this.#client.delete(resource, key, options));

  list: KubeClient["list"] = (resource, options) => this.#client.list(resource, options);
  watch: KubeClient["watch"] = (resource, options) => this.#client.watch(resource, options);
  raw: KubeClient["raw"] = (method, path, options) => this.#client.raw(method, path, options);

  async #at<T>(
    verb: string,
    resource: Resource,
    subresource: string | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    if (!HANDLED.includes(resource.plural)) return await work();
    const call = `${verb} ${resource.plural}${subresource === undefined ? "" : `/${subresource}`}`;
    const nth = (this.#counts.get(call) ?? 0) + 1;
    this.#counts.set(call, nth);
    this.#listener({ when: "before", call, nth });
    try {
      return await work();
    } finally {
      this.#listener({ when: "after", call, nth });
    }
  }
}
