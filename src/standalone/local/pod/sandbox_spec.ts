/** From a pod to what `denovirt-domain pod` runs: pure. */
import type { Container, Pod } from "../../../resources/core_objects.ts";
import type { SandboxContainer, SandboxSpec } from "../pod_sandbox.ts";
import { unaskable } from "../probes/container_probe.ts";

export interface SandboxParts {
  /** Root's alone, for this pod. */
  directory: string;
  record: string;
  networkNamespace: string;
  cgroups: readonly string[];
  /** Root file systems by image. */
  images: ReadonlyMap<string, string>;
  /** Directories by volume. */
  volumes: ReadonlyMap<string, string>;
}

/** A pod that cannot be run as it is. */
export class PodSpecError extends Error {
  override name = "PodSpecError";
}

const HOSTNAME_LENGTH_MAX = 63;

/** @throws PodSpecError naming the container. */
export function sandboxSpec(pod: Pod, parts: SandboxParts): SandboxSpec {
  const container = (each: Container) => sandboxContainer(each, pod, parts);
  const hostname = pod.spec.hostname ?? pod.metadata.name.split(".")[0] ?? "pod";
  return {
    directory: parts.directory,
    record: parts.record,
    hostname: hostname.slice(0, HOSTNAME_LENGTH_MAX),
    networkNamespace: parts.networkNamespace,
    cgroups: parts.cgroups,
    initContainers: (pod.spec.initContainers ?? []).map(container),
    containers: pod.spec.containers.map(container),
  };
}

function sandboxContainer(
  container: Container,
  pod: Pod,
  { images, volumes }: SandboxParts,
): SandboxContainer {
  const { name, image, command, securityContext, volumeMounts } = container;
  const fail = (why: string) => new PodSpecError(`container ${name}: ${why}`);
  const root = images.get(image);
  if (root === undefined) throw fail(`image ${image} is not here`);
  if (!command?.length) throw fail("it must name its command");
  const why = unaskable(container);
  if (why !== undefined) throw fail(why);
  const number = (field: string): number => {
    const value = securityContext?.[field] ?? pod.spec.securityContext?.[field];
    if (typeof value === "number" && Number.isInteger(value) && value > 0) return value;
    throw fail(`securityContext.${field} must be a user that is not root: got ${value}`);
  };
  return {
    name,
    image: root,
    command,
    uid: number("runAsUser"),
    gid: number("runAsGroup"),
    mounts: (volumeMounts ?? []).map(({ name: volume, mountPath, readOnly = false }) => {
      const source = volumes.get(volume);
      if (source === undefined) throw fail(`no volume is named ${volume}`);
      return { source, target: mountPath.replace(/\/+$/, ""), readOnly };
    }),
  };
}
