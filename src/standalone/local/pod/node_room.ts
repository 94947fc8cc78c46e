/** Who takes the node's room: pods that are bound to it, and those that are being bound, of which the informer tells a moment later. */
import { ConflictError } from "../../../kube/client.ts";
import type { Node, Pod } from "../../../resources/core_objects.ts";
import type { Informer } from "../../../runtime/informer.ts";
import { reasonsAgainst } from "./fits.ts";

export interface NodeRoomOptions {
  nodeName: string;
  pods: Pick<Informer<Pod>, "list">;
}

export class NodeRoom {
  readonly #options: NodeRoomOptions;
  /** By UID. */
  readonly #begun = new Map<string, Pod>();

  constructor(options: NodeRoomOptions) {
    this.#options = options;
  }

  /** Pods that take room and have not ended, this one left out. */
  others(podUid: string): Pod[] {
    const { nodeName, pods } = this.#options;
    const known = new Map(pods.list().map((pod) => [pod.metadata.uid, pod]));
    for (const uid of this.#begun.keys()) {
      const pod = known.get(uid);
      if (pod === undefined || pod.spec.nodeName !== undefined) this.#begun.delete(uid);
    }
    const bound = [...known.values()].filter(({ spec, status }) =>
      spec.nodeName === nodeName && status?.phase !== "Succeeded" && status?.phase !== "Failed"
    );
    return [...bound, ...this.#begun.values()].filter(({ metadata }) => metadata.uid !== podUid);
  }

  /**
   * Binds a pod that fits beside all others.
   *
   * @throws ConflictError when it does not any more: several were looked at while none of them was bound.
   */
  async bind(pod: Pod, node: Node, bind: () => Promise<void>): Promise<void> {
    const { name, uid } = pod.metadata;
    const reasons = reasonsAgainst(pod, { node, others: this.others(uid) });
    if (reasons.length > 0) {
      const message = `Cannot bind pod ${name}: others came first: ${reasons.join(", ")}`;
      throw new ConflictError(409, { message }, message);
    }
    this.#begun.set(uid, pod);
    try {
      await bind();
    } catch (error) {
      this.#begun.delete(uid);
      throw error;
    }
  }
}
