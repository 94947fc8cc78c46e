/**
 * Services of a machine without a cluster.
 *
 *   Service --address within--+
 *           --port of machine-+--> rule --> one of the ready pods
 *           --load balancer---+
 *                             +-- somebody else has the port: told, and looked at again
 */
import type { Decision, EventRecord } from "../../../runtime/reconciler.ts";
import { toWholeSeconds } from "../../../resources/timestamp.ts";
import type { MachineNetwork } from "../network/machine_network.ts";
import { claimPorts, type Claims, isBalanced, isWithin, type Refusal } from "./claims.ts";
import { endpointsOf } from "./endpoints.ts";
import { digestOf, renderForwards } from "./render.ts";
import {
  type Forward,
  type Ingress,
  type LocalService,
  type LocalServiceStatus,
  type Protocol,
  PROTOCOLS,
  type ServiceAction,
  type ServicesWorld,
} from "./world.ts";

/** How soon a port that somebody else had is looked at again, and whether the rules are still there. */
export const RECHECK_MS = 30_000;
/** Of a Service: whether its ports of the machine lead to it. */
export const PORTS_OPEN = "denovirt.io/PortsOpen";
const AGAIN = `. It is looked at again every ${RECHECK_MS / 1000} s`;
/** In the status of a load balancer's port. */
const PORT_ERROR = "denovirt.io/PortClosed";

export function decideServices(
  world: ServicesWorld,
  network: Pick<MachineNetwork, "bridge">,
): Decision<ServiceAction, undefined> {
  // Rules are compared as text: their order must not be chance.
  const services = world.services.filter(isLed).toSorted(byUid);
  const claims = claimPorts(services, world);
  const forwards = services.flatMap((service) => forwardsOf(service, claims, world));
  const told = world.services.map((service) => tell(service, claims, world));
  const isKeptInMind = forwards.length > 0 || claims.refusals.size > 0;
  return {
    actions: [...decideRules(forwards, world, network), ...told.flatMap(({ actions }) => actions)],
    status: undefined,
    events: told.flatMap(({ events }) => events),
    ...(isKeptInMind && { requeueAfterMs: RECHECK_MS }),
  };
}

function byUid(a: LocalService, b: LocalService): number {
  return a.metadata.uid < b.metadata.uid ? -1 : 1;
}

/** Without a selector, somebody else says where it leads to. */
function isLed({ metadata, spec }: LocalService): boolean {
  return metadata.deletionTimestamp === undefined && spec?.type !== "ExternalName" &&
    Object.keys(spec?.selector ?? {}).length > 0;
}

function decideRules(
  forwards: readonly Forward[],
  { digest }: ServicesWorld,
  network: Pick<MachineNetwork, "bridge">,
): ServiceAction[] {
  if (forwards.length === 0) return digest === undefined ? [] : [{ type: "remove_rules" }];
  const wanted = digestOf(forwards);
  if (wanted === digest) return [];
  return [{ type: "apply_rules", digest: wanted, rules: renderForwards(forwards, network) }];
}

function forwardsOf(service: LocalService, claims: Claims, world: ServicesWorld): Forward[] {
  const { clusterIP = "", ports = [], sessionAffinity } = service.spec ?? {};
  const keepsClients = sessionAffinity === "ClientIP";
  return ports.flatMap((port) => {
    const protocol = (port.protocol ?? "TCP") as Protocol;
    const endpoints = endpointsOf(service, port, world);
    if (endpoints.length === 0 || !PROTOCOLS.includes(protocol)) return [];
    const shared = { protocol, keepsClients, endpoints };
    const within: Forward[] = isWithin(clusterIP, world)
      ? [{ ...shared, place: { kind: "service", address: clusterIP }, port: port.port }]
      : [];
    const outside = claims.granted(service, port).map(({ place, port, sources }): Forward => ({
      ...shared,
      place,
      port,
      ...(sources === undefined ? {} : { sources }),
    }));
    return [...within, ...outside];
  });
}

/** What its status and its events say. */
function tell(
  service: LocalService,
  claims: Claims,
  world: ServicesWorld,
): { actions: ServiceAction[]; events: EventRecord[] } {
  const refusals = claims.refusals.get(service.metadata.uid) ?? [];
  const status = statusOf(service, refusals, { claims, world });
  if (isTold(service.status ?? {}, status)) return { actions: [], events: [] };
  const message = status.conditions?.find(({ type }) => type === PORTS_OPEN)?.message;
  const before = service.status?.conditions?.find(({ type }) => type === PORTS_OPEN)?.message;
  const events: EventRecord[] = message === undefined || message === before ? [] : [
    { regarding: service, type: "Warning", reason: refusals[0]?.reason ?? "", message },
  ];
  return { actions: [{ type: "write_service_status", service, status }], events };
}

function statusOf(
  service: LocalService,
  refusals: readonly Refusal[],
  { claims, world }: { claims: Claims; world: ServicesWorld },
): LocalServiceStatus {
  const others = (service.status?.conditions ?? []).filter(({ type }) => type !== PORTS_OPEN);
  const old = service.status?.conditions?.find(({ type }) => type === PORTS_OPEN);
  const own = refusals.length === 0 ? [] : [{
    type: PORTS_OPEN,
    status: "False",
    reason: refusals[0]?.reason ?? "",
    message: refusals.map(({ message }) => message).join("; ") +
      (refusals.some(({ reason }) => reason === "PortInUse") ? AGAIN : ""),
    lastTransitionTime: old?.lastTransitionTime ?? toWholeSeconds(world.now),
  }];
  const ingress = ingressOf(service, { claims, world });
  return {
    ...(ingress.length > 0 ? { loadBalancer: { ingress } } : {}),
    ...(others.length + own.length > 0 && { conditions: [...others, ...own] }),
  };
}

/** Without any of its ports there is no balancer. */
function ingressOf(
  service: LocalService,
  { claims, world }: { claims: Claims; world: ServicesWorld },
): Ingress[] {
  if (service.spec?.type !== "LoadBalancer") return [];
  // What another one has written of its own balancer is its own.
  if (!isBalanced(service) || !isLed(service)) return service.status?.loadBalancer?.ingress ?? [];
  const ports = (service.spec?.ports ?? []).map((port) => ({
    port: port.port,
    protocol: port.protocol ?? "TCP",
    isOpen: claims.granted(service, port).some(({ isBalancer }) => isBalancer),
  }));
  if (!ports.some(({ isOpen }) => isOpen)) return [];
  const told = ports.map(({ isOpen, ...port }) => isOpen ? port : { ...port, error: PORT_ERROR });
  const isWhole = ports.every(({ isOpen }) => isOpen);
  return [{ ip: world.shownAddress, ipMode: "VIP", ...(isWhole ? {} : { ports: told }) }];
}

function isTold(old: LocalServiceStatus, status: LocalServiceStatus): boolean {
  const told = ({ loadBalancer, conditions }: LocalServiceStatus) =>
    JSON.stringify([
      (loadBalancer?.ingress ?? []).map(({ ip, ipMode, ports }) => [
        ip,
        ipMode,
        ports?.map(({ port, protocol, error }) => [port, protocol, error]),
      ]),
      (conditions ?? []).map((
        { type, status, reason, message },
      ) => [type, status, reason, message]),
    ]);
  return told(old) === told(status);
}
