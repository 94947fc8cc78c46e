/** What `kubectl get` shows of Kubernetes' own kinds. */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import { AGE_COLUMN, NAME_COLUMN } from "./custom_kind.ts";
import { jsonPath } from "./json_path.ts";
import type { TableColumn } from "./kind.ts";

const NONE = "<none>";

function column(
  name: string,
  cell: string | ((object: JsonObject) => unknown),
  options: { type?: TableColumn["type"]; wide?: boolean; missing?: string } = {},
): TableColumn {
  const { type = "string", wide = false, missing = "" } = options;
  const read = typeof cell === "string" ? jsonPath(cell) : cell;
  return {
    name,
    type,
    shownType: "string",
    description: "",
    priority: wide ? 1 : 0,
    cell: (object) => read(object) ?? (type === "integer" ? 0 : missing),
  };
}

function size(path: string): (object: JsonObject) => number {
  const read = jsonPath(path);
  return (object) => {
    const value = read(object);
    return Array.isArray(value) || isObject(value) ? Object.keys(value).length : 0;
  };
}

function list(
  path: string,
  read: (item: JsonObject) => Json | undefined,
): (o: JsonObject) => string {
  const find = jsonPath(path);
  return (object) => {
    const items = find(object);
    return Array.isArray(items) ? items.filter(isObject).map(read).join(",") : "";
  };
}

/** Of pods: why it waits or ended, in one word. */
function podStatus(pod: JsonObject): string {
  const metadata = pod.metadata as JsonObject;
  const status = (pod.status ?? {}) as JsonObject;
  const containers = statuses(pod);
  const reason = containers.map((each) => {
    const state = (each.state ?? {}) as { waiting?: JsonObject; terminated?: JsonObject };
    return state.waiting?.reason ?? state.terminated?.reason;
  }).find((each) => each !== undefined);
  const shown = String(reason ?? status.reason ?? status.phase ?? "Unknown");
  if (metadata.deletionTimestamp === undefined) return shown;
  return status.reason === "NodeLost" ? "Unknown" : "Terminating";
}

function statuses(pod: JsonObject): JsonObject[] {
  const status = pod.status as { containerStatuses?: JsonObject[] } | undefined;
  return status?.containerStatuses ?? [];
}

function podReady(pod: JsonObject): string {
  const ready = statuses(pod).filter((each) => each.ready === true).length;
  return `${ready}/${size(".spec.containers")(pod)}`;
}

function nodeStatus(node: JsonObject): string {
  const ready = jsonPath(".status.conditions[?(@.type=='Ready')].status")(node);
  const shown = ready === "True" ? "Ready" : ready === undefined ? "Unknown" : "NotReady";
  return jsonPath(".spec.unschedulable")(node) === true ? `${shown},SchedulingDisabled` : shown;
}

const ROLE = "node-role.kubernetes.io/";

function nodeRoles(node: JsonObject): string {
  const labels = (node.metadata as { labels?: Record<string, string> }).labels ?? {};
  const roles = Object.keys(labels).filter((name) => name.startsWith(ROLE));
  return roles.map((name) => name.slice(ROLE.length)).sort().join(",") || NONE;
}

function address(type: string): (node: JsonObject) => unknown {
  return jsonPath(`.status.addresses[?(@.type=='${type}')].address`);
}

const ACCESS_MODES: Record<string, string> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

function accessModes(path: string): (object: JsonObject) => string {
  const find = jsonPath(path);
  return (object) => {
    const modes = find(object);
    return Array.isArray(modes)
      ? modes.map((each) => ACCESS_MODES[String(each)] ?? each).join(",")
      : "";
  };
}

function servicePorts(service: JsonObject): string {
  return list(
    ".spec.ports",
    ({ port, nodePort, protocol = "TCP" }) =>
      nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  )(service) || NONE;
}

/** What leads to it from outside: of a load balancer what its status says. */
function serviceAddresses(service: JsonObject): string {
  const spec = (service.spec ?? {}) as { type?: string; externalName?: string };
  if (spec.type === "ExternalName") return spec.externalName ?? "";
  const own = jsonPath(".spec.externalIPs")(service);
  const ingress = jsonPath(".status.loadBalancer.ingress")(service);
  const isLoadBalancer = spec.type === "LoadBalancer";
  const balanced = isLoadBalancer && Array.isArray(ingress)
    ? ingress.filter(isObject).map(({ ip, hostname }) => String(ip || hostname))
    : [];
  const all = [...new Set(balanced)].sort().concat(Array.isArray(own) ? own.map(String) : []);
  return all.join(",") || (isLoadBalancer ? "<pending>" : NONE);
}

function selector(service: JsonObject): string {
  const pairs = jsonPath(".spec.selector")(service);
  const shown = isObject(pairs) ? Object.entries(pairs).map(([k, v]) => `${k}=${v}`).sort() : [];
  return shown.join(",") || NONE;
}

function lastSeen(event: JsonObject): unknown {
  const series = event.series as { lastObservedTime?: string } | undefined;
  return series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp;
}

function involved(event: JsonObject): string {
  const { kind = "", name = "" } = (event.involvedObject ?? {}) as { kind?: string; name?: string };
  return name === "" ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`;
}

const AGE: TableColumn = { ...AGE_COLUMN, shownType: "string" };
const NAME = NAME_COLUMN;

/** By kind. */
export const CORE_COLUMNS: Readonly<Record<string, readonly TableColumn[]>> = {
  Namespace: [NAME, column("Status", ".status.phase"), AGE],
  Secret: [
    NAME,
    column("Type", ".type"),
    column("Data", size(".data"), { type: "integer" }),
    AGE,
  ],
  ConfigMap: [NAME, column("Data", configMapSize, { type: "integer" }), AGE],
  ServiceAccount: [NAME, column("Secrets", size(".secrets"), { type: "integer" }), AGE],
  Event: [
    { ...column("Last Seen", lastSeen, { missing: "<unknown>" }), type: "date" },
    column("Type", ".type"),
    column("Reason", ".reason"),
    column("Object", involved),
    column("Subobject", ".involvedObject.fieldPath", { wide: true }),
    column("Source", (e) => jsonPath(".source.component")(e) ?? e.reportingComponent, {
      wide: true,
    }),
    column("Message", (event) => String(event.message ?? "").trim()),
    {
      ...column("First Seen", (e) => e.firstTimestamp ?? e.eventTime, { wide: true }),
      type: "date",
    },
    column("Count", (event) => event.count ?? 1, { type: "integer", wide: true }),
    { ...NAME, priority: 1 },
  ],
  Node: [
    NAME,
    column("Status", nodeStatus),
    column("Roles", nodeRoles),
    AGE,
    column("Version", ".status.nodeInfo.kubeletVersion"),
    column("Internal-IP", address("InternalIP"), { wide: true, missing: NONE }),
    column("External-IP", address("ExternalIP"), { wide: true, missing: NONE }),
    column("OS-Image", ".status.nodeInfo.osImage", { wide: true, missing: "<unknown>" }),
    column("Kernel-Version", ".status.nodeInfo.kernelVersion", {
      wide: true,
      missing: "<unknown>",
    }),
    column("Container-Runtime", ".status.nodeInfo.containerRuntimeVersion", {
      wide: true,
      missing: "<unknown>",
    }),
  ],
  Pod: [
    NAME,
    column("Ready", podReady),
    column("Status", podStatus),
    column(
      "Restarts",
      (pod) => String(statuses(pod).reduce((n, s) => n + Number(s.restartCount ?? 0), 0)),
    ),
    AGE,
    column("IP", ".status.podIP", { wide: true, missing: NONE }),
    column("Node", ".spec.nodeName", { wide: true, missing: NONE }),
    column("Nominated Node", ".status.nominatedNodeName", { wide: true, missing: NONE }),
    column("Readiness Gates", readinessGates, { wide: true }),
  ],
  PersistentVolume: [
    NAME,
    column("Capacity", ".spec.capacity.storage"),
    column("Access Modes", accessModes(".spec.accessModes")),
    column("Reclaim Policy", ".spec.persistentVolumeReclaimPolicy"),
    column("Status", ".status.phase"),
    column("Claim", claimOf),
    column("StorageClass", ".spec.storageClassName"),
    column("VolumeAttributesClass", ".spec.volumeAttributesClassName", { missing: "<unset>" }),
    column("Reason", ".status.reason"),
    AGE,
    column("VolumeMode", ".spec.volumeMode", { wide: true, missing: "<unset>" }),
  ],
  PersistentVolumeClaim: [
    NAME,
    column("Status", (pvc) => isTerminating(pvc) ? "Terminating" : jsonPath(".status.phase")(pvc)),
    column("Volume", ".spec.volumeName"),
    column("Capacity", ".status.capacity.storage"),
    column("Access Modes", accessModes(".status.accessModes")),
    column("StorageClass", ".spec.storageClassName"),
    column("VolumeAttributesClass", ".spec.volumeAttributesClassName", { missing: "<unset>" }),
    AGE,
    column("VolumeMode", ".spec.volumeMode", { wide: true, missing: "<unset>" }),
  ],
  ResourceQuota: [
    NAME,
    column("Request", quotaUse((name) => !name.startsWith("limits."))),
    column("Limit", quotaUse((name) => name.startsWith("limits."))),
    AGE,
  ],
  Service: [
    NAME,
    column("Type", ".spec.type"),
    column("Cluster-IP", ".spec.clusterIP", { missing: NONE }),
    column("External-IP", serviceAddresses),
    column("Port(s)", servicePorts),
    AGE,
    column("Selector", selector, { wide: true }),
  ],
  EndpointSlice: [
    NAME,
    column("AddressType", ".addressType"),
    column("Ports", (slice) => list(".ports", ({ port }) => port)(slice) || "<unset>"),
    column(
      "Endpoints",
      (slice) =>
        list(".endpoints", ({ addresses }) => (addresses as string[])[0])(slice) || "<unset>",
    ),
    AGE,
  ],
  Lease: [NAME, column("Holder", ".spec.holderIdentity"), AGE],
  ControllerRevision: [
    NAME,
    column("Controller", controllerOf, { missing: NONE }),
    column("Revision", ".revision", { type: "integer" }),
    AGE,
  ],
  StorageClass: [
    { ...NAME, cell: storageClassName },
    column("Provisioner", ".provisioner"),
    column("ReclaimPolicy", ".reclaimPolicy", { missing: "Delete" }),
    column("VolumeBindingMode", ".volumeBindingMode", { missing: "Immediate" }),
    column("AllowVolumeExpansion", (each) => String(each.allowVolumeExpansion ?? false)),
    AGE,
  ],
};

function configMapSize(object: JsonObject): number {
  return size(".data")(object) + size(".binaryData")(object);
}

/** "limits.cpu: 1/4, limits.memory: 1Gi/8Gi". */
function quotaUse(isShown: (resource: string) => boolean): (quota: JsonObject) => string {
  return ({ status }) => {
    const { hard = {}, used = {} } = (status ?? {}) as Record<string, Record<string, string>>;
    return Object.keys(hard).filter(isShown).sort()
      .map((name) => `${name}: ${used[name] ?? 0}/${hard[name]}`).join(", ");
  };
}

function readinessGates(pod: JsonObject): string {
  const gates = jsonPath(".spec.readinessGates")(pod);
  if (!Array.isArray(gates) || gates.length === 0) return NONE;
  const conditions = (pod.status as { conditions?: JsonObject[] } | undefined)?.conditions ?? [];
  const met = gates.filter((gate) =>
    conditions.some((each) =>
      each.type === (gate as JsonObject).conditionType && each.status === "True"
    )
  );
  return `${met.length}/${gates.length}`;
}

function claimOf(volume: JsonObject): string {
  const claim = jsonPath(".spec.claimRef")(volume);
  return isObject(claim) ? `${claim.namespace}/${claim.name}` : "";
}

function isTerminating({ metadata }: JsonObject): boolean {
  return (metadata as JsonObject).deletionTimestamp !== undefined;
}

function controllerOf(object: JsonObject): string | undefined {
  const owners = jsonPath(".metadata.ownerReferences")(object);
  if (!Array.isArray(owners)) return undefined;
  const owner = owners.filter(isObject).find((each) => each.controller === true);
  if (owner === undefined) return undefined;
  const group = String(owner.apiVersion).split("/")[0] ?? "";
  const kind = String(owner.kind).toLowerCase();
  return String(owner.apiVersion).includes("/")
    ? `${kind}.${group}/${owner.name}`
    : `${kind}/${owner.name}`;
}

const DEFAULT_CLASS = ".metadata.annotations.storageclass\\.kubernetes\\.io/is-default-class";

function storageClassName(each: JsonObject): string {
  const name = String((each.metadata as JsonObject).name ?? "");
  return jsonPath(DEFAULT_CLASS)(each) === "true" ? `${name} (default)` : name;
}
