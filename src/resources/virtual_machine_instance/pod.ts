/**
 * The launcher pod: an envelope that holds a guest's namespaces, cgroup, volumes and place on a node. PID 1 of its container
 * `compute` waits; the node agent starts the guest beside it. Labels, annotations and names are KubeVirt's.
 */
import { UNPAUSED_READINESS_GATE } from "../../api/labels.ts";
import type { Probe } from "../../api/probe.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { Container, NewObject, Pod } from "../core_objects.ts";
import type { ClusterConfiguration } from "../kubevirt/configuration.ts";
import { controllerReference } from "../owner_reference.ts";
import type { AutomaticLimits } from "./automatic_limits.ts";
import { overheadBytes } from "./overhead.ts";
import { COMPUTE_CONTAINER, podAnnotations, podLabels } from "./pod_labels.ts";
import { hostName, launcherPodName, launcherPodPrefix } from "./pod_name.ts";
import { computeResources, holderResources } from "./pod_resources.ts";
import { podScheduling } from "./pod_scheduling.ts";
import { CONTAINER_SECURITY, POD_SECURITY } from "./pod_security.ts";
import { type EnvelopeImage, podStorage, SOCKETS_DIRECTORY } from "./pod_volumes.ts";

/** Kubernetes' own default. */
const GRACE_SECONDS_DEFAULT = 30;
/** The guest's grace period ends before the pod's, or the kubelet would kill a guest that is just about to be done. */
const GRACE_SECONDS_EXTRA = 30;

export interface LauncherPodInput {
  vmi: VirtualMachineInstance;
  configuration: ClusterConfiguration;
  envelopeImage: string;
  limits?: AutomaticLimits;
}

export function launcherPod(input: LauncherPodInput): NewObject<Pod> {
  const { vmi, configuration, limits } = input;
  const envelope = { image: input.envelopeImage, pullPolicy: configuration.imagePullPolicy };
  const resources = computeResources(vmi, configuration, limits);
  const cpuLimited = limits?.everyContainer === true;
  const storage = podStorage(vmi, envelope, holderResources(resources, { cpuLimited }));
  const { subdomain, dnsPolicy, dnsConfig, serviceAccountName } = vmi.spec;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: launcherPodName(vmi),
      generateName: launcherPodPrefix(vmi),
      ...(vmi.metadata.namespace !== undefined && { namespace: vmi.metadata.namespace }),
      labels: podLabels(vmi),
      annotations: podAnnotations(vmi, overheadBytes(vmi, configuration)),
      ownerReferences: [controllerReference(vmi)],
    },
    spec: {
      restartPolicy: "Never",
      terminationGracePeriodSeconds: graceSeconds(vmi) + GRACE_SECONDS_EXTRA,
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      ...(serviceAccountName && { serviceAccountName }),
      hostname: hostName(vmi),
      ...(subdomain && { subdomain }),
      ...(dnsPolicy && { dnsPolicy }),
      ...(dnsConfig !== undefined && { dnsConfig }),
      securityContext: POD_SECURITY,
      // Closed until the guest runs, and while it is paused: a guest that cannot answer is no endpoint of a Service.
      readinessGates: [{ conditionType: UNPAUSED_READINESS_GATE }],
      ...podScheduling(vmi, configuration),
      ...(storage.imagePullSecrets.length > 0 && { imagePullSecrets: storage.imagePullSecrets }),
      ...(storage.initContainers.length > 0 && { initContainers: storage.initContainers }),
      containers: [
        {
          ...computeContainer(vmi, envelope),
          resources,
          volumeMounts: storage.computeMounts,
        },
        ...storage.containers,
      ],
      volumes: storage.volumes,
    },
  };
}

function computeContainer(
  vmi: VirtualMachineInstance,
  envelope: EnvelopeImage,
): Omit<Container, "resources" | "volumeMounts"> {
  const ports = guestPorts(vmi);
  const { readinessProbe, livenessProbe } = vmi.spec;
  return {
    name: COMPUTE_CONTAINER,
    image: envelope.image,
    imagePullPolicy: envelope.pullPolicy,
    command: ["/envelope", "run", "--socket", `${SOCKETS_DIRECTORY}/compute.sock`],
    securityContext: CONTAINER_SECURITY,
    ...(ports.length > 0 && { ports }),
    ...(readinessProbe !== undefined && { readinessProbe: podProbe(readinessProbe) }),
    ...(livenessProbe !== undefined && { livenessProbe: podProbe(livenessProbe) }),
  };
}

/** Named ports of the guest, so that Services can target them by name. */
function guestPorts(vmi: VirtualMachineInstance): NonNullable<Container["ports"]> {
  return (vmi.spec.domain.devices.interfaces ?? []).flatMap(({ ports }) => ports ?? [])
    .map(({ name, port, protocol }) => ({
      ...(name && { name }),
      containerPort: port,
      protocol: protocol || "TCP",
    }));
}

/** The kubelet asks the pod's address, which is the guest's. */
function podProbe(probe: Probe): Omit<Probe, "guestAgentPing" | "exec"> {
  const { guestAgentPing: _, exec: __, ...asked } = probe;
  return asked;
}

function graceSeconds(vmi: VirtualMachineInstance): number {
  return vmi.spec.terminationGracePeriodSeconds ?? GRACE_SECONDS_DEFAULT;
}
