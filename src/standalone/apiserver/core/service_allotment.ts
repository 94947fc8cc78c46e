/**
 * What a Service gets of what all Services of the machine share: an address that leads to it, and ports of the machine. Pure,
 * but for the chance that is given.
 */
import type { JsonObject } from "../../../kube/json.ts";
import { hostAt, hostCount, type Ipv4Range, isHostOf, parseIpv4 } from "../../ipv4_range.ts";
import { invalidValue } from "../field_error.ts";
import type { Allotted, Pool } from "./core_kind.ts";
import { items, part, text } from "./members.ts";

/** Kubernetes' own range of node ports. */
export const NODE_PORTS = { first: 30_000, last: 32_767 };
/** Below it Kubernetes allots only when nothing else is left: these are for who names one. */
const NODE_PORTS_BY_CHANCE = 30_086;

const TAKEN = "provided port is already allocated";
const OUT_OF_RANGE =
  `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.first}-${NODE_PORTS.last}`;

/** The Service with what it lacks, given its state before where there is one; or why it cannot have what it asks for. */
export function allotService(
  service: JsonObject,
  old: JsonObject | undefined,
  { others, random, range }: Pool & { range: Ipv4Range },
): Allotted {
  const spec = part(service, "spec");
  const before = part(old ?? {}, "spec");
  const specs = others.map((each) => part(each, "spec"));
  const addresses = new Set(specs.map((each) => text(each, "clusterIP")));
  const addressed = withAddress(spec, before, { taken: addresses, random, range });
  if ("errors" in addressed) return addressed;
  if (!hasNodePorts(spec)) return { object: { ...service, spec: addressed.object } };
  const taken = new Set(specs.flatMap(nodePortsOf));
  const allotted = withNodePorts(addressed.object, before, { taken, random });
  return "errors" in allotted ? allotted : { object: { ...service, spec: allotted.object } };
}

/** Whether its type has ports of the machine. */
export function hasNodePorts(spec: JsonObject): boolean {
  const type = text(spec, "type");
  return type === "NodePort" || type === "LoadBalancer";
}

function withAddress(
  spec: JsonObject,
  before: JsonObject,
  { taken, random, range }: { taken: Set<string>; random: () => number; range: Ipv4Range },
): Allotted {
  const asked = text(spec, "clusterIP");
  const isKept = asked !== "" && asked === text(before, "clusterIP");
  if (text(spec, "type") === "ExternalName" || asked === "None" || isKept) return { object: spec };
  if (asked !== "") {
    const number = parseIpv4(asked);
    // What is no address, or contradicts itself, is for validation to tell.
    if (number === undefined || !isAlone(spec, asked)) return { object: spec };
    const why = !isHostOf(range, number)
      ? "the provided network does not match the current range"
      : taken.has(asked)
      ? "provided IP is already allocated"
      : undefined;
    return why === undefined ? { object: spec } : addressError([asked], asked, why);
  }
  if (Array.isArray(spec.clusterIPs) && spec.clusterIPs.length > 0) return { object: spec };
  const count = hostCount(range);
  const index = free(count, random, (each) => taken.has(hostAt(range, each)));
  if (index === undefined) return addressError([], "", "range is full");
  const address = hostAt(range, index);
  return { object: { ...spec, clusterIP: address, clusterIPs: [address] } };
}

function isAlone(spec: JsonObject, address: string): boolean {
  const all = spec.clusterIPs;
  return !Array.isArray(all) || (all.length === 1 && all[0] === address);
}

function addressError(value: string[], address: string, why: string): Allotted {
  const detail = `failed to allocate IP ${address}: ${why}`;
  return { errors: [invalidValue("spec.clusterIPs", value, detail)] };
}

/** TCP and UDP of one port share one of the machine, as in Kubernetes. */
function withNodePorts(
  spec: JsonObject,
  before: JsonObject,
  { taken, random }: { taken: Set<number>; random: () => number },
): Allotted {
  const own = new Set(nodePortsOf(before));
  const ports = items(spec, "ports");
  const asked = new Map(ports.filter(({ nodePort }) => nodePort).map((each) => [each.port, each]));
  const chosen = new Map<unknown, number>();
  const allotted: JsonObject[] = [];
  for (const [index, port] of ports.entries()) {
    const wanted = Number(port.nodePort || asked.get(port.port)?.nodePort || 0);
    const isOwn = own.has(wanted) || chosen.get(port.port) === wanted;
    if (wanted === 0 && !mayAllot(spec)) {
      allotted.push(port);
      continue;
    }
    const why = wanted === 0 || isOwn ? undefined : whyNot(wanted, taken);
    const nodePort = wanted ||
      (chosen.get(port.port) ?? freeNodePort(random, (each) => taken.has(each) || own.has(each)));
    if (why !== undefined || nodePort === undefined) {
      const detail = why ?? "failed to allocate a nodePort: range is full";
      return { errors: [invalidValue(`spec.ports[${index}].nodePort`, wanted, detail)] };
    }
    if (!chosen.has(port.port)) chosen.set(port.port, nodePort);
    taken.add(nodePort);
    allotted.push({ ...port, nodePort });
  }
  return { object: { ...spec, ports: allotted } };
}

function mayAllot(spec: JsonObject): boolean {
  return text(spec, "type") !== "LoadBalancer" || spec.allocateLoadBalancerNodePorts !== false;
}

function whyNot(nodePort: number, taken: ReadonlySet<number>): string | undefined {
  const { first, last } = NODE_PORTS;
  if (nodePort < first || nodePort > last) return OUT_OF_RANGE;
  return taken.has(nodePort) ? TAKEN : undefined;
}

function nodePortsOf(spec: JsonObject): number[] {
  if (!hasNodePorts(spec)) return [];
  return items(spec, "ports").map(({ nodePort }) => Number(nodePort ?? 0)).filter((each) =>
    each > 0
  );
}

function freeNodePort(
  random: () => number,
  isTaken: (port: number) => boolean,
): number | undefined {
  const { first, last } = NODE_PORTS;
  const bands = [[NODE_PORTS_BY_CHANCE, last], [first, NODE_PORTS_BY_CHANCE - 1]] as const;
  for (const [from, to] of bands) {
    const index = free(to - from + 1, random, (each) => isTaken(from + each));
    if (index !== undefined) return from + index;
  }
  return undefined;
}

/** One of so many that is free, if any is. */
function free(
  count: number,
  random: () => number,
  isTaken: (index: number) => boolean,
): number | undefined {
  const start = Math.floor(random() * count);
  for (let step = 0; step < count; step++) {
    const index = (start + step) % count;
    if (!isTaken(index)) return index;
  }
  return undefined;
}
