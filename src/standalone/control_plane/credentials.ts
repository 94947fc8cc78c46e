/**
 * Who this machine's API server is, and the one administrator: an authority of its own in the data directory, a serving
 * certificate that is made anew at each start, and a kubeconfig with a client certificate.
 */
import { stringify } from "yaml";
import {
  CLOCK_SKEW_MS,
  createAuthority,
  issueLeaf,
  type KeyPairPem,
  readCertificate,
} from "../../certificates/x509.ts";
import { ADMIN_GROUP } from "../apiserver/access/identity.ts";

const DAY_MS = 24 * 60 * 60_000;
const AUTHORITY_LIFE_MS = 3_650 * DAY_MS;
/** Both are made anew at each start. */
const LEAF_LIFE_MS = 365 * DAY_MS;
/** An authority that ends sooner is replaced, and with it every kubeconfig. */
const AUTHORITY_LEFT_MS_MIN = LEAF_LIFE_MS;
const ADMIN = "denovirt:admin";
const CLUSTER = "denovirt";

export interface StandaloneCredentials {
  authority: KeyPairPem;
  serving: KeyPairPem;
  admin: KeyPairPem;
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
  const validity = {
    notBefore: new Date(nowMs - CLOCK_SKEW_MS),
    notAfter: new Date(nowMs + LEAF_LIFE_MS),
  };
  const isAddress = (text: string) => /^[\d.]+$/.test(text) || text.includes(":");
  const [serving, admin] = await Promise.all([
    issueLeaf(authority, {
      commonName: CLUSTER,
      usage: "server",
      names: {
        ip: addresses.filter(isAddress),
        dns: addresses.filter((address) => !isAddress(address)),
      },
      validity,
    }),
    issueLeaf(authority, {
      commonName: ADMIN,
      organization: ADMIN_GROUP,
      usage: "client",
      validity,
    }),
  ]);
  return { authority, serving, admin };
}

async function keptAuthority(directory: string, nowMs: number): Promise<KeyPairPem> {
  const [certificatePath, keyPath] = [`${directory}/ca.crt`, `${directory}/ca.key`];
  const kept = await read(certificatePath, keyPath);
  if (kept !== undefined) {
    const { notAfter } = readCertificate(kept.certificate);
    if (notAfter.getTime() - nowMs > AUTHORITY_LEFT_MS_MIN) return kept;
  }
  const made = await createAuthority("CN=denovirt", {
    notBefore: new Date(nowMs - CLOCK_SKEW_MS),
    notAfter: new Date(nowMs + AUTHORITY_LIFE_MS),
  });
  await writePrivately(keyPath, made.key);
  await writePrivately(certificatePath, made.certificate);
  return made;
}

async function read(certificate: string, key: string): Promise<KeyPairPem | undefined> {
  try {
    return {
      certificate: await Deno.readTextFile(certificate),
      key: await Deno.readTextFile(key),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** For kubectl and virtctl, of the administrator. */
export async function writeKubeconfig(
  path: string,
  { server, credentials }: { server: string; credentials: StandaloneCredentials },
): Promise<void> {
  const { admin, authority } = credentials;
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{
      name: CLUSTER,
      cluster: { server, "certificate-authority-data": btoa(authority.certificate) },
    }],
    users: [{
      name: "admin",
      user: {
        "client-certificate-data": btoa(admin.certificate),
        "client-key-data": btoa(admin.key),
      },
    }],
    contexts: [{ name: CLUSTER, context: { cluster: CLUSTER, user: "admin" } }],
    "current-context": CLUSTER,
  };
  await writePrivately(path, stringify(config, { lineWidth: 0 }));
}

/** Whole or not at all; nobody but root ever reads it. */
async function writePrivately(path: string, text: string): Promise<void> {
  const partial = `${path}.part`;
  await Deno.remove(partial).catch(() => {});
  await Deno.writeTextFile(partial, text, { mode: 0o600, createNew: true });
  await Deno.rename(partial, path);
}
