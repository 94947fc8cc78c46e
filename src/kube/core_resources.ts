/** The kinds of Kubernetes itself that are read or written here. Our own kinds are in `src/api/registry.ts`. */
import type { Resource } from "./client.ts";

/** Namespaced, of the core group. */
function coreResource(plural: string, kind: string): Resource {
  return { group: "", version: "v1", plural, kind, namespaced: true };
}

function namespacedResource(groupVersion: string, plural: string, kind: string): Resource {
  return { ...clusterResource(groupVersion, plural, kind), namespaced: true };
}

/** `groupVersion` as in `apiVersion`: "apps/v1", or "v1" for the core group. */
function clusterResource(groupVersion: string, plural: string, kind: string): Resource {
  const [first = "", second] = groupVersion.split("/");
  return second === undefined
    ? { group: "", version: first, plural, kind, namespaced: false }
    : { group: first, version: second, plural, kind, namespaced: false };
}

/** v1 Namespace. */
export const NAMESPACES: Resource = clusterResource("v1", "namespaces", "Namespace");
/** v1 Node. */
export const NODES: Resource = clusterResource("v1", "nodes", "Node");
/** v1 PersistentVolume. */
export const PERSISTENT_VOLUMES: Resource = clusterResource(
  "v1",
  "persistentvolumes",
  "PersistentVolume",
);
/** v1 Pod. */
export const PODS: Resource = coreResource("pods", "Pod");
/** v1 Secret. */
export const SECRETS: Resource = coreResource("secrets", "Secret");
/** v1 ConfigMap. */
export const CONFIG_MAPS: Resource = coreResource("configmaps", "ConfigMap");
/** v1 Service. */
export const SERVICES: Resource = coreResource("services", "Service");
/** v1 ServiceAccount. */
export const SERVICE_ACCOUNTS: Resource = coreResource("serviceaccounts", "ServiceAccount");
/** v1 PersistentVolumeClaim. */
export const PERSISTENT_VOLUME_CLAIMS: Resource = coreResource(
  "persistentvolumeclaims",
  "PersistentVolumeClaim",
);
/** v1 ResourceQuota. */
export const RESOURCE_QUOTAS: Resource = coreResource("resourcequotas", "ResourceQuota");
/** v1 Event: what `kubectl describe` shows, and what KubeVirt writes. */
export const EVENTS: Resource = coreResource("events", "Event");
/** discovery.k8s.io/v1 EndpointSlice. */
export const ENDPOINT_SLICES: Resource = namespacedResource(
  "discovery.k8s.io/v1",
  "endpointslices",
  "EndpointSlice",
);
/** coordination.k8s.io/v1 Lease. */
export const LEASES: Resource = namespacedResource("coordination.k8s.io/v1", "leases", "Lease");
/** apps/v1 ControllerRevision. */
export const CONTROLLER_REVISIONS: Resource = namespacedResource(
  "apps/v1",
  "controllerrevisions",
  "ControllerRevision",
);
/** apps/v1 Deployment. */
export const DEPLOYMENTS: Resource = namespacedResource("apps/v1", "deployments", "Deployment");
/** apps/v1 DaemonSet. */
export const DAEMON_SETS: Resource = namespacedResource("apps/v1", "daemonsets", "DaemonSet");
/** policy/v1 PodDisruptionBudget. */
export const POD_DISRUPTION_BUDGETS: Resource = namespacedResource(
  "policy/v1",
  "poddisruptionbudgets",
  "PodDisruptionBudget",
);
/** certificates.k8s.io/v1 CertificateSigningRequest; subresources "approval" and "status". */
export const CERTIFICATE_SIGNING_REQUESTS: Resource = clusterResource(
  "certificates.k8s.io/v1",
  "certificatesigningrequests",
  "CertificateSigningRequest",
);
/** authorization.k8s.io/v1 SubjectAccessReview: create only. */
export const SUBJECT_ACCESS_REVIEWS: Resource = clusterResource(
  "authorization.k8s.io/v1",
  "subjectaccessreviews",
  "SubjectAccessReview",
);
/** authentication.k8s.io/v1 TokenReview: create only. */
export const TOKEN_REVIEWS: Resource = clusterResource(
  "authentication.k8s.io/v1",
  "tokenreviews",
  "TokenReview",
);
/** admissionregistration.k8s.io/v1 MutatingWebhookConfiguration. */
export const MUTATING_WEBHOOK_CONFIGURATIONS: Resource = clusterResource(
  "admissionregistration.k8s.io/v1",
  "mutatingwebhookconfigurations",
  "MutatingWebhookConfiguration",
);
/** admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration. */
export const VALIDATING_WEBHOOK_CONFIGURATIONS: Resource = clusterResource(
  "admissionregistration.k8s.io/v1",
  "validatingwebhookconfigurations",
  "ValidatingWebhookConfiguration",
);
/** apiregistration.k8s.io/v1 APIService. */
export const API_SERVICES: Resource = clusterResource(
  "apiregistration.k8s.io/v1",
  "apiservices",
  "APIService",
);
/** apiextensions.k8s.io/v1 CustomResourceDefinition. */
export const CUSTOM_RESOURCE_DEFINITIONS: Resource = clusterResource(
  "apiextensions.k8s.io/v1",
  "customresourcedefinitions",
  "CustomResourceDefinition",
);
/** storage.k8s.io/v1 StorageClass. */
export const STORAGE_CLASSES: Resource = clusterResource(
  "storage.k8s.io/v1",
  "storageclasses",
  "StorageClass",
);
/** cdi.kubevirt.io/v1beta1 DataVolume, of the importer. */
export const DATA_VOLUMES: Resource = namespacedResource(
  "cdi.kubevirt.io/v1beta1",
  "datavolumes",
  "DataVolume",
);
/** cdi.kubevirt.io/v1beta1 DataSource: what DataVolumes are copied from. */
export const DATA_SOURCES: Resource = namespacedResource(
  "cdi.kubevirt.io/v1beta1",
  "datasources",
  "DataSource",
);
