/** What Kubernetes fills in of a pod's spec (core/v1, defaults.go). */
import { isObject, type JsonObject } from "../../../kube/json.ts";
import { filled, part, text, withItems, withPart } from "./members.ts";

const GRACE_SECONDS = 30;
const FILE_MODE = 0o644;
const TOKEN_SECONDS = 3600;
const CONTAINER_LISTS = ["containers", "initContainers"] as const;

/** The spec with its defaults. */
export function defaultPodSpec(given: JsonObject): JsonObject {
  let spec = filled(given, {
    dnsPolicy: "ClusterFirst",
    restartPolicy: "Always",
    schedulerName: "default-scheduler",
    securityContext: {},
    terminationGracePeriodSeconds: GRACE_SECONDS,
    enableServiceLinks: true,
  });
  if (text(spec, "serviceAccountName") !== "") {
    spec = { ...spec, serviceAccount: spec.serviceAccountName! };
  }
  for (const list of CONTAINER_LISTS) {
    spec = withItems(spec, list, (each) => defaultContainer(each, spec.hostNetwork === true));
  }
  return withItems(spec, "volumes", defaultVolume);
}

function defaultContainer(given: JsonObject, hostNetwork: boolean): JsonObject {
  let container = filled(given, {
    imagePullPolicy: pullPolicy(text(given, "image")),
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    resources: {},
  });
  container = withPart(container, "resources", (resources) => {
    if (!isObject(resources.limits)) return resources;
    return { ...resources, requests: { ...resources.limits, ...part(resources, "requests") } };
  });
  for (const probe of ["livenessProbe", "readinessProbe", "startupProbe"]) {
    container = withPart(container, probe, defaultProbe);
  }
  container = withItems(
    container,
    "env",
    (variable) =>
      withPart(
        variable,
        "valueFrom",
        (source) => withPart(source, "fieldRef", (field) => filled(field, { apiVersion: "v1" })),
      ),
  );
  return withItems(container, "ports", (port) => {
    const named = filled(port, { protocol: "TCP" });
    if (!hostNetwork || named.hostPort || named.containerPort === undefined) return named;
    return { ...named, hostPort: named.containerPort };
  });
}

/** An image without a tag, or with "latest", is pulled each time. */
function pullPolicy(image: string): string {
  if (image.includes("@")) return "IfNotPresent";
  const tag = /:([^/:]+)$/.exec(image)?.[1] ?? "latest";
  return tag === "latest" ? "Always" : "IfNotPresent";
}

function defaultProbe(given: JsonObject): JsonObject {
  const numbers = {
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  };
  const zero = Object.entries(numbers).filter(([name]) => !given[name]);
  const probe = { ...given, ...Object.fromEntries(zero) };
  const http = withPart(probe, "httpGet", (get) => filled(get, { path: "/", scheme: "HTTP" }));
  return withPart(http, "grpc", (grpc) => ({ ...grpc, service: grpc.service ?? "" }));
}

function defaultVolume(volume: JsonObject): JsonObject {
  const { name, ...sources } = volume;
  if (!Object.values(sources).some(isObject)) return { ...volume, name: name ?? "", emptyDir: {} };
  let given = volume;
  for (const source of ["configMap", "secret", "downwardAPI", "projected"]) {
    given = withPart(given, source, (each) => filled(each, { defaultMode: FILE_MODE }));
  }
  for (const source of ["downwardAPI"]) given = withPart(given, source, withFieldVersions);
  given = withPart(given, "hostPath", (path) => ({ ...path, type: path.type ?? "" }));
  return withPart(given, "projected", (projected) =>
    withItems(projected, "sources", (source) => {
      const token = withPart(source, "serviceAccountToken", (each) =>
        filled(each, { expirationSeconds: TOKEN_SECONDS }));
      return withPart(token, "downwardAPI", withFieldVersions);
    }));
}

function withFieldVersions(source: JsonObject): JsonObject {
  return withItems(
    source,
    "items",
    (item) => withPart(item, "fieldRef", (field) => filled(field, { apiVersion: "v1" })),
  );
}
