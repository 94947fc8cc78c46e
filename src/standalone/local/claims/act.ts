import { AlreadyExistsError, type KubeClient } from "../../../kube/client.ts";
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES } from "../../../kube/core_resources.ts";
import { keyOf } from "../../../kube/object.ts";
import { removeTree } from "../remove_tree.ts";
import {
  type ClaimAction,
  type ClaimWorld,
  LOCAL_CLASS,
  LOCAL_PROVISIONER,
  type LocalClaim,
  volumeName,
} from "./decide.ts";

/** What a claim's file system holds: the disk of a guest. */
const DISK_NAME = "disk.img";
/** Who runs guests. */
const GUEST = { uid: 107, gid: 107 };

export interface ClaimActorOptions {
  client: KubeClient;
  /** Root's alone; a directory for each claim. */
  directory: string;
  nodeName: string;
}

export async function actOnClaim(
  action: ClaimAction,
  world: ClaimWorld,
  { client, directory, nodeName, signal }: ClaimActorOptions & { signal: AbortSignal },
): Promise<void> {
  const name = volumeName(world.claimUid);
  const path = `${directory}/${name}`;
  switch (action.type) {
    case "make_directory":
      return await makeDirectory(path, action.sizeBytes);
    case "create_volume":
      return await createVolume(action, { client, path, nodeName, signal });
    case "bind":
      return await bind(action, { client, name, signal });
    case "remove_directory":
      return await removeTree(path);
    case "delete_volume":
      return void await client.delete(PERSISTENT_VOLUMES, { name }, { signal });
  }
}

/** Whole or not there at all. The disk is sparse: it takes what the guest writes. */
async function makeDirectory(path: string, sizeBytes: number): Promise<void> {
  const partial = `${path}.part`;
  await removeTree(partial);
  await Deno.mkdir(partial, { recursive: true, mode: 0o770 });
  const disk = `${partial}/${DISK_NAME}`;
  {
    using file = await Deno.open(disk, { createNew: true, write: true, mode: 0o660 });
    await file.truncate(sizeBytes);
  }
  for (const each of [disk, partial]) await Deno.chown(each, GUEST.uid, GUEST.gid);
  await Deno.rename(partial, path);
}

async function createVolume(
  { claim, size }: { claim: LocalClaim; size: string },
  { client, path, nodeName, signal }: {
    client: KubeClient;
    path: string;
    nodeName: string;
    signal: AbortSignal;
  },
): Promise<void> {
  const { name, namespace, uid } = claim.metadata;
  const volume = {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: {
      name: volumeName(uid),
      annotations: { "pv.kubernetes.io/provisioned-by": LOCAL_PROVISIONER },
    },
    spec: {
      capacity: { storage: size },
      accessModes: claim.spec?.accessModes ?? ["ReadWriteOnce"],
      persistentVolumeReclaimPolicy: "Delete",
      storageClassName: LOCAL_CLASS,
      volumeMode: "Filesystem",
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid },
      local: { path },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{
            matchExpressions: [{
              key: "kubernetes.io/hostname",
              operator: "In",
              values: [nodeName],
            }],
          }],
        },
      },
    },
  };
  try {
    await client.create(PERSISTENT_VOLUMES, volume, { signal });
  } catch (error) {
    if (!(error instanceof AlreadyExistsError)) throw error;
  }
}

/** Each half may have been done before, also by a controller manager. */
async function bind(
  { claim, size }: { claim: LocalClaim; size: string },
  { client, name, signal }: { client: KubeClient; name: string; signal: AbortSignal },
): Promise<void> {
  const status = { subresource: "status", signal };
  const key = keyOf(claim);
  const { uid } = claim.metadata;
  await client.patch(PERSISTENT_VOLUMES, { name }, { status: { phase: "Bound" } }, status);
  if (!claim.spec?.volumeName) {
    const annotations = { "pv.kubernetes.io/bind-completed": "yes" };
    const patch = { metadata: { uid, annotations }, spec: { volumeName: name } };
    await client.patch(PERSISTENT_VOLUME_CLAIMS, key, patch, { signal });
  }
  const bound = {
    phase: "Bound",
    accessModes: claim.spec?.accessModes ?? ["ReadWriteOnce"],
    capacity: { storage: size },
  };
  await client.patch(PERSISTENT_VOLUME_CLAIMS, key, { metadata: { uid }, status: bound }, status);
}
