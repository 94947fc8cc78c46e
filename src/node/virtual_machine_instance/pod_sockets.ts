import {
  type Envelope,
  EnvelopeError,
  type Envelopes,
  type StopWatch,
} from "../../hypervisor/envelope.ts";
import { COMPUTE_SOCKET } from "../volumes/plan.ts";
import type { EnvelopeObservation } from "./world.ts";

export interface PodSocketsOptions {
  envelopes: Envelopes;
  /** Where the kubelet keeps its pods on this node: /var/lib/kubelet. */
  kubeletRoot: string;
}

/** Finds the processes of a pod by the sockets they listen on in one of its volumes. */
export class PodSockets {
  readonly #options: PodSocketsOptions;

  constructor(options: PodSocketsOptions) {
    this.#options = options;
  }

  /** @throws EnvelopeError */
  async connect(podUid: string, socket: string, signal: AbortSignal): Promise<Envelope> {
    return await this.#options.envelopes.connect(this.#path(podUid, socket), podUid, signal);
  }

  /**
   * Of the container that the guest runs in.
   * @throws EnvelopeError
   */
  async watchStop(podUid: string, signal: AbortSignal): Promise<StopWatch> {
    const { envelopes } = this.#options;
    return await envelopes.watchStop(this.#path(podUid, COMPUTE_SOCKET), podUid, signal);
  }

  /** Whether the pod's envelope is there. Never throws: not knowing is an answer. */
  async observe(podUid: string | undefined, signal: AbortSignal): Promise<EnvelopeObservation> {
    if (podUid === undefined) return { kind: "absent" };
    try {
      using _envelope = await this.connect(podUid, COMPUTE_SOCKET, signal);
      return { kind: "connected" };
    } catch (error) {
      if (error instanceof EnvelopeError && error.reason === "absent") return { kind: "absent" };
      return { kind: "unknown", why: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Lets the pod end. An envelope that is gone is success. */
  async release(podUid: string, signal: AbortSignal): Promise<void> {
    try {
      using envelope = await this.connect(podUid, COMPUTE_SOCKET, signal);
      await envelope.release(signal);
    } catch (error) {
      if (!(error instanceof EnvelopeError && error.reason === "absent")) throw error;
    }
  }

  #path(podUid: string, socket: string): string {
    const { kubeletRoot } = this.#options;
    return `${kubeletRoot}/pods/${podUid}/volumes/kubernetes.io~empty-dir/sockets/${socket}.sock`;
  }
}
