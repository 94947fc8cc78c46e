/** Which probes of a pod are to be asked now, and what follows from those that are: pure. */
import type { Container, Pod } from "../../../resources/core_objects.ts";
import { msUntil } from "../../../resources/timestamp.ts";
import type { PodWorld } from "../pod/world.ts";
import { type ContainerProbe, containerProbe, type ProbeKind } from "./container_probe.ts";

/** A probe of a container that runs. */
export interface PodProbe extends ContainerProbe {
  container: string;
  kind: ProbeKind;
  /** Asked where the probe names no host. */
  address: string;
  /** What is left of the initial delay. */
  firstAfterMs: number;
  /** Whether it counts as passing before a threshold is reached. */
  isPassingAtFirst: boolean;
}

/** A probe that is being asked. */
export interface ProbeObservation {
  container: string;
  kind: ProbeKind;
  isPassing: boolean;
  /** For how long it has not passed, on the monotonic clock. */
  failedForMs?: number;
}

const GRACE_SECONDS_DEFAULT = 30;

/** A pod that is being deleted is ended anyway: its liveness does not matter any more. */
export function wantedProbes(world: PodWorld, pod: Pod): PodProbe[] {
  const kinds: ProbeKind[] = pod.metadata.deletionTimestamp
    ? ["readiness"]
    : ["readiness", "liveness"];
  return pod.spec.containers.flatMap((container) => {
    const { address } = world;
    const startedAt = runningSince(world, container);
    if (startedAt === undefined || address === undefined) return [];
    const agoMs = Math.max(0, msUntil(world.now, startedAt));
    return kinds.flatMap((kind) => {
      const probe = containerProbe(container, kind);
      if (probe === undefined) return [];
      const firstAfterMs = Math.max(0, probe.initialDelayMs - agoMs);
      const isPassingAtFirst = kind === "liveness" || wasReady(pod, container);
      const { name } = container;
      return [{ ...probe, container: name, kind, address, firstAfterMs, isPassingAtFirst }];
    });
  });
}

/** The same probes: those of a pod never change. */
export function areAsked(
  wanted: readonly PodProbe[],
  { probes }: Pick<PodWorld, "probes">,
): boolean {
  return wanted.length === probes.length &&
    wanted.every((each) => probes.some((probe) => isSame(probe, each)));
}

/** Of a container that runs. Who starts anew takes over what was said last. */
export function isReady({ probes }: PodWorld, pod: Pod, container: Container): boolean {
  if (containerProbe(container, "readiness") === undefined) return true;
  const asked = probes.find((probe) => probe.container === container.name && isReadiness(probe));
  return asked?.isPassing ?? wasReady(pod, container);
}

/** How much longer a pod may take to end because a container is not alive, not above 0 when it must have; absent: it lives. */
export function livenessLeftMs({ probes }: PodWorld, pod: Pod): number | undefined {
  const left = probes.flatMap(({ container: name, failedForMs, isPassing, kind }) => {
    const container = pod.spec.containers.find((each) => each.name === name);
    if (kind !== "liveness" || isPassing || container === undefined) return [];
    const graceSeconds = containerProbe(container, kind)?.graceSeconds ??
      pod.spec.terminationGracePeriodSeconds ?? GRACE_SECONDS_DEFAULT;
    return [graceSeconds * 1000 - (failedForMs ?? 0)];
  });
  return left.length === 0 ? undefined : Math.min(...left);
}

export function isSame(
  a: Pick<PodProbe, "container" | "kind">,
  b: Pick<PodProbe, "container" | "kind">,
): boolean {
  return a.container === b.container && a.kind === b.kind;
}

function isReadiness({ kind }: ProbeObservation): boolean {
  return kind === "readiness";
}

function wasReady(pod: Pod, { name }: Container): boolean {
  return pod.status?.containerStatuses?.some((each) => each.name === name && each.ready === true) ??
    false;
}

function runningSince({ sandbox }: PodWorld, { name }: Container): string | undefined {
  if (sandbox.kind === "absent") return undefined;
  return sandbox.containers.find((each) => each.name === name && each.ended === undefined)
    ?.startedAt;
}
