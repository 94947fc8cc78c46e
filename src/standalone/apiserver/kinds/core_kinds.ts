/** Kubernetes' own kinds, as far as virtual machines need them. */
import type { JsonObject } from "../../../kube/json.ts";
import { type PodContainers, qosClass } from "../../../resources/quality_of_service.ts";
import type { Ipv4Range } from "../../ipv4_range.ts";
import type { CoreKind, Pool } from "../core/core_kind.ts";
import { coreKind as coreRules } from "../core/core_kinds.ts";
import { dnsSubdomain } from "../core/names.ts";
import { allotService } from "../core/service_allotment.ts";
import { coreSchema } from "../schema/core_schemas.ts";
import type { Schema } from "../schema/schema.ts";
import { CORE_COLUMNS } from "./core_columns.ts";
import { fromEventsForm, toEventsForm } from "./event_forms.ts";
import { jsonPath } from "./json_path.ts";
import type { Kind, KindRules } from "./kind.ts";

interface Served {
  group?: string;
  plural: string;
  kind: string;
  cluster?: true;
  shortNames?: readonly string[];
  categories?: readonly string[];
  status?: true;
  fields?: Record<string, string>;
  rules?: Partial<KindRules>;
  subresources?: Kind["subresources"];
}

/** Kubernetes keeps a pod for 30 s, unless its spec says otherwise. */
const POD_GRACE_SECONDS = 30;

const POD_FIELDS = {
  "spec.nodeName": ".spec.nodeName",
  "spec.restartPolicy": ".spec.restartPolicy",
  "spec.schedulerName": ".spec.schedulerName",
  "spec.serviceAccountName": ".spec.serviceAccountName",
  "spec.hostNetwork": ".spec.hostNetwork",
  "status.phase": ".status.phase",
  "status.podIP": ".status.podIP",
  "status.nominatedNodeName": ".status.nominatedNodeName",
};
const EVENT_FIELDS = {
  "involvedObject.kind": ".involvedObject.kind",
  "involvedObject.namespace": ".involvedObject.namespace",
  "involvedObject.name": ".involvedObject.name",
  "involvedObject.uid": ".involvedObject.uid",
  "involvedObject.apiVersion": ".involvedObject.apiVersion",
  "involvedObject.resourceVersion": ".involvedObject.resourceVersion",
  "involvedObject.fieldPath": ".involvedObject.fieldPath",
  "reason": ".reason",
  "reportingComponent": ".reportingComponent",
  "source": ".source.component",
  "type": ".type",
};

const KINDS: readonly Served[] = [
  { plural: "configmaps", kind: "ConfigMap", shortNames: ["cm"] },
  {
    plural: "events",
    kind: "Event",
    shortNames: ["ev"],
    fields: EVENT_FIELDS,
    rules: { createOnUpdate: true },
  },
  {
    plural: "namespaces",
    kind: "Namespace",
    cluster: true,
    shortNames: ["ns"],
    status: true,
    fields: { "status.phase": ".status.phase", "name": ".metadata.name" },
    rules: { returnsDeleted: true },
    subresources: [{ name: "finalize", kind: "Namespace", verbs: ["update"] }],
  },
  {
    plural: "nodes",
    kind: "Node",
    cluster: true,
    shortNames: ["no"],
    status: true,
    fields: { "spec.unschedulable": ".spec.unschedulable" },
  },
  {
    plural: "persistentvolumeclaims",
    kind: "PersistentVolumeClaim",
    shortNames: ["pvc"],
    status: true,
    fields: { "name": ".metadata.name" },
    rules: { returnsDeleted: true, prepareCreate: pending },
  },
  {
    plural: "persistentvolumes",
    kind: "PersistentVolume",
    cluster: true,
    shortNames: ["pv"],
    status: true,
    fields: { "name": ".metadata.name" },
    rules: { returnsDeleted: true, prepareCreate: pending },
  },
  {
    plural: "pods",
    kind: "Pod",
    shortNames: ["po"],
    categories: ["all"],
    status: true,
    fields: POD_FIELDS,
    rules: {
      generation: true,
      returnsDeleted: true,
      prepareCreate: newPod,
      graceSeconds: podGrace,
    },
    subresources: [
      { name: "binding", kind: "Binding", verbs: ["create"] },
      { name: "eviction", kind: "Eviction", group: "policy", version: "v1", verbs: ["create"] },
    ],
  },
  {
    plural: "resourcequotas",
    kind: "ResourceQuota",
    shortNames: ["quota"],
    status: true,
    rules: { returnsDeleted: true },
  },
  { plural: "secrets", kind: "Secret", fields: { "type": ".type" } },
  {
    plural: "serviceaccounts",
    kind: "ServiceAccount",
    shortNames: ["sa"],
    rules: { returnsDeleted: true },
  },
  {
    plural: "services",
    kind: "Service",
    shortNames: ["svc"],
    categories: ["all"],
    status: true,
    fields: { "spec.clusterIP": ".spec.clusterIP", "spec.type": ".spec.type" },
    rules: { returnsDeleted: true },
  },
  { group: "apps", plural: "controllerrevisions", kind: "ControllerRevision" },
  {
    group: "coordination.k8s.io",
    plural: "leases",
    kind: "Lease",
    rules: { createOnUpdate: true, unconditionalUpdate: false },
  },
  {
    group: "discovery.k8s.io",
    plural: "endpointslices",
    kind: "EndpointSlice",
    rules: { generation: true },
  },
  {
    group: "storage.k8s.io",
    plural: "storageclasses",
    kind: "StorageClass",
    cluster: true,
    shortNames: ["sc"],
  },
];

export interface CoreKindOptions {
  /** What addresses of Services are taken from. */
  serviceRange: Ipv4Range;
}

/** All of them. */
export function coreKinds(options: CoreKindOptions): Kind[] {
  return KINDS.map((served) => kindOf(served, options));
}

const OPEN: Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

function kindOf(served: Served, { serviceRange }: CoreKindOptions): Kind {
  const { group = "", plural, kind, fields } = served;
  const namespaced = served.cluster !== true;
  const at = { group, version: "v1", kind };
  const form = { group, version: "v1", schema: () => coreSchema(at) ?? OPEN };
  const plain: CoreKind = { meta: { namespaced, name: dnsSubdomain } };
  return {
    ...at,
    plural,
    singular: kind.toLowerCase(),
    shortNames: served.shortNames ?? [],
    categories: served.categories ?? [],
    namespaced,
    custom: false,
    forms: kind === "Event" ? [form, EVENTS_FORM] : [form],
    statusSubresource: served.status === true,
    ...(served.subresources === undefined ? {} : { subresources: served.subresources }),
    columns: CORE_COLUMNS[kind] ?? [],
    ...(fields === undefined ? {} : {
      fields: Object.fromEntries(
        Object.entries(fields).map(([name, path]) => [name, jsonPath(path)]),
      ),
    }),
    rules: {
      ...plain,
      generation: false,
      unconditionalUpdate: true,
      ...served.rules,
      ...coreRules(at),
      ...(kind === "Pod" && { prepareCreate: admittedPod(coreRules(at)) }),
      ...(kind === "Service" && {
        allot: (service: JsonObject, old: JsonObject | undefined, pool: Pool) =>
          allotService(service, old, { ...pool, range: serviceRange }),
      }),
    },
  };
}

const EVENTS_GROUP = { group: "events.k8s.io", version: "v1" };
const EVENTS_FORM: Kind["forms"][number] = {
  ...EVENTS_GROUP,
  schema: () => coreSchema({ ...EVENTS_GROUP, kind: "Event" }) ?? OPEN,
  fromStored: toEventsForm,
  toStored: fromEventsForm,
};

/** What the admission plugins of every cluster add to a pod: its account, its priority, and how long it stays on a node that is lost. */
function admittedPod(rules: CoreKind | undefined): (pod: JsonObject) => JsonObject {
  return (pod) => {
    const prepared = (rules?.prepareCreate ?? newPod)(pod);
    const spec = (prepared.spec ?? {}) as JsonObject & { tolerations?: JsonObject[] };
    const account = spec.serviceAccountName || "default";
    const tolerations = spec.tolerations ?? [];
    const missing = LOST_NODE_TAINTS.filter((key) =>
      !tolerations.some((each) => each.key === key || (!each.key && each.operator === "Exists"))
    ).map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 }));
    return {
      ...prepared,
      spec: {
        ...spec,
        serviceAccountName: account,
        serviceAccount: account,
        tolerations: [...tolerations, ...missing],
        priority: spec.priority ?? 0,
        preemptionPolicy: spec.preemptionPolicy ?? "PreemptLowerPriority",
      },
    };
  };
}

const LOST_NODE_TAINTS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

function pending(object: JsonObject): JsonObject {
  return { ...object, status: { phase: "Pending" } };
}

function newPod(pod: JsonObject): JsonObject {
  const { initContainers, containers = [] } = (pod.spec ?? {}) as Partial<PodContainers>;
  return {
    ...pod,
    status: { phase: "Pending", qosClass: qosClass({ initContainers, containers }) },
  };
}

/** A pod that is on no node, or has ended, is gone at once. */
function podGrace(pod: JsonObject, requested: number | undefined): number {
  const { nodeName, terminationGracePeriodSeconds } = (pod.spec ?? {}) as {
    nodeName?: string;
    terminationGracePeriodSeconds?: number;
  };
  const { phase } = (pod.status ?? {}) as { phase?: string };
  if (!nodeName || phase === "Succeeded" || phase === "Failed") return 0;
  return Math.max(0, requested ?? terminationGracePeriodSeconds ?? POD_GRACE_SECONDS);
}
