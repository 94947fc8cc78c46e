/**
 * Empties namespaces that are being deleted, then lets them go:
 *
 *   Terminating -> everything in it is deleted -> nothing is left -> its finalizer "kubernetes" goes
 */
import { isObject, type JsonObject } from "../../../kube/json.ts";
import { WorkQueue } from "../../../runtime/work_queue.ts";
import { type Kind, storeKey } from "../kinds/kind.ts";
import { isPending, metaOf } from "../objects/prepare_object.ts";
import type { StoreEvent } from "../store/store.ts";
import { type BackgroundParts, serverParameters } from "./garbage_collector.ts";
import { runQueue } from "./run_queue.ts";

const PARAMETERS = serverParameters("namespace-controller");
const FINALIZER = "kubernetes";
/** Objects that end in their own time are looked at again; their deletions also call. */
const AGAIN_MS = 1_000;

export class NamespaceEmptier {
  readonly #parts: BackgroundParts;
  readonly #namespaces: Kind | undefined;
  readonly #queue = new WorkQueue({ name: "namespaces", backoff: { baseMs: 20, maxMs: 5_000 } });
  readonly #terminating = new Set<string>();

  constructor(parts: BackgroundParts) {
    this.#parts = parts;
    this.#namespaces = parts.kinds.kind("v1", "Namespace")?.kind;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { store, onError } = this.#parts;
    if (this.#namespaces === undefined) return;
    using _listening = store.onChange((events) => events.forEach((event) => this.#hear(event)));
    for (
      const { key, value, revision } of store.list({ prefix: storeKey(this.#namespaces) }).values
    ) {
      this.#hear({ key, value, revision, deleted: false });
    }
    await runQueue({
      queue: this.#queue,
      work: (name) => this.#empty(name),
      onError: (name, error) => onError(`Cannot empty namespace ${name}`, error),
    }, signal);
  }

  #hear({ key, value, deleted }: StoreEvent): void {
    const [, , , , first = "", second] = key.split("/");
    if (!key.startsWith(storeKey(this.#namespaces!))) {
      // Something in a namespace is gone: perhaps the last.
      if (deleted && second !== undefined && this.#terminating.has(first)) this.#queue.add(first);
      return;
    }
    const going = !deleted && metaOf(JSON.parse(value)).deletionTimestamp !== undefined;
    if (going) this.#terminating.add(first);
    else this.#terminating.delete(first);
    if (going) this.#queue.add(first);
  }

  async #empty(name: string): Promise<void> {
    const { store, kinds, deleter } = this.#parts;
    const stored = store.get(storeKey(this.#namespaces!, { name }));
    if (stored === undefined) return;
    const namespace: JsonObject = JSON.parse(stored.value);
    if (metaOf(namespace).deletionTimestamp === undefined) return;
    let left = 0;
    for (const kind of kinds.kinds.filter(({ namespaced }) => namespaced)) {
      const prefix = storeKey(kind, { namespace: name });
      if (store.count(prefix) === 0) continue;
      const form = kind.forms.find(({ version }) => version === kind.version) ?? kind.forms[0]!;
      await deleter.deleteCollection({ served: { kind, form }, namespace: name }, {}, PARAMETERS);
      left += store.count(prefix);
    }
    if (left > 0) return this.#queue.add(name, { afterMs: AGAIN_MS });
    await this.#finalize(name);
  }

  async #finalize(name: string): Promise<void> {
    const { writer } = this.#parts;
    const served = this.#parts.kinds.kind("v1", "Namespace")!;
    const current = writer.current({ served, name });
    if (current === undefined) return;
    const spec = isObject(current.object.spec) ? current.object.spec : {};
    const finalizers = Array.isArray(spec.finalizers) ? spec.finalizers : [];
    const next = {
      ...current.object,
      spec: { ...spec, finalizers: finalizers.filter((each) => each !== FINALIZER) },
    };
    if (isPending(next)) await writer.put(current, next);
    else await writer.remove(current, next);
  }
}
