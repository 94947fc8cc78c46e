/** Tells the cluster that this node takes guests: a label the scheduler looks at, and a time that others judge it by. */
import { NODE_HEARTBEAT_ANNOTATION, NODE_SCHEDULABLE_LABEL } from "../api/labels.ts";
import type { KubeClient } from "../kube/client.ts";
import { NODES } from "../kube/core_resources.ts";
import type { Node } from "../resources/core_objects.ts";
import { toWholeSeconds } from "../resources/timestamp.ts";
import { type Clock, sleep } from "../runtime/clock.ts";
import type { EventSink } from "../runtime/controller.ts";
import type { Logger } from "../runtime/log.ts";

export interface HeartbeatOptions {
  client: KubeClient;
  nodeName: string;
  clock: Clock;
  log: Logger;
  events: EventSink;
  /** What the node lacks to run guests; empty: nothing. */
  missing: (signal: AbortSignal) => Promise<string[]>;
  /** @default Math.random */
  random?: () => number;
}

/** Between two heartbeats: this, up to {@link JITTER_FACTOR_MAX} times it. Others give up after five minutes. */
const INTERVAL_MS = 60_000;
const JITTER_FACTOR_MAX = 2.2;
const RETRY_MS = 5_000;
/** The last word is said within the time a stopping process has. */
const FAREWELL_TIMEOUT_MS = 5_000;

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  /** What was said last about what is missing: it is told once. */
  #told = "";

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** Beats until the signal aborts, then takes the node out of scheduling. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, random = Math.random } = this.#options;
    while (!signal.aborted) {
      let delayMs = INTERVAL_MS * (1 + (JITTER_FACTOR_MAX - 1) * random());
      try {
        await this.beat(signal);
      } catch (error) {
        if (signal.aborted) break;
        log.warn("heartbeat failed", { error });
        delayMs = RETRY_MS;
      }
      await sleep(clock, delayMs, signal);
    }
    await this.#farewell();
  }

  /** One heartbeat. */
  async beat(signal: AbortSignal): Promise<void> {
    const missing = await this.#options.missing(signal);
    const node = await this.#patch({ schedulable: missing.length === 0, signal });
    this.#tell(node, missing);
  }

  async #farewell(): Promise<void> {
    try {
      const signal = AbortSignal.timeout(FAREWELL_TIMEOUT_MS);
      await this.#patch({ schedulable: false, signal });
    } catch (error) {
      this.#options.log.warn("taking the node out of scheduling failed", { error });
    }
  }

  async #patch(
    { schedulable, signal }: { schedulable: boolean; signal: AbortSignal },
  ): Promise<Node> {
    const { client, clock, nodeName } = this.#options;
    const metadata = {
      labels: { [NODE_SCHEDULABLE_LABEL]: String(schedulable) },
      annotations: { [NODE_HEARTBEAT_ANNOTATION]: toWholeSeconds(clock.now().toISOString()) },
    };
    const options = { type: "merge", signal } as const;
    return await client.patch<Node>(NODES, { name: nodeName }, { metadata }, options);
  }

  #tell(node: Node, missing: readonly string[]): void {
    const { events, log } = this.#options;
    const message = missing.join("; ");
    if (message === this.#told) return;
    this.#told = message;
    if (missing.length === 0) return log.info("node can run guests");
    log.error("node cannot run guests", { missing });
    events.record({ regarding: node, type: "Warning", reason: "NodeNotSchedulable", message });
  }
}
