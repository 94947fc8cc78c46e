/** Reads what a cloud-init volume refers to: inline text, base64, or a secret that the kubelet mounted into the pod. */
import type { CloudInitNoCloudSource } from "../../api/cloud_init.ts";
import type { CloudInitData } from "./cloud_init.ts";
import { type PlannedSeed, SECRETS_PATH } from "./plan.ts";

/** Reads a file of the pod's compute container; `undefined`: there is none. */
export type ReadPodFile = (path: string, signal: AbortSignal) => Promise<Uint8Array | undefined>;

/** The keys a secret may hold its data under: KubeVirt knows both spellings. */
const USER_DATA_KEYS = ["userdata", "userData"] as const;
const NETWORK_DATA_KEYS = ["networkdata", "networkData"] as const;

/** Inline data first, as in KubeVirt; then base64; then the secret. */
export async function readSeedData(
  seed: PlannedSeed,
  { read, signal }: { read: ReadPodFile; signal: AbortSignal },
): Promise<CloudInitData> {
  const { source } = seed;
  const inline = {
    userData: decode(source.userData, source.userDataBase64, "userDataBase64"),
    networkData: decode(source.networkData, source.networkDataBase64, "networkDataBase64"),
  };
  const secret = (keys: readonly string[]) => readSecret(seed.volumeName, { keys, read, signal });
  return {
    userData: inline.userData ??
      (await required(source.secretRef, "secretRef", () => secret(USER_DATA_KEYS))),
    networkData: inline.networkData ??
      (await required(
        source.networkDataSecretRef,
        "networkDataSecretRef",
        () => secret(NETWORK_DATA_KEYS),
      )) ??
      // One secret may hold both.
      (source.secretRef === undefined ? undefined : await secret(NETWORK_DATA_KEYS)),
  };
}

async function required(
  reference: CloudInitNoCloudSource["secretRef"],
  field: string,
  load: () => Promise<Uint8Array | undefined>,
): Promise<Uint8Array | undefined> {
  if (reference === undefined) return undefined;
  const data = await load();
  if (data === undefined) {
    throw new Error(
      `Cannot read cloud-init data: secret ${
        reference.name ?? ""
      } of ${field} has none of its keys`,
    );
  }
  return data;
}

async function readSecret(
  volumeName: string,
  { keys, read, signal }: { keys: readonly string[]; read: ReadPodFile; signal: AbortSignal },
): Promise<Uint8Array | undefined> {
  for (const key of keys) {
    const data = await read(`${SECRETS_PATH}/${volumeName}/${key}`, signal);
    if (data !== undefined) return data;
  }
  return undefined;
}

function decode(
  text: string | undefined,
  base64: string | undefined,
  field: string,
): Uint8Array | undefined {
  if (text) return new TextEncoder().encode(text);
  if (!base64) return undefined;
  try {
    return Uint8Array.from(atob(base64.replace(/\s/g, "")), (byte) => byte.charCodeAt(0));
  } catch {
    // The cause would repeat the data.
    throw new Error(`Cannot read cloud-init data: ${field} must be base64`);
  }
}
