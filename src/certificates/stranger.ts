/** The caller of {@link MutualTlsServer}'s proof: right in everything but the signature. */
import type { Stranger } from "../runtime/caller_proof.ts";
import type { TlsTrust } from "../runtime/mutual_tls_server.ts";
import { CLOCK_SKEW_MS, createAuthority, issueLeaf } from "./x509.ts";

const VALIDITY_MS = 60 * 60_000;

/** Mints an authority that bears the name of a trusted one, and a client certificate with an allowed name from it. */
export function mintStranger(trust: TlsTrust): Stranger {
  const now = Date.now();
  const validity = {
    notBefore: new Date(now - CLOCK_SKEW_MS),
    notAfter: new Date(now + VALIDITY_MS),
  };
  const trusted = trust.clientCas[0];
  const subject = trusted === undefined ? "stranger" : { of: trusted };
  const authority = createAuthority(subject, validity);
  const commonName = trust.allowedCommonNames[0] ?? "stranger";
  const credential = issueLeaf(authority, { commonName, usage: "client", validity });
  return { credential, authority: authority.certificate };
}
