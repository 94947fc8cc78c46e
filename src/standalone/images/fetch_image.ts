/** Brings an image to this machine with skopeo: from a registry, or from an archive that lies in a directory. */
import { createHash } from "node:crypto";
import { CommandError, runCommand } from "../../node/run_command.ts";
import {
  formatImageReference,
  type ImageReference,
  isLoopbackRegistry,
} from "./image_reference.ts";

/** A disk image over a slow line. */
const FETCH_TIMEOUT_MS = 60 * 60_000;
const INSPECT_TIMEOUT_MS = 60_000;
const POLICY = "/etc/containers/policy.json";
const PROGRESS_INTERVAL_MS = 2_000;

export interface FetchOptions {
  /** Empty; where the image goes. */
  directory: string;
  /** An image that is larger is given up. */
  bytesMax: number;
  /** A file in containers-auth.json(5)'s form, for root alone. */
  authFile?: string | undefined;
  /** Told how much has come, from time to time. */
  onProgress?: ((bytes: number) => void) | undefined;
  /** How often that is looked at. @default {@link PROGRESS_INTERVAL_MS} */
  progressIntervalMs?: number;
  signal: AbortSignal;
}

/** Why an image did not come, in a person's words. */
export class FetchError extends Error {
  override name = "FetchError";
}

/** @throws FetchError */
export async function fetchImage(source: string, options: FetchOptions): Promise<void> {
  const tooLarge = new AbortController();
  const signal = AbortSignal.any([options.signal, tooLarge.signal]);
  const { progressIntervalMs: intervalMs = PROGRESS_INTERVAL_MS } = options;
  const look = async () => {
    const bytes = await sizeOf(options.directory);
    options.onProgress?.(bytes);
    if (bytes > options.bytesMax) tooLarge.abort();
  };
  // One look that fails is followed by others; in the end the size is asked for once more.
  const timer = setInterval(() => void look().catch(() => {}), intervalMs);
  try {
    const auth = options.authFile === undefined ? [] : ["--src-authfile", options.authFile];
    await skopeo([
      "copy",
      "--quiet",
      ...auth,
      ...tls(source, "--src-tls-verify=false"),
      source,
      `dir:${options.directory}`,
    ], { timeoutMs: FETCH_TIMEOUT_MS, signal });
    if (await sizeOf(options.directory) > options.bytesMax) tooLarge.abort();
  } catch (error) {
    options.signal.throwIfAborted();
    if (!tooLarge.signal.aborted) throw fetchError(error);
  } finally {
    clearInterval(timer);
  }
  if (tooLarge.signal.aborted) {
    throw new FetchError(`the image is larger than ${options.bytesMax} bytes`);
  }
}

/** The digest that a registry has under a name now. */
export async function currentDigest(
  source: string,
  { authFile, signal }: { authFile?: string | undefined; signal: AbortSignal },
): Promise<string> {
  const auth = authFile === undefined ? [] : ["--authfile", authFile];
  const command = ["inspect", "--raw", ...auth];
  try {
    const options = { timeoutMs: INSPECT_TIMEOUT_MS, signal };
    const { stdout } = await skopeo(
      [...command, ...tls(source, "--tls-verify=false"), source],
      options,
    );
    return `sha256:${createHash("sha256").update(stdout).digest("hex")}`;
  } catch (error) {
    signal.throwIfAborted();
    throw fetchError(error);
  }
}

/** As skopeo names it. */
export function registrySource(reference: ImageReference): string {
  return `docker://${formatImageReference(reference)}`;
}

function tls(source: string, flag: string): string[] {
  const host = /^docker:\/\/([^/]+)\//.exec(source)?.[1];
  const reference = { registry: host ?? "", repository: "" };
  return host !== undefined && isLoopbackRegistry(reference) ? [flag] : [];
}

async function skopeo(
  args: readonly string[],
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<{ stdout: string }> {
  // An administrator's rules about signatures hold; without any, as with every other client, there are none.
  const policy = await exists(POLICY) ? [] : ["--insecure-policy"];
  return await runCommand(["skopeo", ...policy, ...args], options);
}

function fetchError(error: unknown): FetchError {
  if (!(error instanceof CommandError)) {
    return new FetchError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  if (error.cause instanceof Deno.errors.NotFound) {
    return new FetchError("skopeo is not installed (Debian package skopeo)", { cause: error });
  }
  const said = /level=fatal msg="((?:[^"\\]|\\.)*)"/.exec(error.message)?.[1];
  return new FetchError(said?.replaceAll('\\"', '"') ?? error.message, { cause: error });
}

async function sizeOf(directory: string): Promise<number> {
  let bytes = 0;
  try {
    for await (const { name, isFile } of Deno.readDir(directory)) {
      if (isFile) {
        bytes += await Deno.stat(`${directory}/${name}`).then(({ size }) => size, () => 0);
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return bytes;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
