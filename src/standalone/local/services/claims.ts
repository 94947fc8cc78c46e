/** Which Service has which port of the machine: pure. Programs of the machine come first, then older Services. */
import { formatRange, isHostOf, maskedIpv4, parseIpv4 } from "../../ipv4_range.ts";
import {
  type HostListener,
  type LocalService,
  type Place,
  type Protocol,
  PROTOCOLS,
  type ServicePort,
  type ServicesWorld,
} from "./world.ts";

/** A port of the machine that a Service has. */
export interface Claim {
  place: Place;
  protocol: Protocol;
  port: number;
  sources?: readonly string[];
  /** Under its own number, not under one that was chosen for it. */
  isBalancer: boolean;
}

export interface Refusal {
  reason: "PortInUse" | "UnsupportedProtocol" | "ClusterIPOutOfRange";
  message: string;
}

/** What became of what was asked for. */
export class Claims {
  /** By the Service's UID. */
  readonly refusals = new Map<string, Refusal[]>();
  readonly #granted = new Map<string, Claim[]>();
  readonly #taken: { claim: Claim; by: string }[] = [];

  granted({ metadata }: LocalService, port: ServicePort): readonly Claim[] {
    return this.#granted.get(keyOf(metadata.uid, port)) ?? [];
  }

  /** Of another Service, or of nobody. */
  holder(claim: Claim): string | undefined {
    return this.#taken.find((each) => isSame(each.claim, claim))?.by;
  }

  grant({ metadata }: LocalService, port: ServicePort, claim: Claim): void {
    const key = keyOf(metadata.uid, port);
    this.#granted.set(key, [...this.#granted.get(key) ?? [], claim]);
    this.#taken.push({ claim, by: `Service ${metadata.namespace}/${metadata.name}` });
  }

  refuse({ metadata }: LocalService, refusal: Refusal): void {
    this.refusals.set(metadata.uid, [...this.refusals.get(metadata.uid) ?? [], refusal]);
  }
}

export function claimPorts(services: readonly LocalService[], world: ServicesWorld): Claims {
  const claims = new Claims();
  for (const service of services.toSorted(byAge)) {
    const { clusterIP = "None" } = service.spec ?? {};
    if (clusterIP !== "None" && clusterIP !== "" && !isWithin(clusterIP, world)) {
      const range = formatRange(world.serviceRange);
      const message =
        `Cannot lead ${clusterIP} to guests: it must be of ${range}: create the Service anew`;
      claims.refuse(service, { reason: "ClusterIPOutOfRange", message });
    }
    for (const port of service.spec?.ports ?? []) claimPort(service, port, { claims, world });
  }
  return claims;
}

/** Whether its ports are to be the machine's under their own numbers. */
export function isBalanced({ spec }: LocalService): boolean {
  return spec?.type === "LoadBalancer" && !spec.loadBalancerClass;
}

/** An address of another range was given when the machine had another one. */
export function isWithin(clusterIP: string, { serviceRange }: ServicesWorld): boolean {
  const address = parseIpv4(clusterIP);
  return address !== undefined && isHostOf(serviceRange, address);
}

function claimPort(
  service: LocalService,
  port: ServicePort,
  { claims, world }: { claims: Claims; world: ServicesWorld },
): void {
  const wanted = wantedOf(service, port, world);
  const { protocol = "TCP" } = port;
  if (wanted.length > 0 && !PROTOCOLS.some((each) => each === protocol)) {
    const message = `Cannot lead ${protocol} to guests: port ${port.port} stays closed`;
    return claims.refuse(service, { reason: "UnsupportedProtocol", message });
  }
  for (const claim of wanted) {
    const holder = claims.holder(claim) ?? programOn(claim, world.listeners);
    if (holder === undefined) claims.grant(service, port, claim);
    else claims.refuse(service, { reason: "PortInUse", message: inUse(claim, holder) });
  }
}

function wantedOf(
  service: LocalService,
  { nodePort = 0, port, protocol = "TCP" }: ServicePort,
  { balancerAddress }: ServicesWorld,
): Claim[] {
  const { spec } = service;
  const hasNodePort = (spec?.type === "NodePort" || spec?.type === "LoadBalancer") && nodePort > 0;
  const asked = spec?.loadBalancerSourceRanges ?? [];
  const sources = asked.flatMap((each) => maskedIpv4(each.trim()) ?? []);
  const shared = { protocol: protocol as Protocol };
  const balancer: Place = balancerAddress === "*"
    ? { kind: "machine" }
    : { kind: "address", address: balancerAddress };
  return [
    ...(hasNodePort
      ? [{ ...shared, place: { kind: "machine" } as const, port: nodePort, isBalancer: false }]
      : []),
    ...(isBalanced(service)
      ? [{
        ...shared,
        place: balancer,
        port,
        isBalancer: true,
        ...(asked.length > 0 && { sources }),
      }]
      : []),
  ];
}

function isSame(a: Claim, b: Claim): boolean {
  const [one, other] = [a.place, b.place].map(addressOf);
  return a.protocol === b.protocol && a.port === b.port &&
    (one === "*" || other === "*" || one === other);
}

function addressOf(place: Place): string {
  return place.kind === "machine" ? "*" : place.address;
}

function programOn(
  { place, port, protocol }: Claim,
  listeners: readonly HostListener[],
): string | undefined {
  const address = addressOf(place);
  const found = listeners.find((each) =>
    each.protocol === protocol && each.port === port &&
    (address === "*" || each.address === "*" || each.address === address)
  );
  if (found === undefined) return undefined;
  return `a program of this machine, which listens on ${found.address}:${found.port}`;
}

function inUse({ place, port, protocol }: Claim, holder: string): string {
  const address = place.kind === "machine" ? "this machine" : place.address;
  return `Cannot open port ${port}/${protocol} of ${address}: it must be free: got ${holder}`;
}

function byAge(a: LocalService, b: LocalService): number {
  const [one, other] = [a, b].map(({ metadata }) =>
    `${metadata.creationTimestamp ?? ""} ${metadata.uid}`
  );
  return (one ?? "") < (other ?? "") ? -1 : 1;
}

function keyOf(uid: string, { port, protocol = "TCP" }: ServicePort): string {
  return `${uid} ${port}/${protocol}`;
}
