/** The parts of Kubernetes' own kinds that are read or rendered here, as they travel in JSON. */
import type { KubeObject, ObjectMeta } from "../kube/object.ts";

export interface PodCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastProbeTime?: string | null;
  lastTransitionTime?: string | null;
}

export interface ContainerStatus {
  name: string;
  ready?: boolean;
  image?: string;
  imageID?: string;
  state?: {
    waiting?: { reason?: string; message?: string };
    running?: { startedAt?: string };
    terminated?: { exitCode: number; reason?: string; message?: string };
  };
}

export interface PodStatus {
  phase?: string;
  reason?: string;
  message?: string;
  conditions?: PodCondition[];
  podIP?: string;
  podIPs?: { ip: string }[];
  qosClass?: string;
  initContainerStatuses?: ContainerStatus[];
  containerStatuses?: ContainerStatus[];
}

export interface VolumeMount {
  name: string;
  mountPath: string;
  readOnly?: boolean;
}

export interface Container {
  name: string;
  image: string;
  imagePullPolicy?: string;
  command: string[];
  resources: { requests?: Record<string, string>; limits?: Record<string, string> };
  securityContext: Record<string, unknown>;
  volumeMounts: VolumeMount[];
  ports?: { name?: string; containerPort: number; protocol?: string }[];
  readinessProbe?: unknown;
  livenessProbe?: unknown;
}

/** One source per volume, as Kubernetes has it: `{ emptyDir: {} }`, `{ persistentVolumeClaim: … }`. */
export type PodVolume = { name: string } & Record<string, unknown>;

export interface PodSpec {
  nodeName?: string;
  restartPolicy?: string;
  terminationGracePeriodSeconds?: number;
  hostname?: string;
  subdomain?: string;
  nodeSelector?: Record<string, string>;
  affinity?: unknown;
  tolerations?: unknown[];
  topologySpreadConstraints?: unknown[];
  schedulerName?: string;
  priorityClassName?: string;
  runtimeClassName?: string;
  dnsPolicy?: string;
  dnsConfig?: unknown;
  serviceAccountName?: string;
  automountServiceAccountToken?: boolean;
  enableServiceLinks?: boolean;
  imagePullSecrets?: { name: string }[];
  readinessGates?: { conditionType: string }[];
  securityContext?: Record<string, unknown>;
  initContainers?: Container[];
  containers: Container[];
  volumes?: PodVolume[];
}

export interface Pod extends KubeObject {
  spec: PodSpec;
  status?: PodStatus;
}

/** An object that is not created yet: the API server gives it its UID. */
export type NewObject<T extends KubeObject> = Omit<T, "metadata"> & { metadata: NewObjectMeta };
export type NewObjectMeta = Omit<ObjectMeta, "uid">;

export interface PersistentVolumeClaim extends KubeObject {
  spec?: {
    accessModes?: string[];
    volumeMode?: string;
    resources?: { requests?: Record<string, string> };
  };
  status?: { phase?: string; capacity?: Record<string, string> };
}

/** `hard` says what all pods of the namespace may have together: "limits.cpu", "limits.memory". */
export interface ResourceQuota extends KubeObject {
  spec?: { hard?: Record<string, string> };
}

export interface Node extends KubeObject {
  spec?: { unschedulable?: boolean; taints?: { key: string; value?: string; effect: string }[] };
  status?: {
    addresses?: { type: string; address: string }[];
    allocatable?: Record<string, string>;
  };
}

export interface ControllerRevision extends KubeObject {
  revision: number;
  data?: unknown;
}
