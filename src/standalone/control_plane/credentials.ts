/**
 * Who this machine's API server is, and the one administrator: an authority of its own in the data directory, a serving
 * certificate, and a kubeconfig with a client certificate. What makes certificates takes longer to load than the API server
 * to start, so they are kept, and it is loaded when one is to be made.
 */
import { X509Certificate } from "node:crypto";
import type { KeyPairPem, LeafRequest } from "../../certificates/x509.ts";
import { ADMIN_GROUP, READ_ONLY_GROUP } from "../apiserver/access/identity.ts";

const DAY_MS = 24 * 60 * 60_000;
const AUTHORITY_LIFE_MS = 3_650 * DAY_MS;
const LEAF_LIFE_MS = 730 * DAY_MS;
/** One that ends sooner is made anew at a start: no process runs for longer. */
const LEAF_LEFT_MS_MIN = 365 * DAY_MS;
/** An authority that ends sooner is replaced, and with it every kubeconfig. */
const AUTHORITY_LEFT_MS_MIN = LEAF_LIFE_MS;
const ADMIN = "denovirt:admin";
const VIEWER = "denovirt:viewer";
const CLUSTER = "denovirt";

export interface StandaloneCredentials {
  authority: KeyPairPem;
  serving: KeyPairPem;
  admin: KeyPairPem;
  /** Reads everything but secrets. */
  viewer: KeyPairPem;
}

export interface CredentialOptions {
  /** Root's alone. */
  directory: string;
  /** Names and addresses that the server is reached at. */
  addresses: readonly string[];
  nowMs: number;
}

export async function standaloneCredentials(
  { directory, addresses, nowMs }: CredentialOptions,
): Promise<StandaloneCredentials> {
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const authority = await keptAuthority(directory, nowMs);
  const isAddress = (text: string) => /^[\d.]+$/.test(text) || text.includes(":");
  const [serving, admin, viewer] = await Promise.all([
    keptLeaf({
      path: `${directory}/serving.pem`,
      authority,
      request: {
        commonName: CLUSTER,
        usage: "server",
        names: {
          ip: addresses.filter(isAddress),
          dns: addresses.filter((address) => !isAddress(address)),
        },
      },
      nowMs,
    }),
    keptLeaf({
      path: `${directory}/admin.pem`,
      authority,
      request: { commonName: ADMIN, organization: ADMIN_GROUP, usage: "client" },
      nowMs,
    }),
    keptLeaf({
      path: `${directory}/viewer.pem`,
      authority,
      request: { commonName: VIEWER, organization: READ_ONLY_GROUP, usage: "client" },
      nowMs,
    }),
  ]);
  return { authority, serving, admin, viewer };
}

async function keptAuthority(directory: string, nowMs: number): Promise<KeyPairPem> {
  const [certificatePath, keyPath] = [`${directory}/ca.crt`, `${directory}/ca.key`];
  const kept = await read(certificatePath, keyPath);
  if (kept !== undefined && leftMs(kept, nowMs) > AUTHORITY_LEFT_MS_MIN) return kept;
  const { CLOCK_SKEW_MS, createAuthority } = await import("../../certificates/x509.ts");
  const made = createAuthority("denovirt", {
    notBefore: new Date(nowMs - CLOCK_SKEW_MS),
    notAfter: new Date(nowMs + AUTHORITY_LIFE_MS),
  });
  await writePrivately(keyPath, made.key);
  await writePrivately(certificatePath, made.certificate);
  return made;
}

interface Leaf {
  /** Of one file, so that certificate and key are never of different ones. */
  path: string;
  authority: KeyPairPem;
  request: Omit<LeafRequest, "validity">;
  nowMs: number;
}

async function keptLeaf(leaf: Leaf): Promise<KeyPairPem> {
  const { authority, nowMs, path, request } = leaf;
  const madeFor = await purposeOf(leaf);
  const kept = await readLeaf(path, madeFor);
  if (kept !== undefined && leftMs(kept, nowMs) > LEAF_LEFT_MS_MIN) return kept;
  const { CLOCK_SKEW_MS, issueLeaf } = await import("../../certificates/x509.ts");
  const validity = {
    notBefore: new Date(nowMs - CLOCK_SKEW_MS),
    notAfter: new Date(nowMs + LEAF_LIFE_MS),
  };
  const made = issueLeaf(authority, { ...request, validity });
  await writePrivately(path, `${madeFor}\n${made.certificate}\n${made.key}`);
  return made;
}

/**
 * What a certificate is made for: who signs it, and what it says. A file begins with it, so that a start compares a line instead of
 * reading certificates, for which Deno 2.6 has too little and a library takes too long to load.
 */
async function purposeOf({ authority, request }: Leaf): Promise<string> {
  const text = new TextEncoder().encode(authority.certificate);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text)).toHex();
  return JSON.stringify({ authority: digest, ...request });
}

function leftMs({ certificate }: KeyPairPem, nowMs: number): number {
  return new X509Certificate(certificate).validToDate.getTime() - nowMs;
}

/** `undefined`: not there, not whole, or made for something else. */
async function readLeaf(path: string, madeFor: string): Promise<KeyPairPem | undefined> {
  const text = await readText(path);
  const [, purpose, certificate, key] = LEAF.exec(text ?? "") ?? [];
  if (purpose !== madeFor || certificate === undefined || key === undefined) return undefined;
  return { certificate, key };
}

const LEAF =
  /^(\{.+\})\n(-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----)\n(-----BEGIN PRIVATE KEY-----\n[^]+-----END PRIVATE KEY-----)$/;

async function read(
  certificatePath: string,
  keyPath: string,
): Promise<KeyPairPem | undefined> {
  const [certificate, key] = [await readText(certificatePath), await readText(keyPath)];
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** For kubectl and virtctl, of one of the two who are known. */
export async function writeKubeconfig(
  path: string,
  { server, credentials, user }: {
    server: string;
    credentials: StandaloneCredentials;
    user: "admin" | "viewer";
  },
): Promise<void> {
  const { authority, [user]: leaf } = credentials;
  // Nothing in it needs more quoting than JSON's.
  const config = `apiVersion: v1
kind: Config
clusters:
  - name: ${CLUSTER}
    cluster:
      server: ${JSON.stringify(server)}
      certificate-authority-data: ${btoa(authority.certificate)}
users:
  - name: ${user}
    user:
      client-certificate-data: ${btoa(leaf.certificate)}
      client-key-data: ${btoa(leaf.key)}
contexts:
  - name: ${CLUSTER}
    context:
      cluster: ${CLUSTER}
      user: ${user}
current-context: ${CLUSTER}
`;
  await writePrivately(path, config);
}

/** Whole or not at all; nobody but root ever reads it. */
async function writePrivately(path: string, text: string): Promise<void> {
  const partial = `${path}.part`;
  await Deno.remove(partial).catch(() => {});
  await Deno.writeTextFile(partial, text, { mode: 0o600, createNew: true });
  await Deno.rename(partial, path);
}
