/** The agent's side: asks the cluster for a serving certificate of this node, and again before it ends. */
import type { KubeClient } from "../kube/client.ts";
import { CERTIFICATE_SIGNING_REQUESTS } from "../kube/core_resources.ts";
import { type Clock, sleep } from "../runtime/clock.ts";
import type { Logger } from "../runtime/log.ts";
import { lifeOf } from "./ca.ts";
import type { CertificateSigningRequest } from "./csr_signer.ts";
import { leafRenewalMs } from "./decide.ts";
import { NODE_SERVING_SIGNER, nodeCommonName } from "./node_request_decision.ts";
import { createSigningRequest, generateKeyPair, privateKeyPem } from "./signing_request.ts";
import type { KeyPairPem } from "./x509.ts";

const EXPIRATION_SECONDS = 24 * 3600;
const POLL_MS_MIN = 200;
const POLL_MS_MAX = 5_000;
/** A request that nobody answers for so long is given up and made anew. */
const ANSWER_TIMEOUT_MS = 5 * 60_000;
const RETRY_MS = 10_000;
/** A certificate that ends sooner than this is renewed at once, but not in a busy loop. */
const RENEW_MS_MIN = 10_000;

export interface NodeCertificateOptions {
  client: KubeClient;
  clock: Clock;
  log: Logger;
  nodeName: string;
  /** The addresses under which the agent is reached; each must be one of the Node object. */
  ips: readonly string[];
}

/** One request: makes a key that never leaves the process, waits for the certificate. Throws when it is denied. */
export async function requestNodeCertificate(
  options: NodeCertificateOptions,
  signal: AbortSignal,
): Promise<KeyPairPem> {
  const { client, nodeName, ips } = options;
  const keys = await generateKeyPair();
  const commonName = nodeCommonName(nodeName);
  const request = await createSigningRequest(keys, { commonName, names: { ip: ips } });
  const created = await client.create<CertificateSigningRequest>(CERTIFICATE_SIGNING_REQUESTS, {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { generateName: `denovirt-node-${nodeName}-` },
    spec: {
      request: btoa(request),
      signerName: NODE_SERVING_SIGNER,
      expirationSeconds: EXPIRATION_SECONDS,
      usages: ["digital signature", "server auth"],
    },
  }, { signal });
  const certificate = await waitForCertificate(options, created.metadata.name, signal);
  return { certificate, key: await privateKeyPem(keys.privateKey) };
}

/**
 * Yields a certificate at once and a new one at two thirds of each one's life. Failures are logged and tried again:
 * the old certificate goes on serving. Ends when the signal aborts.
 */
export async function* nodeCertificates(
  options: NodeCertificateOptions,
  signal: AbortSignal,
): AsyncGenerator<KeyPairPem> {
  while (!signal.aborted) {
    let credential: KeyPairPem;
    try {
      credential = await requestNodeCertificate(options, signal);
    } catch (error) {
      if (signal.aborted) return;
      options.log.warn("requesting node certificate failed", { error });
      await sleep(options.clock, RETRY_MS, signal);
      continue;
    }
    yield credential;
    const life = lifeOf(credential.certificate);
    const dueMs = life === undefined ? 0 : leafRenewalMs(life) - options.clock.now().getTime();
    await sleep(options.clock, Math.max(RENEW_MS_MIN, dueMs), signal);
  }
}

async function waitForCertificate(
  options: NodeCertificateOptions,
  name: string,
  signal: AbortSignal,
): Promise<string> {
  const { client, clock } = options;
  const endMs = clock.monotonicMs() + ANSWER_TIMEOUT_MS;
  for (let delayMs = POLL_MS_MIN;; delayMs = Math.min(2 * delayMs, POLL_MS_MAX)) {
    signal.throwIfAborted();
    const csr = await client.get<CertificateSigningRequest>(
      CERTIFICATE_SIGNING_REQUESTS,
      { name },
      { signal },
    );
    if (csr === undefined) throw new Error(`Cannot get certificate: ${name} was deleted`);
    const refusal = csr.status?.conditions?.find((condition) =>
      condition.type === "Denied" || condition.type === "Failed"
    );
    if (refusal !== undefined) {
      throw new Error(`Cannot get certificate: ${name} was refused: ${refusal.message}`);
    }
    const certificate = csr.status?.certificate;
    if (certificate !== undefined && certificate !== "") return atob(certificate);
    if (clock.monotonicMs() > endMs) {
      throw new Error(
        `Cannot get certificate: ${name} was not answered in ${ANSWER_TIMEOUT_MS} ms`,
      );
    }
    await sleep(clock, delayMs, signal);
  }
}
