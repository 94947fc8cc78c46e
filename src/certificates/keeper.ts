/** Keeps the controller's certificates fresh: looks at the cluster's authority again and again, and tells when something changed. */
import { type Clock, sleep } from "../runtime/clock.ts";
import type { Logger } from "../runtime/log.ts";
import type { KubeClient } from "../kube/client.ts";
import { injectBundle, type InjectionTargets } from "./ca_injection.ts";
import { type Authority, lifeOf } from "./ca.ts";
import { decideLeaf } from "./decide.ts";
import { issueApiClientCredential, issueServiceCredential } from "./issue.ts";
import type { CertificateStore } from "./store.ts";
import { isSignedBy, type KeyPairPem, splitBundle } from "./x509.ts";

/** A webhook configuration that was just installed is refused until its bundle is in, so this is short. */
const INTERVAL_MS = 5_000;

/** What the controller shows, and whom it believes. */
export interface ControllerCertificates {
  /** Of the Service that the API server calls. */
  serving: KeyPairPem;
  /** Shown to node agents. */
  client: KeyPairPem;
  /** The installation's authorities, one PEM each. */
  authorities: readonly string[];
}

export interface CertificateKeeperOptions {
  client: KubeClient;
  store: CertificateStore;
  service: string;
  namespace: string;
  targets: InjectionTargets;
  clock: Clock;
  logger: Logger;
}

export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  #current: ControllerCertificates | undefined;

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
  }

  /** Throws before the first {@link refresh}. */
  get current(): ControllerCertificates {
    if (this.#current !== undefined) return this.#current;
    throw new Error("Cannot show certificates: none were made yet");
  }

  /** One look. @returns whether the certificates are others than before */
  async refresh(signal: AbortSignal): Promise<boolean> {
    const { client, store, targets, logger } = this.#options;
    const { authority, bundle } = await store.ensure(signal);
    const before = this.#current;
    this.#current = this.#renewed(authority, splitBundle(bundle));
    const injected = await injectBundle(client, { targets, bundle, signal });
    if (injected.length > 0) logger.info("authorities published", { objects: injected });
    return this.#current !== before;
  }

  /** Looks until the signal aborts; failures are logged, the old certificates stay. */
  async run(signal: AbortSignal, onChange: () => void): Promise<void> {
    const { clock, logger } = this.#options;
    for (;;) {
      await sleep(clock, INTERVAL_MS, signal);
      if (signal.aborted) return;
      try {
        if (await this.refresh(signal)) onChange();
      } catch (error) {
        if (!signal.aborted) logger.warn("refreshing certificates failed", { error });
      }
    }
  }

  #renewed(
    authority: Authority,
    authorities: readonly string[],
  ): ControllerCertificates {
    const { service, namespace, clock } = this.#options;
    const nowMs = clock.now().getTime();
    const before = this.#current;
    const serving = this.#keep(before?.serving, authority) ??
      issueServiceCredential(authority.current, { service, namespace, nowMs });
    const client = this.#keep(before?.client, authority) ??
      issueApiClientCredential(authority.current, nowMs);
    const isSame = serving === before?.serving && client === before.client &&
      authorities.join() === before.authorities.join();
    return isSame ? before : { serving, client, authorities };
  }

  /** The credential, unless it is due or another authority signs now. */
  #keep(
    credential: KeyPairPem | undefined,
    authority: Authority,
  ): KeyPairPem | undefined {
    if (credential === undefined) return undefined;
    const nowMs = this.#options.clock.now().getTime();
    const current = lifeOf(credential.certificate);
    if (decideLeaf({ nowMs, current }) === "renew") return undefined;
    const isCurrent = isSignedBy(credential.certificate, authority.current.certificate);
    return isCurrent ? credential : undefined;
  }
}
