/** Objects and paths that many cases use. */

export const NAMESPACE = "/api/v1/namespaces/{ns}";
export const CONFIG_MAPS = `${NAMESPACE}/configmaps`;
export const SECRETS = `${NAMESPACE}/secrets`;
export const PODS = `${NAMESPACE}/pods`;
export const SERVICES = `${NAMESPACE}/services`;
export const CLAIMS = `${NAMESPACE}/persistentvolumeclaims`;
export const EVENTS = `${NAMESPACE}/events`;
export const LEASES = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases";
export const REVISIONS = "/apis/apps/v1/namespaces/{ns}/controllerrevisions";
/** Has a status subresource. */
export const VMS = "/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachines";
/** Has none. */
export const VMIS = "/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachineinstances";
/** Has status and scale. */
export const REPLICA_SETS =
  "/apis/kubevirt.io/v1/namespaces/{ns}/virtualmachineinstancereplicasets";
/** Has neither namespace nor status. */
export const CLUSTER_INSTANCETYPES =
  "/apis/instancetype.kubevirt.io/v1beta1/virtualmachineclusterinstancetypes";

export function configMap(name: string, more: Record<string, unknown> = {}): object {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, ...(more.metadata as object | undefined) },
    ...("data" in more ? { data: more.data } : {}),
    ...("immutable" in more ? { immutable: more.immutable } : {}),
  };
}

export function labelled(name: string, labels: Record<string, string>): object {
  return configMap(name, { metadata: { labels } });
}

/** Nobody schedules it, and it mounts nothing that a server would have to make up. */
export function pod(name: string, more: Record<string, unknown> = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, ...(more.metadata as object | undefined) },
    spec: {
      schedulerName: "nobody",
      automountServiceAccountToken: false,
      containers: [{ name: "main", image: "registry.example/main:1" }],
      ...(more.spec as object | undefined),
    },
  };
}

export function vm(name: string, more: Record<string, unknown> = {}): object {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name, ...(more.metadata as object | undefined) },
    spec: {
      runStrategy: "Halted",
      template: { spec: { domain: { devices: {} } } },
      ...(more.spec as object | undefined),
    },
    ...("status" in more ? { status: more.status } : {}),
  };
}

export function vmi(name: string, more: Record<string, unknown> = {}): object {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name, ...(more.metadata as object | undefined) },
    spec: { domain: { devices: {} }, ...(more.spec as object | undefined) },
    ...("status" in more ? { status: more.status } : {}),
  };
}

export function replicaSet(name: string, replicas: number): object {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceReplicaSet",
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { set: name } },
      template: { metadata: { labels: { set: name } }, spec: { domain: { devices: {} } } },
    },
  };
}

export function instancetype(name: string, more: Record<string, unknown> = {}): object {
  return {
    apiVersion: "instancetype.kubevirt.io/v1beta1",
    kind: "VirtualMachineClusterInstancetype",
    metadata: { name },
    spec: { cpu: { guest: 2 }, memory: { guest: "1Gi" }, ...more },
  };
}

/** An owner reference to an object that was answered. */
export function ownedBy(
  owner: { apiVersion?: unknown; kind?: unknown; metadata: { name?: string; uid?: string } },
  more: object = {},
): object {
  const { apiVersion, kind, metadata: { name, uid } } = owner;
  return { apiVersion, kind, name, uid, ...more };
}
