/** The authority in the cluster: created once, rotated by whichever replica comes first, published as a bundle. */
import {
  AlreadyExistsError,
  ConflictError,
  type KubeClient,
  NotFoundError,
} from "../kube/client.ts";
import { CONFIG_MAPS, SECRETS } from "../kube/core_resources.ts";
import type { KubeObject } from "../kube/object.ts";
import {
  advanceAuthority,
  type Authority,
  AUTHORITY_NAME,
  authorityData,
  type AuthoritySecret,
  BUNDLE_KEY,
  bundleOf,
  dueAction,
  readAuthority,
} from "./ca.ts";

/** Each round that loses a race has been overtaken by a writer, so a few are enough. */
const ROUNDS_MAX = 5;
const FIELD_MANAGER = "denovirt-certificates";
const LABELS = { "app.kubernetes.io/managed-by": "denovirt" };

export interface CertificateStoreOptions {
  client: KubeClient;
  namespace: string;
  now: () => Date;
}

interface BundleConfigMap extends KubeObject {
  data?: Record<string, string>;
}

/** Safe between replicas: the API server's resourceVersion decides who wins, the loser reads again. */
export class CertificateStore {
  readonly #options: CertificateStoreOptions;

  constructor(options: CertificateStoreOptions) {
    this.#options = options;
  }

  /** The authority that signs now, after whatever was due has been done; its bundle is published. */
  async ensure(signal: AbortSignal): Promise<{ authority: Authority; bundle: string }> {
    const authority = await this.#ensureAuthority(signal);
    const bundle = bundleOf(authority, this.#options.now().getTime());
    await this.#publish(bundle, signal);
    return { authority, bundle };
  }

  async #ensureAuthority(signal: AbortSignal): Promise<Authority> {
    const { client, namespace } = this.#options;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const key = { namespace, name: AUTHORITY_NAME };
      const secret = await client.get<AuthoritySecret>(SECRETS, key, { signal });
      const found = readAuthority(secret);
      const nowMs = this.#options.now().getTime();
      const action = dueAction(found, nowMs);
      if (action === "keep" && found !== undefined) return found;
      const wanted = await advanceAuthority(found, { action, nowMs });
      if (wanted === undefined) continue;
      if (await this.#write(secret, { authority: wanted, signal })) return wanted;
    }
    throw new Error(
      `Cannot keep secret ${namespace}/${AUTHORITY_NAME}: lost ${ROUNDS_MAX} races in a row`,
    );
  }

  /** False when somebody else was faster. */
  async #write(
    secret: AuthoritySecret | undefined,
    options: { authority: Authority; signal: AbortSignal },
  ): Promise<boolean> {
    const { client, namespace } = this.#options;
    const data = authorityData(options.authority);
    const how = { signal: options.signal, fieldManager: FIELD_MANAGER };
    try {
      if (secret === undefined) {
        const object = {
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name: AUTHORITY_NAME, namespace, labels: LABELS },
          type: "kubernetes.io/tls",
          data,
        };
        await client.create(SECRETS, object, { ...how, namespace });
      } else await client.update(SECRETS, { ...secret, data }, how);
      return true;
    } catch (error) {
      if (isLostRace(error)) return false;
      throw error;
    }
  }

  async #publish(bundle: string, signal: AbortSignal): Promise<void> {
    const { client, namespace } = this.#options;
    const key = { namespace, name: AUTHORITY_NAME };
    const found = await client.get<BundleConfigMap>(CONFIG_MAPS, key, { signal });
    if (found?.data?.[BUNDLE_KEY] === bundle) return;
    const how = { signal, fieldManager: FIELD_MANAGER };
    try {
      if (found === undefined) {
        const metadata = { name: AUTHORITY_NAME, namespace, labels: LABELS };
        const object = {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata,
          data: { [BUNDLE_KEY]: bundle },
        };
        await client.create(CONFIG_MAPS, object, { ...how, namespace });
      } else {
        const metadata = { resourceVersion: found.metadata.resourceVersion };
        await client.patch(CONFIG_MAPS, key, { metadata, data: { [BUNDLE_KEY]: bundle } }, how);
      }
    } catch (error) {
      // Whoever was faster published from the same Secret; the next look settles what is left.
      if (!isLostRace(error)) throw error;
    }
  }
}

function isLostRace(error: unknown): boolean {
  return error instanceof AlreadyExistsError || error instanceof ConflictError ||
    error instanceof NotFoundError;
}
