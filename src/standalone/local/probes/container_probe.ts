/** A container's probe in a pod, with Kubernetes' defaults: pure. */
import * as z from "zod";
import { Probe } from "../../../api/probe.ts";
import type { HTTPGetAction } from "../../../api/k8s_pod.ts";
import type { Container } from "../../../resources/core_objects.ts";
import type { Thresholds } from "./thresholds.ts";

export type ProbeKind = "readiness" | "liveness";

/** What a probe asks; the address is the pod's where it names none. */
export type ProbeTarget =
  | { type: "tcp"; host?: string; port: number }
  | {
    type: "http";
    scheme: "http" | "https";
    host?: string;
    port: number;
    path: string;
    headers: readonly { name: string; value: string }[];
  }
  /** Nothing can be asked: neither a success nor a failure. */
  | { type: "none"; why: string };

export interface ContainerProbe {
  target: ProbeTarget;
  thresholds: Thresholds;
  initialDelayMs: number;
  periodMs: number;
  timeoutMs: number;
  /** Of a container that is ended for it; the pod's where it is absent. */
  graceSeconds?: number;
}

/** Of core/v1: what a VMI's probe has, and what a pod's may have besides. */
const PodProbe = Probe.omit({ guestAgentPing: true }).extend({
  terminationGracePeriodSeconds: z.int().optional(),
});
type PodProbe = z.infer<typeof PodProbe>;

const PORT_MAX = 65_535;
const FIELDS = { readiness: "readinessProbe", liveness: "livenessProbe" } as const;

/** `undefined`: it has none, or one that {@link unaskable} tells of. */
export function containerProbe(container: Container, kind: ProbeKind): ContainerProbe | undefined {
  const { data } = PodProbe.safeParse(container[FIELDS[kind]]);
  const target = data === undefined ? undefined : targetOf(data, container);
  if (data === undefined || target === undefined) return undefined;
  const graceSeconds = data.terminationGracePeriodSeconds;
  return {
    target,
    thresholds: {
      successThreshold: data.successThreshold || 1,
      failureThreshold: data.failureThreshold || 3,
    },
    initialDelayMs: (data.initialDelaySeconds ?? 0) * 1000,
    periodMs: (data.periodSeconds || 10) * 1000,
    timeoutMs: (data.timeoutSeconds || 1) * 1000,
    ...(graceSeconds !== undefined && { graceSeconds }),
  };
}

/** Why a container is not run here: it has a probe that nobody would ask. */
export function unaskable(container: Container): string | undefined {
  if ("startupProbe" in container) return "startupProbe: it would not be asked here";
  for (const kind of ["readiness", "liveness"] as const) {
    const field = FIELDS[kind];
    if (container[field] === undefined || containerProbe(container, kind) !== undefined) continue;
    const { data, error } = PodProbe.safeParse(container[field]);
    return data === undefined
      ? `${field}: it cannot be understood: ${z.prettifyError(error)}`
      : `${field}: only tcpSocket and httpGet are asked here`;
  }
  return undefined;
}

function targetOf(probe: PodProbe, container: Container): ProbeTarget | undefined {
  const { httpGet, tcpSocket } = probe;
  if (httpGet !== undefined) {
    return withPort(httpGet.port, container, (port) => http(httpGet, port));
  }
  if (tcpSocket === undefined) return undefined;
  return withPort(
    tcpSocket.port,
    container,
    (port) => ({ type: "tcp", ...hostOf(tcpSocket), port }),
  );
}

function http({ host, httpHeaders, path, scheme }: HTTPGetAction, port: number): ProbeTarget {
  return {
    type: "http",
    scheme: scheme?.toLowerCase() === "https" ? "https" : "http",
    ...hostOf({ host }),
    port,
    path: path || "/",
    headers: httpHeaders ?? [],
  };
}

function hostOf({ host }: { host?: string | undefined }): { host?: string } {
  return host ? { host } : {};
}

/** A number, the name of one of the container's ports, or a number in quotes. */
function withPort(
  given: number | string,
  { ports = [] }: Container,
  found: (port: number) => ProbeTarget,
): ProbeTarget {
  const named = ports.find(({ name }) => name !== undefined && name === given)?.containerPort;
  const port = named ?? (/^\d+$/.test(String(given)) ? Number(given) : undefined);
  if (port === undefined) return { type: "none", why: `no port is named ${given}` };
  return port > 0 && port <= PORT_MAX
    ? found(port)
    : { type: "none", why: `${port} is not a port: 1 to ${PORT_MAX}` };
}
