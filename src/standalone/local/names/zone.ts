/**
 * Names of Services and of the pods behind them, as the specification of Kubernetes' DNS (version 1.1.0) has them: pure.
 *
 *   <service>.<namespace>.svc.cluster.local             its address; headless: those of the ready pods; external: another name
 *   <host name>.<service>.<namespace>.svc.cluster.local a pod that has both in its spec; others by their address: 10-213-0-2
 *   _<port>._<protocol>.<service>...                    SRV: port and name
 *   <address backwards>.in-addr.arpa                    PTR: of Services and of pods with a name
 */
import type { Pod } from "../../../resources/core_objects.ts";
import { type Ipv4Range, isHostOf, parseIpv4 } from "../../ipv4_range.ts";
import { type Backend, backendsOf, ENDPOINTS_MAX, targetOf } from "../services/endpoints.ts";
import type { LocalService, ServicePort } from "../services/world.ts";

/** As clusters have it unless they are told otherwise. */
export const CLUSTER_DOMAIN = "cluster.local";
const REVERSE = ".in-addr.arpa";
const HEADLESS = "None";

export interface NamesWorld {
  services: readonly LocalService[];
  pods: readonly Pod[];
  podRange: Ipv4Range;
  serviceRange: Ipv4Range;
}

export type NameRecord =
  | { type: "A"; address: string }
  | { type: "SRV"; port: number; target: string }
  | { type: "PTR"; domain: string };

export type RecordType = NameRecord["type"];

/** What is known of a name. */
export type NameAnswer =
  /** Of the type that was asked for; none: the name is there without any. */
  | { kind: "records"; records: readonly NameRecord[] }
  | { kind: "alias"; target: string }
  | { kind: "absent" }
  /** Others know. */
  | { kind: "foreign" };

/** All names of one state of the world. */
export class Zone {
  readonly #ranges: readonly Ipv4Range[];
  readonly #records = new Map<string, NameRecord[]>();
  readonly #aliases = new Map<string, string>();

  constructor(world: NamesWorld) {
    this.#ranges = [world.podRange, world.serviceRange];
    this.#add(`svc.${CLUSTER_DOMAIN}`);
    for (const service of world.services) this.#addService(service, world);
  }

  /** @param name in any case, without the dot at the end */
  lookUp(name: string, type: RecordType | "other"): NameAnswer {
    const wanted = name.toLowerCase();
    if (!this.#isOurs(wanted)) return { kind: "foreign" };
    const target = this.#aliases.get(wanted);
    if (target !== undefined) return { kind: "alias", target };
    const records = this.#records.get(wanted);
    if (records === undefined) return { kind: "absent" };
    return { kind: "records", records: records.filter((each) => each.type === type) };
  }

  #isOurs(name: string): boolean {
    if (name === CLUSTER_DOMAIN || name.endsWith(`.${CLUSTER_DOMAIN}`)) return true;
    if (!name.endsWith(REVERSE)) return false;
    const address = parseIpv4(name.slice(0, -REVERSE.length).split(".").reverse().join("."));
    return address !== undefined && this.#ranges.some((range) => isHostOf(range, address));
  }

  #addService(service: LocalService, world: NamesWorld): void {
    const { metadata: { name, namespace }, spec } = service;
    const base = `${name}.${namespace}.svc.${CLUSTER_DOMAIN}`;
    const { clusterIP = "", externalName = "", ports = [] } = spec ?? {};
    if (spec?.type === "ExternalName") {
      if (externalName !== "") this.#addAlias(base, externalName.toLowerCase().replace(/\.$/, ""));
      return;
    }
    this.#add(base);
    if (clusterIP === HEADLESS) return this.#addHeadless(base, service, world);
    const number = parseIpv4(clusterIP);
    if (number === undefined || !isHostOf(world.serviceRange, number)) return;
    this.#add(base, { type: "A", address: clusterIP });
    this.#add(reverseOf(clusterIP), { type: "PTR", domain: base });
    for (const port of ports) this.#addPort(base, port, { port: port.port, target: base });
  }

  #addHeadless(base: string, service: LocalService, world: NamesWorld): void {
    const hasSelector = Object.keys(service.spec?.selector ?? {}).length > 0;
    const backends = hasSelector ? backendsOf(service, world).slice(0, ENDPOINTS_MAX) : [];
    for (const backend of backends) {
      const { address, pod } = backend;
      const own = hostNameOf(backend, service);
      const target = `${own ?? address.replaceAll(".", "-")}.${base}`;
      this.#add(base, { type: "A", address });
      this.#add(target, { type: "A", address });
      if (own !== undefined) this.#add(reverseOf(address), { type: "PTR", domain: target });
      for (const port of service.spec?.ports ?? []) {
        const number = targetOf(pod, port);
        if (number !== undefined) this.#addPort(base, port, { port: number, target });
      }
    }
  }

  #addPort(
    base: string,
    { name = "", protocol = "TCP" }: ServicePort,
    { port, target }: { port: number; target: string },
  ): void {
    if (name === "") return;
    this.#add(`_${name}._${protocol.toLowerCase()}.${base}`, { type: "SRV", port, target });
  }

  #addAlias(name: string, target: string): void {
    this.#add(name);
    this.#aliases.set(name, target);
  }

  /** What a name is below is there, too (RFC 8020). */
  #add(name: string, ...records: NameRecord[]): void {
    this.#records.set(name, [...this.#records.get(name) ?? [], ...records]);
    if (name.endsWith(REVERSE)) return;
    const parent = name.slice(name.indexOf(".") + 1);
    if (parent.endsWith(CLUSTER_DOMAIN) && !this.#records.has(parent)) this.#add(parent);
  }
}

function hostNameOf({ pod }: Backend, { metadata }: LocalService): string | undefined {
  const { hostname, subdomain } = pod.spec;
  return subdomain === metadata.name && hostname ? hostname.toLowerCase() : undefined;
}

function reverseOf(address: string): string {
  return `${address.split(".").reverse().join(".")}${REVERSE}`;
}
