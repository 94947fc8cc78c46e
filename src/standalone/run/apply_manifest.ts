/** Creates what a manifest says, in a world that is empty. */
import {
  AlreadyExistsError,
  type KubeClient,
  KubeError,
  type Resource,
} from "../../kube/client.ts";
import { NAMESPACES } from "../../kube/core_resources.ts";
import { formatKey, keyOf, type KubeObject, type ObjectKey } from "../../kube/object.ts";
import { queryString, resourcePath } from "../../kube/resource_path.ts";
import { type Manifest, ManifestError, type ManifestObject } from "./manifest.ts";

export interface ApplyOptions {
  client: KubeClient;
  /** `undefined`: no such kind is served. */
  resourceOf: (apiVersion: string, kind: string) => Resource | undefined;
  /** Where objects go that name none. */
  namespace: string;
  say: (text: string) => void;
  signal: AbortSignal;
}

/**
 * The others first, in their order, then the guest. Namespaces that they name are made. Resolves with the guest's key.
 *
 * @throws ManifestError with what the API says about an object: its fields by their paths.
 */
export async function applyManifest(
  { guest, others }: Manifest,
  options: ApplyOptions,
): Promise<ObjectKey> {
  const made = new Set<string>();
  for (const object of [...others, guest]) {
    const { namespace = options.namespace } = object.metadata;
    if (object.kind !== "Namespace" && !made.has(namespace)) {
      await ensureNamespace(namespace, options);
      made.add(namespace);
    }
    const key = await create(object, namespace, options);
    options.say(`${object.kind} ${formatKey(key)} is created`);
    if (object === guest) return key;
  }
  throw new TypeError("Cannot apply a manifest: it has no guest");
}

/** Strictly: a field that is misspelt is refused, as kubectl does. */
async function create(
  object: ManifestObject,
  namespace: string,
  { client, resourceOf, signal }: ApplyOptions,
): Promise<ObjectKey> {
  const { apiVersion, kind } = object;
  const name = object.metadata.name ?? `${object.metadata.generateName}…`;
  const fail = (why: string, options?: ErrorOptions) =>
    new ManifestError(`Cannot create ${kind} ${name}: ${why}`, options);
  const resource = resourceOf(apiVersion, kind);
  if (resource === undefined) throw fail(`no such kind is served: got apiVersion ${apiVersion}`);
  const path = resourcePath(resource, { namespace }) + queryString({
    fieldManager: "denovirt-run",
    fieldValidation: "Strict",
  });
  try {
    return keyOf(await client.raw("POST", path, { body: object, signal }) as KubeObject);
  } catch (error) {
    if (error instanceof AlreadyExistsError && kind === "Namespace") return { name };
    if (!(error instanceof KubeError) || error.retriable) throw error;
    throw fail(error.status.message ?? error.message, { cause: error });
  }
}

async function ensureNamespace(name: string, { client, signal }: ApplyOptions): Promise<void> {
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
  try {
    await client.create(NAMESPACES, namespace, { signal });
  } catch (error) {
    if (!(error instanceof AlreadyExistsError)) throw error;
  }
}
