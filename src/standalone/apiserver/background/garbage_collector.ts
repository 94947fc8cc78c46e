/**
 * Deletes what nobody owns any more, and sees foreground and orphaning deletions through:
 *
 *   owner gone                      -> dependent deleted, if it has no other owner
 *   owner waits (foregroundDeletion) -> dependents deleted; the finalizer goes when none that blocks is left
 *   owner waits (orphan)            -> dependents lose their reference to it; then the finalizer goes
 *
 * What follows from a change is decided on what is stored by then. A kind that is not served is unknown, not absent: what it
 * owns stays.
 */
import type { OwnerReference } from "../../../kube/object.ts";
import { WorkQueue } from "../../../runtime/work_queue.ts";
import { storeKey } from "../kinds/kind.ts";
import type { KindRegistry } from "../kinds/kind_registry.ts";
import type { ObjectDeleter } from "../objects/object_deleter.ts";
import type { ObjectWriter } from "../objects/object_writer.ts";
import { metaOf, withMeta } from "../objects/prepare_object.ts";
import type { Target, WriteParameters } from "../objects/write_request.ts";
import type { Store, StoreEvent } from "../store/store.ts";
import { type GraphNode, ObjectGraph } from "./object_graph.ts";
import { runQueue } from "./run_queue.ts";

const FOREGROUND = "foregroundDeletion";
const ORPHAN = "orphan";

/** What a background task works with. */
export interface BackgroundParts {
  store: Store;
  kinds: KindRegistry;
  writer: ObjectWriter;
  deleter: ObjectDeleter;
  onError: (message: string, error: unknown) => void;
}

/** Background tasks write as the server itself. */
export function serverParameters(manager: string): WriteParameters {
  return {
    user: { username: `system:serviceaccount:kube-system:${manager}`, groups: ["system:masters"] },
    manager,
    dryRun: false,
    fieldValidation: "Ignore",
    warn: () => {},
  };
}

const PARAMETERS = serverParameters("generic-garbage-collector");

export class GarbageCollector {
  readonly #parts: BackgroundParts;
  readonly #graph = new ObjectGraph();
  readonly #queue = new WorkQueue({
    name: "garbage-collector",
    backoff: { baseMs: 20, maxMs: 5_000 },
  });
  readonly #kindOf: ReadonlyMap<string, KindRegistry["kinds"][number]>;

  constructor(parts: BackgroundParts) {
    this.#parts = parts;
    this.#kindOf = new Map(parts.kinds.kinds.map((kind) => [storeKey(kind), kind]));
  }

  async run(signal: AbortSignal): Promise<void> {
    const { store, onError } = this.#parts;
    using _listening = store.onChange((events) => events.forEach((event) => this.#hear(event)));
    for (const { key, value, revision } of store.list({ prefix: "/registry/" }).values) {
      this.#hear({ key, value, revision, deleted: false });
    }
    await runQueue({
      queue: this.#queue,
      work: (uid) => this.#collect(uid),
      onError: (uid, error) => onError(`Cannot collect ${uid}`, error),
    }, signal);
  }

  #hear({ key, value, deleted }: StoreEvent): void {
    const kind = this.#kindOf.get(key.split("/", 4).join("/") + "/");
    if (kind === undefined) return;
    const object = JSON.parse(value);
    if (!deleted) {
      const node = this.#graph.put(kind, object);
      if (node.owners.length > 0 || isWaiting(node)) this.#queue.add(node.uid);
      return;
    }
    const { uid } = metaOf(object);
    const node = this.#graph.remove(uid);
    for (const dependent of this.#graph.dependentsOf(uid)) this.#queue.add(dependent.uid);
    for (const owner of node?.owners ?? []) this.#queue.add(owner.uid);
  }

  async #collect(uid: string): Promise<void> {
    const node = this.#graph.get(uid);
    if (node === undefined) return;
    if (node.deleting && node.finalizers.includes(ORPHAN)) return await this.#orphan(node);
    if (node.deleting && node.finalizers.includes(FOREGROUND)) return await this.#foreground(node);
    if (node.deleting || node.owners.length === 0) return;
    await this.#judge(node);
  }

  /** Whether it still has an owner. */
  async #judge(node: GraphNode): Promise<void> {
    const owners = node.owners.map((owner) => ({ owner, state: this.#stateOf(owner, node) }));
    const kept = owners.filter(({ state }) => state === "there" || state === "unknown");
    const waiting = owners.some(({ state }) => state === "waiting");
    if (kept.length === owners.length) return;
    if (kept.length > 0) {
      return await this.#keepOwners(node, kept.map(({ owner }) => owner));
    }
    const inTurn = waiting && this.#graph.dependentsOf(node.uid).length > 0;
    const policy = inTurn || node.finalizers.includes(FOREGROUND)
      ? "Foreground"
      : node.finalizers.includes(ORPHAN)
      ? "Orphan"
      : "Background";
    await this.#delete(node, policy);
  }

  #stateOf(
    owner: OwnerReference,
    { namespace }: GraphNode,
  ): "there" | "waiting" | "gone" | "unknown" {
    const served = this.#parts.kinds.kind(owner.apiVersion, owner.kind);
    if (served === undefined) return "unknown";
    const at = served.kind.namespaced ? { namespace, name: owner.name } : { name: owner.name };
    const stored = this.#parts.store.get(storeKey(served.kind, at));
    if (stored === undefined) return "gone";
    const { uid, deletionTimestamp, finalizers = [] } = metaOf(JSON.parse(stored.value));
    if (uid !== owner.uid) return "gone";
    const waiting = deletionTimestamp !== undefined && finalizers.includes(FOREGROUND);
    return waiting ? "waiting" : "there";
  }

  async #foreground(node: GraphNode): Promise<void> {
    const dependents = this.#graph.dependentsOf(node.uid);
    for (const dependent of dependents) this.#queue.add(dependent.uid);
    const blocking = dependents.some(({ owners }) =>
      owners.some((owner) => owner.uid === node.uid && owner.blockOwnerDeletion === true)
    );
    if (!blocking) await this.#removeFinalizer(node, FOREGROUND);
  }

  async #orphan(node: GraphNode): Promise<void> {
    for (const dependent of this.#graph.dependentsOf(node.uid)) {
      const owners = dependent.owners.filter(({ uid }) => uid !== node.uid);
      await this.#keepOwners(dependent, owners);
    }
    await this.#removeFinalizer(node, ORPHAN);
  }

  async #keepOwners(node: GraphNode, ownerReferences: readonly OwnerReference[]): Promise<void> {
    await this.#changeMeta(node, { ownerReferences });
  }

  async #removeFinalizer(node: GraphNode, finalizer: string): Promise<void> {
    const finalizers = node.finalizers.filter((each) => each !== finalizer);
    await this.#changeMeta(node, { finalizers });
  }

  async #changeMeta(node: GraphNode, changes: Record<string, readonly unknown[]>): Promise<void> {
    try {
      await this.#parts.writer.change({
        target: targetOf(node),
        parameters: PARAMETERS,
        wanted: (current) => withMeta(current, { ...changes, uid: node.uid }),
      });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  async #delete(node: GraphNode, propagationPolicy: string): Promise<void> {
    const preconditions = { uid: node.uid };
    try {
      await this.#parts.deleter.delete(
        targetOf(node),
        { propagationPolicy, preconditions },
        PARAMETERS,
      );
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
}

function isWaiting({ deleting, finalizers }: GraphNode): boolean {
  return deleting && (finalizers.includes(FOREGROUND) || finalizers.includes(ORPHAN));
}

function targetOf({ kind, namespace, name }: GraphNode): Target {
  const form = kind.forms.find(({ version }) => version === kind.version) ?? kind.forms[0]!;
  return { served: { kind, form }, namespace, name };
}

/** Not there, or another one by the same name. */
function isGone(error: unknown): boolean {
  const { code } = error as { code?: number };
  return code === 404 || code === 409;
}
