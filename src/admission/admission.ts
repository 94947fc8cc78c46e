/** The HTTP shell of the webhooks: reads a review, asks the function of its path, answers. */
import { SYSTEM_CLOCK } from "../runtime/clock.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/log.ts";
import type { TlsRequest, TlsResponse } from "../runtime/mutual_tls_server.ts";
import type { ClusterDefaults } from "../resources/cluster_defaults.ts";
import type { AdmissionLookups } from "./lookups.ts";
import {
  type AdmissionRequest,
  type AdmissionVerdict,
  parseReview,
  reviewResponse,
} from "./admission_review.ts";
import type { SizeLookup } from "./size_lookup.ts";
import { WEBHOOKS } from "./webhooks.ts";

export interface AdmissionOptions {
  /** The cluster's settings as they are now. */
  cluster: () => ClusterDefaults;
  installationUsers: readonly string[];
  lookups: AdmissionLookups;
  sizes: SizeLookup;
  logger: Logger;
  /** @default the system's clock */
  clock?: Clock;
}

/** True for the paths that {@link Admission} answers. The API server calls them without a client certificate. */
export function isWebhookPath(path: string): boolean {
  return Object.hasOwn(WEBHOOKS, path);
}

export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  async handle(request: TlsRequest): Promise<TlsResponse> {
    if (!isWebhookPath(request.path)) return { status: 404, body: "no such webhook" };
    if (request.method !== "POST") return { status: 405, body: "must be POST" };
    const review = parseReview(request.body);
    if (review === undefined) return { status: 400, body: "must be an AdmissionReview v1" };
    const verdict = await this.review(request.path, review);
    this.#options.logger.debug("admission answered", {
      path: request.path,
      object: `${review.namespace}/${review.name}`,
      allowed: verdict.allowed,
    });
    return {
      status: 200,
      headers: { "content-type": "application/json" },
      body: reviewResponse(review.uid, verdict),
    };
  }

  /** What the webhook of a path says: also where API server and webhooks share a process. */
  async review(path: string, request: AdmissionRequest): Promise<AdmissionVerdict> {
    const webhook = WEBHOOKS[path];
    if (webhook === undefined) throw new TypeError(`Cannot review: no webhook has path ${path}`);
    const { cluster, installationUsers, lookups, sizes, clock = SYSTEM_CLOCK } = this.#options;
    return await webhook(request, {
      cluster: cluster(),
      now: clock.now().toISOString().replace(/\.\d+Z$/, "Z"),
      uuid: crypto.randomUUID(),
      serial: crypto.randomUUID(),
      installationUsers,
      lookups,
      sizes,
    });
  }
}
