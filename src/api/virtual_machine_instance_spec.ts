/** What one run of a guest shall be. */
import { z } from "zod";
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
  name: z.string(),
  resourceClaimName: optional(z.string()),
  resourceClaimTemplateName: optional(z.string()),
});
export type VirtualMachineInstanceResourceClaim = z.infer<
  typeof VirtualMachineInstanceResourceClaim
>;

/** What one run of a guest shall be. */
export const VirtualMachineInstanceSpec = z.object({
  accessCredentials: optional(atomicList(AccessCredential).max(256)),
  affinity: optional(Affinity),
  architecture: optional(z.string()),
  dnsConfig: optional(PodDNSConfig),
  dnsPolicy: optional(z.string()),
  domain: DomainSpec,
  evictionStrategy: optional(z.string()),
  hostname: optional(z.string()),
  livenessProbe: optional(Probe),
  networks: optional(z.array(Network).max(256)),
  nodeSelector: optional(stringMap()),
  priorityClassName: optional(z.string()),
  readinessProbe: optional(Probe),
  resourceClaims: optional(mapList(VirtualMachineInstanceResourceClaim, "name")),
  schedulerName: optional(z.string()),
  serviceAccountName: optional(z.string()),
  startStrategy: optional(z.string()),
  subdomain: optional(z.string()),
  terminationGracePeriodSeconds: optional(int64()),
  tolerations: optional(z.array(Toleration)),
  topologySpreadConstraints: optional(
    mapList(TopologySpreadConstraint, "topologyKey", "whenUnsatisfiable"),
  ),
  utilityVolumes: optional(mapList(UtilityVolume, "name").max(256)),
  volumes: optional(z.array(Volume).max(256)),
});
export type VirtualMachineInstanceSpec = z.infer<typeof VirtualMachineInstanceSpec>;
