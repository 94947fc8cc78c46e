/** What one run of a guest shall be. */
import * as z from "zod";
import { AccessCredential } from "./access_credential.ts";
import { DomainSpec } from "./domain.ts";
import { PodDNSConfig } from "./k8s_pod.ts";
import { Affinity, Toleration, TopologySpreadConstraint } from "./k8s_scheduling.ts";
import { Network } from "./network.ts";
import { Probe } from "./probe.ts";
import { atomicList, int64, mapList, optional, stringMap } from "./structural.ts";
import { UtilityVolume, Volume } from "./volume.ts";

/** A resource claim that the pod needs. */
export const VirtualMachineInstanceResourceClaim = z.object({
  name: z.string().describe("Name by which devices and networks refer to it"),
  resourceClaimName: optional(z.string()).describe("An existing claim"),
  resourceClaimTemplateName: optional(z.string()).describe(
    "A template from which a claim is made for this guest",
  ),
});
export type VirtualMachineInstanceResourceClaim = z.infer<
  typeof VirtualMachineInstanceResourceClaim
>;

/** What one run of a guest shall be. */
export const VirtualMachineInstanceSpec = z.object({
  accessCredentials: optional(atomicList(AccessCredential).max(256)).describe(
    "SSH keys and passwords that are put into the running guest",
  ),
  affinity: optional(Affinity).describe("Which nodes and pods to run near or away from"),
  architecture: optional(z.string()).describe(
    "Processor architecture of the guest: amd64, arm64 or s390x. Default: the cluster's",
  ),
  dnsConfig: optional(PodDNSConfig).describe("Resolver settings, added to those of dnsPolicy"),
  dnsPolicy: optional(z.string()).describe(
    "Where the guest's resolver settings come from, as for pods. Default: ClusterFirst",
  ),
  domain: DomainSpec.describe("The virtual hardware"),
  evictionStrategy: optional(z.string()).describe(
    "What happens when the node is drained: None, LiveMigrate, LiveMigrateIfPossible or External",
  ),
  hostname: optional(z.string()).describe(
    "Host name of the guest. Default: the VMI's name up to its first dot",
  ),
  livenessProbe: optional(Probe).describe(
    "How to tell that the guest is alive; it is stopped when not",
  ),
  networks: optional(z.array(Network).max(256)).describe(
    "What the interfaces of the same names are connected to",
  ),
  nodeSelector: optional(stringMap()).describe("Labels that a node must have"),
  priorityClassName: optional(z.string()).describe("Priority of the guest's pod"),
  readinessProbe: optional(Probe).describe(
    "How to tell that the guest is ready; it gets no traffic from Services when not",
  ),
  resourceClaims: optional(mapList(VirtualMachineInstanceResourceClaim, "name")).describe(
    "Resource claims that devices and networks refer to",
  ),
  schedulerName: optional(z.string()).describe(
    "Scheduler that places the guest. Default: the cluster's",
  ),
  serviceAccountName: optional(z.string()).describe("Service account of the guest's pod"),
  startStrategy: optional(z.string()).describe("Paused: the guest waits, paused, for unpause"),
  subdomain: optional(z.string()).describe(
    "Makes the guest's full name hostname.subdomain.namespace.svc.cluster-domain",
  ),
  terminationGracePeriodSeconds: optional(int64()).describe(
    "Seconds that the guest has to shut down before it is killed. Default: 30",
  ),
  tolerations: optional(z.array(Toleration)).describe(
    "Taints of nodes that the guest puts up with",
  ),
  topologySpreadConstraints: optional(
    mapList(TopologySpreadConstraint, "topologyKey", "whenUnsatisfiable"),
  ).describe("How evenly guests of a set are spread over nodes or zones"),
  utilityVolumes: optional(mapList(UtilityVolume, "name").max(256)).describe(
    "Claims that are mounted beside the guest without being disks",
  ),
  volumes: optional(z.array(Volume).max(256)).describe(
    "What the disks and file systems of the same names hold",
  ),
});
export type VirtualMachineInstanceSpec = z.infer<typeof VirtualMachineInstanceSpec>;
