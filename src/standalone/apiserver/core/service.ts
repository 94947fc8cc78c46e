/** Service. */
import { isObject, type JsonObject } from "../../../kube/json.ts";
import type { CoreKind } from "./core_kind.ts";
import { filled, part, text, withItems, withPart } from "./members.ts";
import { dnsLabel1035 } from "./names.ts";
import { updatedSpec } from "./service_update.ts";
import { validateChange, validateService } from "./service_rules.ts";

/** Three hours. */
const CLIENT_IP_SECONDS = 10_800;

export const SERVICE: CoreKind = {
  meta: { namespaced: true, name: dnsLabel1035, again: true },
  defaults: (object) => withModes(withPart(object, "spec", defaults)),
  prepareCreate: (object) => ({
    ...withPart(object, "spec", withFamilies),
    status: { loadBalancer: {} },
  }),
  prepareUpdate: (object, old) =>
    withPart(object, "spec", (spec) => updatedSpec(spec, part(old, "spec"))),
  validate: (object, old) => [
    ...(old === undefined ? [] : validateChange(part(object, "spec"), part(old, "spec"))),
    ...validateService(part(object, "spec")),
  ],
};

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

/** Of a balancer's addresses. */
function withModes(object: JsonObject): JsonObject {
  if (text(part(object, "spec"), "type") !== "LoadBalancer") return object;
  const mode = (ingress: JsonObject) =>
    text(ingress, "ip") === "" ? ingress : filled(ingress, { ipMode: "VIP" });
  return withPart(
    object,
    "status",
    (status) => withPart(status, "loadBalancer", (each) => withItems(each, "ingress", mode)),
  );
}

function withAffinity(spec: JsonObject): JsonObject {
  const { sessionAffinityConfig, ...rest } = spec;
  if (spec.sessionAffinity === "None") return rest;
  const clientIP = isObject(sessionAffinityConfig) ? sessionAffinityConfig.clientIP : undefined;
  if (isObject(clientIP) && clientIP.timeoutSeconds !== undefined) return spec;
  return { ...spec, sessionAffinityConfig: { clientIP: { timeoutSeconds: CLIENT_IP_SECONDS } } };
}
