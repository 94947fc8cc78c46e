/** Keeps the node's server up: a certificate from the cluster, the authorities that are believed in, and both renewed. */
import { readBundle } from "../certificates/bundle.ts";
import { nodeCertificates } from "../certificates/node_request.ts";
import { mintStranger } from "../certificates/stranger.ts";
import type { KubeClient } from "../kube/client.ts";
import { type Clock, sleep } from "../runtime/clock.ts";
import type { Logger } from "../runtime/log.ts";
import type { TlsCredential } from "../runtime/caller_proof.ts";
import { MutualTlsServer, type TlsTrust } from "../runtime/mutual_tls_server.ts";
import type { UnverifiableCallers } from "../runtime/unverifiable_callers.ts";
import { API_COMMON_NAME, isPublic, type NodeServer } from "./server.ts";

export interface ServeOptions {
  client: KubeClient;
  clock: Clock;
  log: Logger;
  server: NodeServer;
  nodeName: string;
  nodeIp: string;
  port: number;
  /** Of the installation: holds the authorities. */
  namespace: string;
  unverifiableCallers: UnverifiableCallers;
}

/** Before there are authorities nobody could be believed; after that they change rarely. */
const BUNDLE_WAIT_MS = 2_000;
const BUNDLE_CHECK_MS = 60_000;

/**
 * Serves until the signal aborts. Guests do not depend on it: it waits for certificates as long as it takes. Rejects when it has all
 * it needs and cannot begin to serve, whatever came last.
 */
export async function serve(options: ServeOptions, signal: AbortSignal): Promise<void> {
  const { client, clock, log, nodeIp, nodeName } = options;
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const served = new ServedTrust(options, either);
  const followCertificates = async () => {
    const request = { client, clock, log, nodeName, ips: [nodeIp] };
    for await (const { certificate, key } of nodeCertificates(request, either)) {
      await served.use({ certificate, key });
    }
  };
  const following = [served.followBundle(), followCertificates()];
  try {
    await Promise.all(following);
  } finally {
    over.abort();
    await Promise.allSettled(following);
    await served.close();
  }
}

/** Who the agent is and whom it believes, as far as it is known; it serves once both are. */
export class ServedTrust {
  readonly #options: ServeOptions;
  readonly #signal: AbortSignal;
  #credential: TlsCredential | undefined;
  #bundle: string[] = [];
  #server: MutualTlsServer | undefined;

  constructor(options: ServeOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async use(credential: TlsCredential): Promise<void> {
    this.#credential = credential;
    await this.#apply();
  }

  /** Reads the authorities again and again until the signal aborts. Rejects when it cannot begin to serve. */
  async followBundle(): Promise<void> {
    const { clock } = this.#options;
    const signal = this.#signal;
    while (!signal.aborted) {
      const bundle = await this.#readBundle();
      if (bundle.length > 0 && bundle.join() !== this.#bundle.join()) {
        this.#bundle = bundle;
        await this.#apply();
      }
      await sleep(clock, this.#bundle.length > 0 ? BUNDLE_CHECK_MS : BUNDLE_WAIT_MS, signal);
    }
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  /** None where they cannot be read: what is known of them stays. */
  async #readBundle(): Promise<string[]> {
    const { client, log, namespace } = this.#options;
    const signal = this.#signal;
    try {
      return await readBundle(client, { namespace, signal });
    } catch (error) {
      if (!signal.aborted) log.warn("reading the installation's authorities failed", { error });
      return [];
    }
  }

  async #apply(): Promise<void> {
    const { log, port, server, unverifiableCallers } = this.#options;
    if (this.#credential === undefined || this.#bundle.length === 0) return;
    const trust = {
      credential: this.#credential,
      clientCas: this.#bundle,
      allowedCommonNames: [API_COMMON_NAME],
    };
    if (this.#server !== undefined) return this.#reload(this.#server, trust);
    const listening = new MutualTlsServer({
      port,
      trust,
      stranger: mintStranger,
      unverifiableCallers,
      isPublic,
      handle: (request) => server.handle(request),
      upgrade: (request) => server.upgrade(request),
      onError: (message, error) => log.warn(message, { error }),
    });
    this.#server = listening;
    await listening.start();
    log.info("serving the control plane", { port: listening.port });
  }

  #reload(server: MutualTlsServer, trust: TlsTrust): void {
    try {
      server.reload(trust);
    } catch (error) {
      this.#options.log.warn("what is new cannot be served with: the old goes on", { error });
    }
  }
}
