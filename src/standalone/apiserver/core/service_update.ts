/** What an update of a Service keeps of what was allotted, and what goes with the type that needed it: pure. */
import { jsonEqual, type JsonObject } from "../../../kube/json.ts";
import { filled, items, text, withItems } from "./members.ts";
import { hasNodePorts } from "./service_allotment.ts";

/** What was allotted when the service was created, and a PUT may leave out. */
const OF_ITS_ADDRESS = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"];
const OF_A_LOAD_BALANCER = ["allocateLoadBalancerNodePorts", "loadBalancerClass"];
const OF_OUTSIDE = ["externalTrafficPolicy", "healthCheckNodePort"];

/** The spec that is asked for, with what the old one has and it may leave out. */
export function updatedSpec(spec: JsonObject, old: JsonObject): JsonObject {
  const gone = [
    ...(hasAddress(spec) ? [] : [...OF_ITS_ADDRESS, "internalTrafficPolicy"]),
    ...(text(spec, "type") === "LoadBalancer" ? [] : OF_A_LOAD_BALANCER),
    ...(isReachedFromOutside(spec) ? [] : OF_OUTSIDE),
  ];
  const kept = Object.fromEntries(
    Object.entries(spec).filter(([name, value]) =>
      !gone.includes(name) || !jsonEqual(value, old[name] ?? null)
    ),
  );
  if (!hasAddress(spec)) return withoutNodePorts(kept, old);
  const addressed = hasAddress(old)
    ? withAddressOf(kept, old)
    : filled(kept, { ipFamilies: ["IPv4"], ipFamilyPolicy: "SingleStack" });
  return hasNodePorts(spec) ? withNodePortsOf(addressed, old) : withoutNodePorts(addressed, old);
}

/** "None" is one too. */
export function hasAddress(spec: JsonObject): boolean {
  return text(spec, "type") !== "ExternalName";
}

/** Whether it is reached from other machines. */
export function isReachedFromOutside(spec: JsonObject): boolean {
  const { externalIPs } = spec;
  return hasNodePorts(spec) ||
    (text(spec, "type") === "ClusterIP" && Array.isArray(externalIPs) && externalIPs.length > 0);
}

/** An address that was cleared is put back; one that was changed clears the list of the old one. */
function withAddressOf(spec: JsonObject, old: JsonObject): JsonObject {
  const allotted = Object.fromEntries(
    Object.entries(old).filter(([name]) => OF_ITS_ADDRESS.includes(name)),
  );
  const all = filled(spec, allotted);
  const isChanged = all.clusterIP !== old.clusterIP;
  if (!isChanged || !jsonEqual(all.clusterIPs ?? null, old.clusterIPs ?? null)) return all;
  return { ...all, clusterIPs: [all.clusterIP ?? ""] };
}

/** By the names of ports; one that another port of the new spec names is that one's. */
function withNodePortsOf(spec: JsonObject, old: JsonObject): JsonObject {
  const used = new Set(items(spec, "ports").map(({ nodePort }) => nodePort));
  const before = new Map(items(old, "ports").map((each) => [text(each, "name"), each.nodePort]));
  return withItems(spec, "ports", (port) => {
    const nodePort = before.get(text(port, "name"));
    if (port.nodePort || !nodePort || used.has(nodePort)) return port;
    used.add(nodePort);
    return { ...port, nodePort };
  });
}

/** As long as nobody asked for others. */
function withoutNodePorts(spec: JsonObject, old: JsonObject): JsonObject {
  const ports = (from: JsonObject) => items(from, "ports").map(({ nodePort }) => nodePort ?? 0);
  if (!hasNodePorts(old) || !jsonEqual(ports(spec), ports(old))) return spec;
  return withItems(spec, "ports", ({ nodePort: _, ...port }) => port);
}
