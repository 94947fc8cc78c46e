/** The identity of a kubelet, as a cluster gives it: a certificate for system:node:<name>, signed on request. */
import "reflect-metadata";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { generateKeyPair, privateKeyPem } from "../../src/certificates/signing_request.ts";
import type { CertificateSigningRequest } from "../../src/certificates/csr_signer.ts";
import type { Connection } from "../../src/kube/connection.ts";
import { CERTIFICATE_SIGNING_REQUESTS } from "../../src/kube/core_resources.ts";
import type { FetchClient } from "../../src/kube/fetch_client.ts";
import { waitUntil } from "../cluster/wait_until.ts";

const SIGNER = "kubernetes.io/kube-apiserver-client-kubelet";
const SIGNED_TIMEOUT_MS = 60_000;

/** Asked for and approved by the administrator, signed by kube-controller-manager. */
export async function kubeletConnection(
  admin: FetchClient,
  { connection, nodeName }: { connection: Connection; nodeName: string },
): Promise<Connection> {
  const keys = await generateKeyPair();
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: `O=system:nodes, CN=system:node:${nodeName}`,
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
  });
  const made = await admin.create<CertificateSigningRequest>(CERTIFICATE_SIGNING_REQUESTS, {
    metadata: { generateName: `kubelet-${nodeName}-` },
    spec: {
      request: btoa(request.toString("pem")),
      signerName: SIGNER,
      usages: ["digital signature", "client auth"],
    },
  });
  const key = { name: made.metadata.name };
  const condition = { type: "Approved", status: "True", reason: "Test", message: "by the test" };
  await admin.patch(CERTIFICATE_SIGNING_REQUESTS, key, { status: { conditions: [condition] } }, {
    subresource: "approval",
  });
  const signed = await waitUntil({
    what: `the certificate of kubelet ${nodeName}`,
    timeoutMs: SIGNED_TIMEOUT_MS,
    look: () => admin.get<CertificateSigningRequest>(CERTIFICATE_SIGNING_REQUESTS, key),
    until: (seen) => Boolean(seen?.status?.certificate),
    tell: (seen) => JSON.stringify(seen?.status),
  });
  await admin.delete(CERTIFICATE_SIGNING_REQUESTS, key);
  const { server, caCerts } = connection;
  return {
    server,
    caCerts,
    cert: atob(signed?.status?.certificate ?? ""),
    key: await privateKeyPem(keys.privateKey),
  };
}
