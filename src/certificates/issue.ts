/** The certificates that the controller issues for itself. */
import { LEAF_LIFE_MS } from "./decide.ts";
import { CLOCK_SKEW_MS, issueLeaf, type KeyPairPem, readValidity, type Validity } from "./x509.ts";

/** Common name by which node agents know the controller. */
export const API_CLIENT_NAME = "kubevirt.io:virt-api";

/** The serving certificate of a Service: all names under which it is reached within a cluster. */
export function issueServiceCredential(
  authority: KeyPairPem,
  options: { service: string; namespace: string; nowMs: number },
): KeyPairPem {
  const { service, namespace, nowMs } = options;
  const name = `${service}.${namespace}.svc`;
  return issueLeaf(authority, {
    commonName: name,
    usage: "server",
    names: { dns: [name, `${service}.${namespace}`, service, `${name}.cluster.local`] },
    validity: leafValidity(authority, nowMs),
  });
}

/** What the controller shows to node agents. */
export function issueApiClientCredential(
  authority: KeyPairPem,
  nowMs: number,
): KeyPairPem {
  return issueLeaf(authority, {
    commonName: API_CLIENT_NAME,
    usage: "client",
    validity: leafValidity(authority, nowMs),
  });
}

/** A leaf never outlives its authority. */
export function leafValidity(
  authority: KeyPairPem,
  nowMs: number,
  lifeMs: number = LEAF_LIFE_MS,
): Validity {
  const { notAfter } = readValidity(authority.certificate);
  return {
    notBefore: new Date(nowMs - CLOCK_SKEW_MS),
    notAfter: new Date(Math.min(nowMs + lifeMs, notAfter.getTime())),
  };
}
