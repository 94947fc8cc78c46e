/** Makes the directories that a pod's volumes are, and takes them away. */
import type { KubeClient } from "../../../kube/client.ts";
import { CONFIG_MAPS, PERSISTENT_VOLUME_CLAIMS, SECRETS } from "../../../kube/core_resources.ts";
import type { KubeObject } from "../../../kube/object.ts";
import type { PersistentVolumeClaim, Pod } from "../../../resources/core_objects.ts";
import { removeTree } from "../remove_tree.ts";
import { isPlainPath, type PlannedVolume, planVolumes, type ProjectedSource } from "./plan.ts";

const GROUP_SHARED = 0o2777;
const FILE_MODE = 0o440;
const DIRECTORY_MODE = 0o750;

/** Why a volume is not there, for the pod's event FailedMount. It may come to be. */
export class VolumeError extends Error {
  override name = "VolumeError";
}

export interface VolumePlaces {
  /** The kubelet's directory: emptyDirs are where the node agent looks for them. */
  kubeletRoot: string;
  /** On a file system in memory: secrets never reach a disk. */
  secretsRoot: string;
  /** Answers the directory of a bound claim; throws VolumeError. */
  claimDirectory: (claim: PersistentVolumeClaim) => Promise<string>;
}

export interface VolumesOptions {
  client: KubeClient;
  places: VolumePlaces;
  signal: AbortSignal;
}

interface Keyed extends KubeObject {
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
}

/** The directory of each volume on this machine, by its name. Idempotent. */
export async function makeVolumes(
  pod: Pod,
  options: VolumesOptions,
): Promise<ReadonlyMap<string, string>> {
  const { volumes, refusals } = planVolumes(pod);
  if (refusals.length > 0) throw new VolumeError(refusals.join("; "));
  const directories = new Map<string, string>();
  for (const volume of volumes) {
    directories.set(volume.name, await makeVolume(volume, pod, options));
  }
  return directories;
}

/** What {@link makeVolumes} has made; claims stay. Idempotent. */
export async function removeVolumes(
  podUid: string,
  { kubeletRoot, secretsRoot }: VolumePlaces,
): Promise<void> {
  for (const path of [`${secretsRoot}/${podUid}`, `${kubeletRoot}/pods/${podUid}`]) {
    await removeTree(path);
  }
}

async function makeVolume(
  volume: PlannedVolume,
  pod: Pod,
  options: VolumesOptions,
): Promise<string> {
  const { places } = options;
  const { uid } = pod.metadata;
  const group = Number(pod.spec.securityContext?.["fsGroup"] ?? 0);
  switch (volume.kind) {
    case "emptyDir": {
      const path =
        `${places.kubeletRoot}/pods/${uid}/volumes/kubernetes.io~empty-dir/${volume.name}`;
      await Deno.mkdir(path, { recursive: true });
      await Deno.chown(path, 0, group);
      await Deno.chmod(path, GROUP_SHARED);
      return path;
    }
    case "projected": {
      const files = new Map<string, Uint8Array>();
      for (const source of volume.sources) await collect(source, { files, pod, options });
      const path = `${places.secretsRoot}/${uid}/${volume.name}`;
      await writeFiles(path, files, group);
      return path;
    }
    case "claim":
      return await findClaim(volume.claimName, pod, options);
  }
}

async function findClaim(
  name: string,
  { metadata: { namespace } }: Pod,
  { client, places, signal }: VolumesOptions,
): Promise<string> {
  const key = { namespace: namespace ?? "default", name };
  const claim = await client.get<PersistentVolumeClaim>(PERSISTENT_VOLUME_CLAIMS, key, { signal });
  if (claim === undefined) throw new VolumeError(`persistentvolumeclaim "${name}" not found`);
  if (claim.status?.phase !== "Bound") {
    throw new VolumeError(`persistentvolumeclaim "${name}" is not bound yet`);
  }
  if (claim.spec?.volumeMode === "Block") {
    throw new VolumeError(`persistentvolumeclaim "${name}" is a block device: not supported here`);
  }
  return await places.claimDirectory(claim);
}

async function collect(
  source: ProjectedSource,
  { files, pod, options }: {
    files: Map<string, Uint8Array>;
    pod: Pod;
    options: VolumesOptions;
  },
): Promise<void> {
  const { kind, name, items, optional } = source;
  const resource = kind === "secret" ? SECRETS : CONFIG_MAPS;
  const key = { namespace: pod.metadata.namespace ?? "default", name };
  const object = await options.client.get<Keyed>(resource, key, { signal: options.signal });
  if (object === undefined) {
    if (optional) return;
    throw new VolumeError(`${kind.toLowerCase()} "${name}" not found`);
  }
  const contents = contentsOf(object, kind);
  const wanted = items ?? [...contents.keys()].map((path) => ({ key: path, path }));
  for (const { key: from, path } of wanted) {
    const content = contents.get(from);
    if (content === undefined) {
      if (optional) continue;
      throw new VolumeError(`${kind.toLowerCase()} "${name}" has no key ${from}`);
    }
    // Keys are such names; whoever serves them may not have looked.
    if (isPlainPath(path)) files.set(path, content);
  }
}

function contentsOf(object: Keyed, kind: ProjectedSource["kind"]): Map<string, Uint8Array> {
  const text = (value: string) => new TextEncoder().encode(value);
  const base64 = (value: string) => Uint8Array.fromBase64(value);
  const plain = kind === "secret" ? base64 : text;
  return new Map([
    ...Object.entries(object.data ?? {}).map(([key, value]) => [key, plain(value)] as const),
    ...Object.entries(object.binaryData ?? {}).map(([key, value]) => [key, base64(value)] as const),
  ]);
}

async function writeFiles(
  path: string,
  files: ReadonlyMap<string, Uint8Array>,
  group: number,
): Promise<void> {
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  await Deno.chown(path, 0, group);
  await Deno.chmod(path, DIRECTORY_MODE);
  for (const [name, content] of files) {
    const partial = `${path}/.${name}.part`;
    await Deno.writeFile(partial, content, { mode: 0o600 });
    await Deno.chown(partial, 0, group);
    await Deno.chmod(partial, FILE_MODE);
    await Deno.rename(partial, `${path}/${name}`);
  }
}
