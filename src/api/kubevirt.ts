/** The installation itself. */
import { z } from "zod";
import { ObjectMeta } from "./k8s_meta.ts";
import { LocalObjectReference } from "./k8s_reference.ts";
import { KubeVirtCertificateRotateStrategy } from "./kubevirt_certificates.ts";
import {
  ComponentConfig,
  CustomizeComponents,
  KubeVirtWorkloadUpdateStrategy,
} from "./kubevirt_components.ts";
import { KubeVirtConfiguration } from "./kubevirt_configuration.ts";
import { atomicList, int, int64, optional, Time } from "./structural.ts";

/** What the installation shall be. */
export const KubeVirtSpec = z.object({
  certificateRotateStrategy: optional(KubeVirtCertificateRotateStrategy),
  configuration: optional(KubeVirtConfiguration),
  customizeComponents: optional(CustomizeComponents),
  imagePullPolicy: optional(z.string()),
  imagePullSecrets: optional(atomicList(LocalObjectReference)),
  imageRegistry: optional(z.string()),
  imageTag: optional(z.string()),
  infra: optional(ComponentConfig),
  monitorAccount: optional(z.string()),
  monitorNamespace: optional(z.string()),
  productComponent: optional(z.string()),
  productName: optional(z.string()),
  productVersion: optional(z.string()),
  serviceMonitorNamespace: optional(z.string()),
  synchronizationPort: optional(z.string()),
  uninstallStrategy: optional(z.string()),
  workloadUpdateStrategy: optional(KubeVirtWorkloadUpdateStrategy),
  workloads: optional(ComponentConfig),
});
export type KubeVirtSpec = z.infer<typeof KubeVirtSpec>;

/** One aspect of the installation's state. */
export const KubeVirtCondition = z.object({
  status: z.string(),
  type: z.string(),
  lastProbeTime: optional(Time.nullable()),
  lastTransitionTime: optional(Time.nullable()),
  message: optional(z.string()),
  reason: optional(z.string()),
});
export type KubeVirtCondition = z.infer<typeof KubeVirtCondition>;

/** The last generation of an object that was installed. */
export const GenerationStatus = z.object({
  name: z.string(),
  group: z.string(),
  hash: optional(z.string()),
  lastGeneration: int64(),
  namespace: optional(z.string()),
  resource: z.string(),
});
export type GenerationStatus = z.infer<typeof GenerationStatus>;

/** The state of the installation. */
export const KubeVirtStatus = z.object({
  conditions: optional(z.array(KubeVirtCondition)),
  defaultArchitecture: optional(z.string()),
  generations: optional(atomicList(GenerationStatus)),
  observedDeploymentConfig: optional(z.string()),
  observedDeploymentID: optional(z.string()),
  observedGeneration: optional(int64()),
  observedKubeVirtRegistry: optional(z.string()),
  observedKubeVirtVersion: optional(z.string()),
  operatorVersion: optional(z.string()),
  outdatedVirtualMachineInstanceWorkloads: optional(int()),
  phase: optional(z.string()),
  synchronizationAddresses: optional(atomicList(z.string())),
  targetDeploymentConfig: optional(z.string()),
  targetDeploymentID: optional(z.string()),
  targetKubeVirtRegistry: optional(z.string()),
  targetKubeVirtVersion: optional(z.string()),
});
export type KubeVirtStatus = z.infer<typeof KubeVirtStatus>;

/** The installation itself: its configuration and state. */
export const KubeVirt = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: KubeVirtSpec,
  status: optional(KubeVirtStatus),
});
export type KubeVirt = z.infer<typeof KubeVirt>;
