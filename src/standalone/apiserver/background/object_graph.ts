/** Who owns whom: kept from the store's changes, so that the garbage collector need not search. */
import type { JsonObject } from "../../../kube/json.ts";
import type { OwnerReference } from "../../../kube/object.ts";
import type { Kind } from "../kinds/kind.ts";
import { metaOf } from "../objects/prepare_object.ts";

/** An object as the garbage collector sees it. */
export interface GraphNode {
  uid: string;
  kind: Kind;
  namespace?: string;
  name: string;
  owners: readonly OwnerReference[];
  finalizers: readonly string[];
  deleting: boolean;
}

export class ObjectGraph {
  readonly #nodes = new Map<string, GraphNode>();
  /** By the UID of the owner. */
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  dependentsOf(uid: string): GraphNode[] {
    const uids = this.#dependents.get(uid) ?? [];
    return [...uids].map((each) => this.#nodes.get(each)).filter((each) => each !== undefined);
  }

  /** Takes in a state of an object; answers with what it is now. */
  put(kind: Kind, object: JsonObject): GraphNode {
    const { uid, name, namespace, ownerReferences = [], finalizers = [], deletionTimestamp } =
      metaOf(object);
    const node: GraphNode = {
      uid,
      kind,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      owners: ownerReferences,
      finalizers,
      deleting: deletionTimestamp !== undefined,
    };
    this.#unlink(uid);
    this.#nodes.set(uid, node);
    for (const owner of ownerReferences) {
      const dependents = this.#dependents.get(owner.uid) ?? new Set();
      this.#dependents.set(owner.uid, dependents.add(uid));
    }
    return node;
  }

  /** Forgets an object; what it owned still names it. */
  remove(uid: string): GraphNode | undefined {
    const node = this.#nodes.get(uid);
    this.#unlink(uid);
    this.#nodes.delete(uid);
    return node;
  }

  #unlink(uid: string): void {
    for (const owner of this.#nodes.get(uid)?.owners ?? []) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(uid);
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}
