/** The pods that a port of a Service leads to: pure. */
import type { Pod } from "../../../resources/core_objects.ts";
import { isHostOf, parseIpv4 } from "../../ipv4_range.ts";
import type { Endpoint, LocalService, ServicePort, ServicesWorld } from "./world.ts";

/** A rule has one line for each; more stand by. */
export const ENDPOINTS_MAX = 100;

/** A pod that takes what its Service brings. */
export interface Backend {
  pod: Pod;
  address: string;
}

export type BackendsWorld = Pick<ServicesWorld, "pods" | "podRange">;

/** Sorted by address. */
export function backendsOf(
  { metadata, spec }: LocalService,
  { pods, podRange }: BackendsWorld,
): Backend[] {
  const selector = Object.entries(spec?.selector ?? {});
  const found = pods.filter((pod) =>
    pod.metadata.namespace === metadata.namespace &&
    selector.every(([name, value]) => pod.metadata.labels?.[name] === value) &&
    takesTraffic(pod, spec?.publishNotReadyAddresses === true)
  );
  return found.flatMap((pod): Backend[] => {
    const address = pod.status?.podIP ?? "";
    const number = parseIpv4(address);
    // What a status says is not believed: rules lead to pods alone.
    return number !== undefined && isHostOf(podRange, number) ? [{ pod, address }] : [];
  }).sort((a, b) => a.address < b.address ? -1 : 1);
}

export function endpointsOf(
  service: LocalService,
  port: ServicePort,
  world: BackendsWorld,
): Endpoint[] {
  return backendsOf(service, world).flatMap(({ pod, address }): Endpoint[] => {
    const target = targetOf(pod, port);
    return target === undefined ? [] : [{ address, port: target }];
  }).slice(0, ENDPOINTS_MAX);
}

/** As the kubelet says: a paused guest is not ready. */
function takesTraffic({ metadata, status }: Pod, evenNotReady: boolean): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  if (status?.phase === "Succeeded" || status?.phase === "Failed") return false;
  return evenNotReady ||
    status?.conditions?.find(({ type }) => type === "Ready")?.status === "True";
}

/** By name, a port is what the pod says. */
export function targetOf(
  { spec }: Pod,
  { port, protocol = "TCP", targetPort = port }: ServicePort,
): number | undefined {
  if (typeof targetPort === "number") return targetPort;
  return spec.containers.flatMap(({ ports = [] }) => ports).find((each) =>
    each.name === targetPort && (each.protocol ?? "TCP") === protocol
  )?.containerPort;
}
