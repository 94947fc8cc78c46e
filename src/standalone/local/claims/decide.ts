/**
 * A claim on a machine whose disks are directories.
 *
 *   Pending --of our class--> directory, volume -> bound
 *      +-- asks for what a directory is not: ProvisioningFailed
 *   claim gone -> no pod uses it any more -> directory and volume removed
 */
import { parseBytes } from "../../../api/quantity.ts";
import type { KubeObject } from "../../../kube/object.ts";
import type { PersistentVolumeClaim } from "../../../resources/core_objects.ts";
import type { Decision } from "../../../runtime/reconciler.ts";

/** The class that claims without one have. */
export const LOCAL_CLASS = "local";
/** Who makes volumes of that class. */
export const LOCAL_PROVISIONER = "denovirt.io/local-directory";

export interface LocalClaim extends PersistentVolumeClaim {
  spec?: PersistentVolumeClaim["spec"] & {
    storageClassName?: string;
    volumeName?: string;
    dataSource?: unknown;
    dataSourceRef?: unknown;
    selector?: unknown;
  };
}

export interface LocalVolume extends KubeObject {
  spec?: { claimRef?: { uid?: string } };
  status?: { phase?: string };
}

export interface ClaimWorld {
  /** Of the claim; the volume is named for it. */
  claimUid: string;
  /** Absent: it was deleted. */
  claim?: LocalClaim;
  volume?: LocalVolume;
  hasDirectory: boolean;
  /** Pods of this machine that have it mounted, or will. */
  users: number;
}

export type ClaimAction =
  | { type: "make_directory"; sizeBytes: number }
  | { type: "create_volume"; claim: LocalClaim; size: string }
  | { type: "bind"; claim: LocalClaim; size: string }
  | { type: "remove_directory" }
  | { type: "delete_volume" };

export type ClaimDecision = Decision<ClaimAction, undefined>;

const RECHECK_MS = 5_000;
const NOTHING: ClaimDecision = { actions: [], status: undefined };

export function volumeName(claimUid: string): string {
  return `pvc-${claimUid}`;
}

export function decideClaim(world: ClaimWorld): ClaimDecision {
  const { claim } = world;
  return claim === undefined ? decideGone(world) : decideClaimed(world, claim);
}

function decideGone({ hasDirectory, users, volume }: ClaimWorld): ClaimDecision {
  if (users > 0) return { ...NOTHING, requeueAfterMs: RECHECK_MS };
  const actions: ClaimAction[] = [
    ...(hasDirectory ? [{ type: "remove_directory" } as const] : []),
    ...(volume === undefined ? [] : [{ type: "delete_volume" } as const]),
  ];
  return { actions, status: undefined };
}

function decideClaimed(world: ClaimWorld, claim: LocalClaim): ClaimDecision {
  const { spec, status, metadata } = claim;
  const storageClass = spec?.storageClassName ?? LOCAL_CLASS;
  const name = volumeName(world.claimUid);
  const isElsewhere = spec?.volumeName && spec.volumeName !== name;
  if (storageClass !== LOCAL_CLASS || isElsewhere || metadata.deletionTimestamp) return NOTHING;
  if (status?.phase === "Bound" && world.volume?.status?.phase === "Bound") return NOTHING;
  const refusal = whyNot(claim);
  if (refusal !== undefined) {
    const record = { type: "Warning", reason: "ProvisioningFailed", message: refusal } as const;
    return { ...NOTHING, events: [{ regarding: claim, ...record }] };
  }
  const size = spec?.resources?.requests?.["storage"] ?? "0";
  return {
    actions: [
      ...(world.hasDirectory
        ? []
        : [{ type: "make_directory", sizeBytes: parseBytes(size) } as const]),
      ...(world.volume === undefined ? [{ type: "create_volume", claim, size } as const] : []),
      { type: "bind", claim, size },
    ],
    status: undefined,
  };
}

function whyNot({ spec }: LocalClaim): string | undefined {
  if (spec?.volumeMode === "Block") return "Cannot make a block device: this class has directories";
  if (spec?.dataSource !== undefined || spec?.dataSourceRef !== undefined) {
    return "Cannot fill a volume from a dataSource: this class makes empty ones";
  }
  if (spec?.selector !== undefined) {
    return "Cannot select a volume by labels: this class makes one for each claim";
  }
  try {
    return parseBytes(spec?.resources?.requests?.["storage"] ?? "") > 0
      ? undefined
      : "Cannot make a volume without a size";
  } catch {
    return "Cannot make a volume: spec.resources.requests.storage must be a size";
  }
}
