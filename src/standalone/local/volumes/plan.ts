/** What a pod's volumes are made of on this machine: pure. */
import type { Pod, PodVolume } from "../../../resources/core_objects.ts";

/** An object whose keys become files. */
export interface ProjectedSource {
  kind: "secret" | "configMap";
  name: string;
  /** Absent: every key, under its own name. */
  items?: readonly { key: string; path: string }[];
  optional: boolean;
}

export type PlannedVolume =
  | { name: string; kind: "emptyDir" }
  | { name: string; kind: "projected"; plugin: string; sources: readonly ProjectedSource[] }
  | { name: string; kind: "claim"; claimName: string; readOnly: boolean };

export interface VolumesPlan {
  volumes: readonly PlannedVolume[];
  /** Each a reason why the pod cannot run here. */
  refusals: readonly string[];
}

interface KeyedSource {
  name?: string;
  secretName?: string;
  items?: { key: string; path: string }[];
  optional?: boolean;
}

export function planVolumes({ spec }: Pod): VolumesPlan {
  const refusals: string[] = [];
  const volumes: PlannedVolume[] = [];
  for (const volume of spec.volumes ?? []) {
    const planned = planVolume(volume);
    if (typeof planned === "string") refusals.push(planned);
    else volumes.push(planned);
  }
  return { volumes, refusals };
}

function planVolume(volume: PodVolume): PlannedVolume | string {
  const { name } = volume;
  if (volume["emptyDir"] !== undefined) return { name, kind: "emptyDir" };
  const claim = volume["persistentVolumeClaim"] as
    | { claimName: string; readOnly?: boolean }
    | undefined;
  if (claim !== undefined) {
    return { name, kind: "claim", claimName: claim.claimName, readOnly: claim.readOnly === true };
  }
  const secret = volume["secret"] as KeyedSource | undefined;
  if (secret !== undefined) {
    return projected(name, "kubernetes.io~secret", [
      source("secret", { ...secret, name: secret.secretName ?? "" }),
    ]);
  }
  const configMap = volume["configMap"] as KeyedSource | undefined;
  if (configMap !== undefined) {
    return projected(name, "kubernetes.io~configmap", [source("configMap", configMap)]);
  }
  const all = volume["projected"] as { sources?: Record<string, KeyedSource>[] } | undefined;
  if (all !== undefined) return planProjected(name, all.sources ?? []);
  const kind = Object.keys(volume).find((key) => key !== "name") ?? "nothing";
  return `volume ${name}: ${kind} is not supported on this machine`;
}

function planProjected(
  name: string,
  sources: readonly Record<string, KeyedSource>[],
): PlannedVolume | string {
  const planned: ProjectedSource[] = [];
  for (const each of sources) {
    const { secret, configMap } = each;
    if (secret !== undefined) planned.push(source("secret", secret));
    else if (configMap !== undefined) planned.push(source("configMap", configMap));
    else {
      return `volume ${name}: ${Object.keys(each)[0]} cannot be projected on this machine`;
    }
  }
  return projected(name, "kubernetes.io~projected", planned);
}

function projected(
  name: string,
  plugin: string,
  sources: readonly ProjectedSource[],
): PlannedVolume | string {
  const odd = sources.flatMap(({ items = [] }) => items).find(({ path }) => !isPlainPath(path));
  if (odd !== undefined) return `volume ${name}: a path must be plain: got ${odd.path}`;
  return { name, kind: "projected", plugin, sources };
}

/** One name, as keys have: what leads elsewhere is nobody's need here. */
export function isPlainPath(path: string): boolean {
  return /^[A-Za-z0-9._-]{1,253}$/.test(path) && path !== "." && path !== "..";
}

function source(
  kind: ProjectedSource["kind"],
  { name = "", items, optional = false }: KeyedSource,
): ProjectedSource {
  return { kind, name, optional, ...(items === undefined ? {} : { items }) };
}
