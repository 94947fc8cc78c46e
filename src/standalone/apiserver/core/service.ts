/** Service. */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import {
  duplicate,
  type FieldError,
  invalidValue,
  notSupported,
  required,
} from "../field_error.ts";
import type { CoreKind } from "./core_kind.ts";
import { filled, items, part, text, withItems, withPart } from "./members.ts";
import { dnsLabel, dnsLabel1035, dnsSubdomain, portName, portNumber } from "./names.ts";
import { validateLabels } from "./object_meta.ts";

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const AFFINITIES = ["ClientIP", "None"];
/** Three hours. */
const CLIENT_IP_SECONDS = 10_800;

export const SERVICE: CoreKind = {
  meta: { namespaced: true, name: dnsLabel1035, again: true },
  defaults: (object) => withPart(object, "spec", defaults),
  prepareCreate: (object) => ({
    ...withPart(object, "spec", withFamilies),
    status: { loadBalancer: {} },
  }),
  prepareUpdate: (object, old) =>
    withPart(
      object,
      "spec",
      (spec) =>
        text(spec, "type") === "ExternalName" ? spec : { ...allotted(part(old, "spec")), ...spec },
    ),
  validate: (object) => validateSpec(part(object, "spec")),
};

/** What was allotted when the service was created, and a PUT may leave out. */
const ALLOTTED = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"];

function allotted(spec: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(spec).filter(([name]) => ALLOTTED.includes(name)));
}

/** The node has one family of addresses. */
function withFamilies(spec: JsonObject): JsonObject {
  if (text(spec, "type") === "ExternalName") return spec;
  const address = text(spec, "clusterIP");
  return filled(spec, {
    ...(address !== "" && { clusterIPs: [address] }),
    ipFamilies: ["IPv4"],
    ipFamilyPolicy: "SingleStack",
  });
}

function defaults(spec: JsonObject): JsonObject {
  const typed = filled(spec, { sessionAffinity: "None", type: "ClusterIP" });
  const type = text(typed, "type");
  const external = type === "NodePort" || type === "LoadBalancer" ||
    (type === "ClusterIP" && Array.isArray(typed.externalIPs) && typed.externalIPs.length > 0);
  return withItems(
    filled(withAffinity(typed), {
      ...(external && { externalTrafficPolicy: "Cluster" }),
      ...(type !== "ExternalName" && { internalTrafficPolicy: "Cluster" }),
      ...(type === "LoadBalancer" && { allocateLoadBalancerNodePorts: true }),
    }),
    "ports",
    (port) => {
      const { targetPort } = port;
      const target = targetPort === undefined || targetPort === 0 || targetPort === "";
      return {
        ...filled(port, { protocol: "TCP" }),
        ...(target && port.port !== undefined && { targetPort: port.port }),
      };
    },
  );
}

function withAffinity(spec: JsonObject): JsonObject {
  const { sessionAffinityConfig, ...rest } = spec;
  if (spec.sessionAffinity === "None") return rest;
  const clientIP = isObject(sessionAffinityConfig) ? sessionAffinityConfig.clientIP : undefined;
  if (isObject(clientIP) && clientIP.timeoutSeconds !== undefined) return spec;
  return { ...spec, sessionAffinityConfig: { clientIP: { timeoutSeconds: CLIENT_IP_SECONDS } } };
}

function validateSpec(spec: JsonObject): FieldError[] {
  const type = text(spec, "type");
  const ports = items(spec, "ports");
  const headless = spec.clusterIP === "None";
  const errors: FieldError[] = [];
  if (ports.length === 0 && !headless && type !== "ExternalName") {
    errors.push(required("spec.ports"));
  }
  if (type === "LoadBalancer" && headless) {
    const detail = "may not be set to 'None' for LoadBalancer services";
    errors.push(invalidValue("spec.clusterIPs[0]", "None", detail));
  }
  if (type === "NodePort" && headless) {
    const detail = "may not be set to 'None' for NodePort services";
    errors.push(invalidValue("spec.clusterIPs[0]", "None", detail));
  }
  if (type === "ExternalName") errors.push(...validateExternalName(spec));
  errors.push(...validatePorts(ports));
  errors.push(...validateLabels(spec.selector, "spec.selector"));
  const affinity = text(spec, "sessionAffinity");
  if (affinity === "") errors.push(required("spec.sessionAffinity"));
  else if (!AFFINITIES.includes(affinity)) {
    errors.push(notSupported("spec.sessionAffinity", affinity, AFFINITIES));
  }
  if (type === "") errors.push(required("spec.type"));
  else if (!TYPES.includes(type)) errors.push(notSupported("spec.type", type, TYPES));
  return errors;
}

function validateExternalName(spec: JsonObject): FieldError[] {
  const name = text(spec, "externalName").replace(/\.$/, "");
  if (name === "") return [required("spec.externalName")];
  return dnsSubdomain(name).map((each) => invalidValue("spec.externalName", name, each));
}

function validatePorts(ports: JsonObject[]): FieldError[] {
  const names = new Set<string>();
  const used = new Set<string>();
  const errors = ports.flatMap((port, index) => validatePort(port, index, { ports, names }));
  ports.forEach((port, index) => {
    const key = `${port.protocol}/${port.port}`;
    if (used.has(key)) {
      // Kubernetes shows what it compares, by the names of its Go type.
      const { protocol: Protocol = "", port: Port = 0 } = port;
      const value = { Name: "", Protocol, AppProtocol: null, Port, TargetPort: 0, NodePort: 0 };
      errors.push({ ...duplicate(`spec.ports[${index}]`, value), shown: JSON.stringify(value) });
    }
    used.add(key);
  });
  return errors;
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
