/** The installation itself. */
import * as z from "zod";
import { ObjectMeta, ProbedCondition } from "./k8s_meta.ts";
import { LocalObjectReference } from "./k8s_reference.ts";
import { KubeVirtCertificateRotateStrategy } from "./kubevirt_certificates.ts";
import {
  ComponentConfig,
  CustomizeComponents,
  KubeVirtWorkloadUpdateStrategy,
} from "./kubevirt_components.ts";
import { KubeVirtConfiguration } from "./kubevirt_configuration.ts";
import { atomicList, int, int64, optional } from "./structural.ts";

/** What the installation shall be. */
export const KubeVirtSpec = z.object({
  certificateRotateStrategy: optional(KubeVirtCertificateRotateStrategy).describe(
    "Lifetimes of certificates",
  ),
  configuration: optional(KubeVirtConfiguration).describe("How guests are run"),
  customizeComponents: optional(CustomizeComponents).describe("Changes to installed objects"),
  imagePullPolicy: optional(z.string()).describe("Pull policy of the installation's images"),
  imagePullSecrets: optional(atomicList(LocalObjectReference)).describe(
    "Secrets with credentials for the registry",
  ),
  imageRegistry: optional(z.string()).describe("Registry of the installation's images"),
  imageTag: optional(z.string()).describe("Tag of the installation's images"),
  infra: optional(ComponentConfig).describe("Where the controllers run, and how many"),
  monitorAccount: optional(z.string()).describe("Service account of Prometheus"),
  monitorNamespace: optional(z.string()).describe("Namespace of Prometheus"),
  productComponent: optional(z.string()).describe(
    "Label app.kubernetes.io/component of installed objects",
  ),
  productName: optional(z.string()).describe(
    "Label app.kubernetes.io/part-of of installed objects",
  ),
  productVersion: optional(z.string()).describe(
    "Label app.kubernetes.io/version of installed objects",
  ),
  serviceMonitorNamespace: optional(z.string()).describe("Namespace of the ServiceMonitor"),
  synchronizationPort: optional(z.string()).describe(
    "Port for the state of migrations between clusters. Default: 9185",
  ),
  uninstallStrategy: optional(z.string()).describe(
    "BlockUninstallIfWorkloadsExist or RemoveWorkloads",
  ),
  workloadUpdateStrategy: optional(KubeVirtWorkloadUpdateStrategy).describe(
    "How guests get a new version of the installation",
  ),
  workloads: optional(ComponentConfig).describe("Which nodes run guests"),
});
export type KubeVirtSpec = z.infer<typeof KubeVirtSpec>;

/** One aspect of the installation's state. */
export const KubeVirtCondition = ProbedCondition;
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
  conditions: optional(z.array(KubeVirtCondition)).describe(
    "Available, Progressing, Degraded and other aspects",
  ),
  defaultArchitecture: optional(z.string()).describe("Architecture of guests that name none"),
  generations: optional(atomicList(GenerationStatus)).describe(
    "Last generations of installed objects",
  ),
  observedDeploymentConfig: optional(z.string()).describe("Settings of what is installed"),
  observedDeploymentID: optional(z.string()).describe("Hash of what is installed"),
  observedGeneration: optional(int64()).describe("Generation of this object that was acted on"),
  observedKubeVirtRegistry: optional(z.string()).describe("Registry of what is installed"),
  observedKubeVirtVersion: optional(z.string()).describe("Version of what is installed"),
  operatorVersion: optional(z.string()).describe("Version of the installer"),
  outdatedVirtualMachineInstanceWorkloads: optional(int()).describe(
    "Guests that still run an older version",
  ),
  phase: optional(z.string()).describe("Deploying, Deployed, Deleting or Deleted"),
  synchronizationAddresses: optional(atomicList(z.string())).describe(
    "Addresses for migrations between clusters",
  ),
  targetDeploymentConfig: optional(z.string()).describe("Settings of what is to be installed"),
  targetDeploymentID: optional(z.string()).describe("Hash of what is to be installed"),
  targetKubeVirtRegistry: optional(z.string()).describe("Registry of what is to be installed"),
  targetKubeVirtVersion: optional(z.string()).describe("Version of what is to be installed"),
});
export type KubeVirtStatus = z.infer<typeof KubeVirtStatus>;

/** The installation itself: its configuration and state. */
export const KubeVirt = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: KubeVirtSpec.describe("What the installation shall be"),
  status: optional(KubeVirtStatus).describe("What the installation is now"),
});
export type KubeVirt = z.infer<typeof KubeVirt>;
