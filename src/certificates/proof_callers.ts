/** Callers for {@link MutualTlsServer}'s proof: one to be recognised, and one who is right in everything but the signature. */
import type { ProofCallers, TlsCredential, TlsTrust } from "../runtime/mutual_tls_server.ts";
import {
  CLOCK_SKEW_MS,
  createAuthority,
  issueLeaf,
  type KeyPairPem,
  readCertificate,
} from "./x509.ts";

const VALIDITY_MS = 60 * 60_000;

/** Mints both, with authorities of their own. */
export async function mintProofCallers(trust: TlsTrust): Promise<ProofCallers> {
  const [stranger, friend] = await Promise.all([mintStranger(trust), mintFriend(trust)]);
  return { stranger, ...friend };
}

/** Mints an authority that bears the name of a trusted one, and a client certificate with an allowed name from it. */
export async function mintStranger(trust: TlsTrust): Promise<TlsCredential> {
  const trusted = trust.clientCas[0];
  const subject = trusted === undefined ? "CN=stranger" : readCertificate(trusted).subject;
  return await clientOf(await createAuthority(subject, validity()), trust);
}

async function mintFriend(trust: TlsTrust): Promise<Omit<ProofCallers, "stranger">> {
  const authority = await createAuthority("CN=proof", validity());
  return { friend: await clientOf(authority, trust), friendCa: authority.certificate };
}

async function clientOf(authority: KeyPairPem, trust: TlsTrust): Promise<TlsCredential> {
  const commonName = trust.allowedCommonNames[0] ?? "proof";
  return await issueLeaf(authority, { commonName, usage: "client", validity: validity() });
}

function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - CLOCK_SKEW_MS), notAfter: new Date(now + VALIDITY_MS) };
}
