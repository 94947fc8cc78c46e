import { LABELLER_SKIP_NODE_ANNOTATION } from "../../api/labels.ts";
import type { KubeClient } from "../../kube/client.ts";
import { NODES } from "../../kube/core_resources.ts";
import type { Node } from "../../resources/core_objects.ts";
import { type Clock, sleep } from "../../runtime/clock.ts";
import type { Logger } from "../../runtime/log.ts";
import type { NodeCapabilities } from "./capabilities.ts";
import { labelChanges, nodeLabels } from "./node_labels.ts";

export interface NodeLabellerOptions {
  client: KubeClient;
  nodeName: string;
  clock: Clock;
  log: Logger;
  /** What guests of this node can have now. */
  capabilities: (signal: AbortSignal) => Promise<NodeCapabilities>;
  obsoleteCpuModels: () => ReadonlySet<string>;
}

/** QEMU, libvirt and the kernel are replaced while the agent runs, and people edit labels. */
const INTERVAL_MS = 180_000;
const RETRY_MS = 15_000;

/** Keeps the labels of the node that say what guests it can run. Labels that are not ours stay as they are. */
export class NodeLabeller {
  readonly #options: NodeLabellerOptions;
  #woken = new AbortController();

  constructor(options: NodeLabellerOptions) {
    this.#options = options;
  }

  /** The installation's settings have changed: have a look now. */
  wake(): void {
    this.#woken.abort();
  }

  /** Until the signal aborts. Never rejects. The labels stay: the node can still do what they say. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      this.#woken = new AbortController();
      const sleeping = AbortSignal.any([signal, this.#woken.signal]);
      let delayMs = INTERVAL_MS;
      try {
        await this.label(signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn("labelling the node failed", { error });
        delayMs = RETRY_MS;
      }
      await sleep(clock, delayMs, sleeping);
    }
  }

  /** One look, and at most one write. */
  async label(signal: AbortSignal): Promise<void> {
    const { capabilities, client, log, nodeName, obsoleteCpuModels } = this.#options;
    if (isSkipped(await this.#node(signal))) return;
    const wanted = nodeLabels(await capabilities(signal), obsoleteCpuModels());
    // Read again: asking for capabilities can take a minute.
    const node = await this.#node(signal);
    if (isSkipped(node)) return;
    const labels = labelChanges(node?.metadata.labels ?? {}, wanted);
    if (labels === undefined) return;
    await client.patch(NODES, { name: nodeName }, { metadata: { labels } }, {
      type: "merge",
      signal,
    });
    log.info("labelled the node", { changed: Object.keys(labels).length });
  }

  async #node(signal: AbortSignal): Promise<Node | undefined> {
    const { client, nodeName } = this.#options;
    return await client.get<Node>(NODES, { name: nodeName }, { signal });
  }
}

function isSkipped(node: Node | undefined): boolean {
  return node === undefined ||
    node.metadata.annotations?.[LABELLER_SKIP_NODE_ANNOTATION] !== undefined;
}
