/** What leads from ports and addresses of the machine to guests, as it is and as it is to be. */
import type { KubeObject } from "../../../kube/object.ts";
import type { Pod, PodCondition } from "../../../resources/core_objects.ts";
import type { Ipv4Range } from "../../ipv4_range.ts";

export interface ServicePort {
  name?: string;
  protocol?: string;
  port: number;
  targetPort?: number | string;
  nodePort?: number;
}

/** Of a load balancer: what leads to it, and which ports do not. */
export interface Ingress {
  ip?: string;
  hostname?: string;
  ipMode?: string;
  ports?: { port: number; protocol: string; error?: string }[];
}

export interface LocalServiceStatus {
  loadBalancer?: { ingress?: Ingress[] };
  conditions?: PodCondition[];
}

export interface LocalService extends KubeObject {
  spec?: {
    type?: string;
    selector?: Record<string, string>;
    clusterIP?: string;
    externalName?: string;
    ports?: ServicePort[];
    sessionAffinity?: string;
    publishNotReadyAddresses?: boolean;
    loadBalancerClass?: string;
    loadBalancerSourceRanges?: string[];
  };
  status?: LocalServiceStatus;
}

/** A socket of the machine that waits for others. */
export interface HostListener {
  protocol: Protocol;
  /** "*": all of the machine's. */
  address: string;
  port: number;
}

export const PROTOCOLS = ["TCP", "UDP"] as const;
export type Protocol = typeof PROTOCOLS[number];

/** Where a port of the machine is, or an address that only rules know. */
export type Place =
  | { kind: "service"; address: string }
  /** Each address of the machine. */
  | { kind: "machine" }
  | { kind: "address"; address: string };

export interface Endpoint {
  address: string;
  port: number;
}

/** A port that leads to pods. */
export interface Forward {
  place: Place;
  protocol: Protocol;
  port: number;
  /** IPv4 networks that it is open for; absent: all. */
  sources?: readonly string[];
  /** Whether a client stays with its pod. */
  keepsClients: boolean;
  /** At least one. */
  endpoints: readonly Endpoint[];
}

export interface ServicesWorld {
  now: string;
  services: readonly LocalService[];
  pods: readonly Pod[];
  listeners: readonly HostListener[];
  podRange: Ipv4Range;
  serviceRange: Ipv4Range;
  /** Where ports of load balancers are; "*": on all of the machine's addresses. */
  balancerAddress: string;
  /** What their status says of it. */
  shownAddress: string;
  /** Of the rules in force; absent: there are none. */
  digest?: string;
}

export type ServiceAction =
  | { type: "apply_rules"; digest: string; rules: string }
  | { type: "remove_rules" }
  | { type: "write_service_status"; service: LocalService; status: LocalServiceStatus };
