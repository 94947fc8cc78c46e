import { EnvelopeError, type StopWatch } from "../../hypervisor/envelope.ts";
import type { PodSockets } from "./pod_sockets.ts";

export interface StopWatchesOptions {
  sockets: Pick<PodSockets, "watchStop">;
  /** Watches go on for as long as the agent lives. */
  lifetime: AbortSignal;
}

/**
 * Whether pods' containers were told to stop. A kubelet says so to the container alone when it ends a pod that is not deleted
 * (its liveness probe failed, the node is short of memory or shuts down). Each pod is asked once, and tells of the change by
 * itself for as long as the connection lasts; one that was lost is opened anew at the next look.
 */
export class StopWatches {
  readonly #options: StopWatchesOptions;
  readonly #byPod = new Map<string, StopWatch>();

  constructor(options: StopWatchesOptions) {
    this.#options = options;
    options.lifetime.addEventListener("abort", () => this.#close(), { once: true });
  }

  /**
   * Never throws: an envelope that cannot be asked has told of nothing.
   * @param onTold called when it becomes so later
   */
  async isTold(podUid: string, onTold: () => void, signal: AbortSignal): Promise<boolean> {
    const known = this.#byPod.get(podUid);
    if (known !== undefined) return known.isTold;
    try {
      const watch = await this.#options.sockets.watchStop(podUid, signal);
      return this.#keep(podUid, watch, onTold);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof EnvelopeError) return false;
      throw error;
    }
  }

  #keep(podUid: string, watch: StopWatch, onTold: () => void): boolean {
    if (this.#options.lifetime.aborted) watch.close();
    const told = watch.isTold;
    this.#byPod.set(podUid, watch);
    void watch.ended.then(() => this.#byPod.delete(podUid));
    if (!told) void watch.told.then(onTold);
    return told;
  }

  #close(): void {
    for (const watch of this.#byPod.values()) watch.close();
  }
}
