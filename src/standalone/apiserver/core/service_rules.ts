/** What is wrong with a Service, in the order in which Kubernetes lists it: pure. */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import { maskedIpv4, parseIpv4 } from "../../ipv4_range.ts";
import {
  duplicate,
  type FieldError,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from "../field_error.ts";
import { items, text } from "./members.ts";
import { dnsLabel, dnsSubdomain, portName, portNumber } from "./names.ts";
import { validateLabels } from "./object_meta.ts";
import { hasAddress, isReachedFromOutside } from "./service_update.ts";

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const AFFINITIES = ["ClientIP", "None"];
const TRAFFIC_POLICIES = ["Cluster", "Local"];
/** A day. */
const AFFINITY_SECONDS_MAX = 86_400;
const NO_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const NO_RANGE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
const OF_LOAD_BALANCERS = "may only be used when `type` is 'LoadBalancer'";

export function validateService(spec: JsonObject): FieldError[] {
  const type = text(spec, "type");
  const ports = items(spec, "ports");
  const isHeadless = spec.clusterIP === "None";
  const errors: FieldError[] = [];
  if (ports.length === 0 && !isHeadless && type !== "ExternalName") {
    errors.push(required("spec.ports"));
  }
  if ((type === "LoadBalancer" || type === "NodePort") && isHeadless) {
    const detail = `may not be set to 'None' for ${type} services`;
    errors.push(invalidValue("spec.clusterIPs[0]", "None", detail));
  }
  if (type === "ExternalName") errors.push(...validateExternalName(spec));
  const names = new Set<string>();
  errors.push(...ports.flatMap((port, index) => validatePort(port, index, { ports, names })));
  errors.push(...validateLabels(spec.selector, "spec.selector"), ...validateAffinity(spec));
  if (hasAddress(spec)) errors.push(...validateAddresses(spec), ...validateFamilies(spec));
  errors.push(...validateExternalAddresses(spec));
  if (type === "") errors.push(required("spec.type"));
  else if (!TYPES.includes(type)) errors.push(notSupported("spec.type", type, TYPES));
  return [...errors, ...validateNodePorts(spec), ...duplicatePorts(ports), ...ofItsType(spec)];
}

/** Of an update. */
export function validateChange(spec: JsonObject, old: JsonObject): FieldError[] {
  if (!hasAddress(spec) || !hasAddress(old)) return [];
  const [now, before] = [spec.clusterIPs, old.clusterIPs];
  if (!Array.isArray(now) || !Array.isArray(before) || before.length === 0) return [];
  if (now[0] === before[0]) return [];
  return [invalidValue("spec.clusterIPs[0]", now, "may not change once set")];
}

function validateExternalName(spec: JsonObject): FieldError[] {
  const detail = "may not be set for ExternalName services";
  const errors = [
    ...(text(spec, "clusterIP") === "" ? [] : ["clusterIPs"]),
    ...(spec.ipFamilies === undefined ? [] : ["ipFamilies"]),
    ...(spec.ipFamilyPolicy === undefined ? [] : ["ipFamilyPolicy"]),
  ].map((name) => forbidden(`spec.${name}`, detail));
  const name = text(spec, "externalName").replace(/\.$/, "");
  if (name === "") return [...errors, required("spec.externalName")];
  const mistakes = dnsSubdomain(name).map((each) => invalidValue("spec.externalName", name, each));
  return [...errors, ...mistakes];
}

function validatePort(
  port: JsonObject,
  index: number,
  { ports, names }: { ports: JsonObject[]; names: Set<string> },
): FieldError[] {
  const field = `spec.ports[${index}]`;
  const name = text(port, "name");
  const errors: FieldError[] = [];
  if (name === "" && ports.length > 1) errors.push(required(`${field}.name`));
  if (name !== "") {
    errors.push(...dnsLabel(name).map((each) => invalidValue(`${field}.name`, name, each)));
    if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
    names.add(name);
  }
  const number = Number(port.port ?? 0);
  errors.push(...portNumber(number).map((each) => invalidValue(`${field}.port`, number, each)));
  const protocol = text(port, "protocol");
  if (protocol === "") errors.push(required(`${field}.protocol`));
  else if (!PROTOCOLS.includes(protocol)) {
    errors.push(notSupported(`${field}.protocol`, protocol, PROTOCOLS));
  }
  return [...errors, ...validateTarget(port.targetPort ?? number, `${field}.targetPort`)];
}

function validateTarget(target: Json, field: string): FieldError[] {
  const texts = typeof target === "number" ? portNumber(target) : portName(String(target));
  return texts.map((each) => invalidValue(field, target, each));
}

function validateAffinity(spec: JsonObject): FieldError[] {
  const affinity = text(spec, "sessionAffinity");
  if (affinity === "") return [required("spec.sessionAffinity")];
  if (!AFFINITIES.includes(affinity)) {
    return [notSupported("spec.sessionAffinity", affinity, AFFINITIES)];
  }
  if (affinity === "None") return [];
  const config = spec.sessionAffinityConfig;
  const client = isObject(config) ? config.clientIP : undefined;
  const seconds = isObject(client) ? Number(client.timeoutSeconds) : NaN;
  if (seconds > 0 && seconds <= AFFINITY_SECONDS_MAX) return [];
  const detail = `must be greater than 0 and less than ${AFFINITY_SECONDS_MAX}`;
  return [invalidValue("spec.sessionAffinityConfig.clientIP.timeoutSeconds", seconds, detail)];
}

function validateAddresses(spec: JsonObject): FieldError[] {
  const address = text(spec, "clusterIP");
  const all = Array.isArray(spec.clusterIPs) ? spec.clusterIPs : [];
  if (all.length === 0) return [];
  if (address === "") {
    return [
      invalidValue("spec.clusterIPs", all, "must be empty when `clusterIP` is not specified"),
    ];
  }
  if (all[0] !== address) {
    return [invalidValue("spec.clusterIPs", all, "first value must match `clusterIP`")];
  }
  return all.flatMap((each, index) =>
    each === "None" || parseIpv4(String(each)) !== undefined
      ? []
      : [invalidValue(`spec.clusterIPs[${index}]`, each, NO_ADDRESS)]
  );
}

/** Services without selectors may have any: somebody else leads to them. */
function validateFamilies(spec: JsonObject): FieldError[] {
  if (spec.clusterIP === "None") return [];
  const errors = spec.ipFamilyPolicy === "RequireDualStack"
    ? [
      invalidValue(
        "spec.ipFamilyPolicy",
        spec.ipFamilyPolicy,
        "this cluster is not configured for dual-stack services",
      ),
    ]
    : [];
  const families = Array.isArray(spec.ipFamilies) ? spec.ipFamilies : [];
  const others = families.flatMap((family, index) =>
    family === "IPv4"
      ? []
      : [invalidValue(`spec.ipFamilies[${index}]`, family, "not configured on this cluster")]
  );
  return [...errors, ...others];
}

function validateExternalAddresses({ externalIPs }: JsonObject): FieldError[] {
  if (!Array.isArray(externalIPs)) return [];
  return externalIPs.flatMap((each, index) => {
    const field = `spec.externalIPs[${index}]`;
    if (parseIpv4(String(each)) === undefined) return [invalidValue(field, each, NO_ADDRESS)];
    return String(each).startsWith("127.")
      ? [invalidValue(field, each, "may not be in the loopback range (127.0.0.0/8, ::1/128)")]
      : [];
  });
}

function validateNodePorts(spec: JsonObject): FieldError[] {
  const ports = items(spec, "ports");
  const type = text(spec, "type");
  const errors: FieldError[] = [];
  const used = new Set<string>();
  ports.forEach((port, index) => {
    if (!port.nodePort) return;
    const field = `spec.ports[${index}].nodePort`;
    if (type === "ClusterIP") {
      errors.push(forbidden(field, "may not be used when `type` is 'ClusterIP'"));
    }
    const key = `${port.protocol}/${port.nodePort}`;
    if (used.has(key)) errors.push(shown(field, { ...port, port: 0 }));
    used.add(key);
  });
  return errors;
}

function duplicatePorts(ports: readonly JsonObject[]): FieldError[] {
  const used = new Set<string>();
  return ports.flatMap((port, index) => {
    const key = `${port.protocol}/${port.port}`;
    const isDuplicate = used.has(key);
    used.add(key);
    return isDuplicate ? [shown(`spec.ports[${index}]`, { ...port, nodePort: 0 })] : [];
  });
}

/** Kubernetes shows what it compares, by the names of its Go type. */
function shown(field: string, port: JsonObject): FieldError {
  const { protocol: Protocol = "", port: Port = 0, nodePort: NodePort = 0 } = port;
  const value = { Name: "", Protocol, AppProtocol: null, Port, TargetPort: 0, NodePort };
  return { ...duplicate(field, value), shown: JSON.stringify(value) };
}

/** Fields that only some types have. */
function ofItsType(spec: JsonObject): FieldError[] {
  const isLoadBalancer = text(spec, "type") === "LoadBalancer";
  const errors: FieldError[] = [];
  const ranges = Array.isArray(spec.loadBalancerSourceRanges) ? spec.loadBalancerSourceRanges : [];
  // Kubernetes names it as its Go type does.
  const field = "spec.LoadBalancerSourceRanges";
  if (ranges.length > 0 && !isLoadBalancer) errors.push(forbidden(field, OF_LOAD_BALANCERS));
  else {
    ranges.forEach((each, index) => {
      if (maskedIpv4(String(each).trim()) !== undefined) return;
      errors.push(invalidValue(`${field}[${index}]`, each, NO_RANGE));
    });
  }
  if (!isLoadBalancer) {
    errors.push(
      ...["allocateLoadBalancerNodePorts", "loadBalancerClass"]
        .filter((name) => spec[name] !== undefined && spec[name] !== null)
        .map((name) => forbidden(`spec.${name}`, OF_LOAD_BALANCERS)),
    );
  }
  return [...errors, ...validatePolicies(spec, isLoadBalancer)];
}

function validatePolicies(spec: JsonObject, isLoadBalancer: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const [external, internal] = ["externalTrafficPolicy", "internalTrafficPolicy"].map((name) =>
    text(spec, name)
  );
  if (external && !isReachedFromOutside(spec)) {
    const detail = "may only be set for externally-accessible services";
    errors.push(invalidValue("spec.externalTrafficPolicy", external, detail));
  } else if (external && !TRAFFIC_POLICIES.includes(external)) {
    errors.push(notSupported("spec.externalTrafficPolicy", external, TRAFFIC_POLICIES));
  }
  if (spec.healthCheckNodePort && !(isLoadBalancer && external === "Local")) {
    const detail =
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(invalidValue("spec.healthCheckNodePort", spec.healthCheckNodePort, detail));
  }
  if (internal && !TRAFFIC_POLICIES.includes(internal)) {
    errors.push(notSupported("spec.internalTrafficPolicy", internal, TRAFFIC_POLICIES));
  }
  return errors;
}
