/** Cluster-wide settings and defaults of guests. */
import { z } from "zod";
import { Quantity } from "./quantity.ts";
import { ResourceRequirementsWithoutClaims } from "./resources.ts";
import { atomicList, int32, openEnum, optional } from "./structural.ts";

/** Machines of one architecture. */
export const ArchSpecificConfiguration = z.object({
  emulatedMachines: optional(atomicList(z.string())),
  machineType: optional(z.string()),
  ovmfPath: optional(z.string()),
});
export type ArchSpecificConfiguration = z.infer<typeof ArchSpecificConfiguration>;

/** Machines by architecture. */
export const ArchConfiguration = z.object({
  amd64: optional(ArchSpecificConfiguration),
  arm64: optional(ArchSpecificConfiguration),
  defaultArchitecture: optional(z.string()),
  ppc64le: optional(ArchSpecificConfiguration),
  s390x: optional(ArchSpecificConfiguration),
});
export type ArchConfiguration = z.infer<typeof ArchConfiguration>;

/** What guests' firmware says of the machine. */
export const SMBiosConfiguration = z.object({
  family: optional(z.string()),
  manufacturer: optional(z.string()),
  product: optional(z.string()),
  sku: optional(z.string()),
  version: optional(z.string()),
});
export type SMBiosConfiguration = z.infer<typeof SMBiosConfiguration>;

/** How far guests can grow while they run. */
export const LiveUpdateConfiguration = z.object({
  maxCpuSockets: optional(int32()),
  maxGuest: optional(Quantity),
  maxHotplugRatio: optional(int32()),
});
export type LiveUpdateConfiguration = z.infer<typeof LiveUpdateConfiguration>;

/** Guests do not report free pages. */
export const DisableFreePageReporting = z.object({});
export type DisableFreePageReporting = z.infer<typeof DisableFreePageReporting>;

/** Serial consoles are not logged. */
export const DisableSerialConsoleLog = z.object({});
export type DisableSerialConsoleLog = z.infer<typeof DisableSerialConsoleLog>;

/** Options of all guests. */
export const VirtualMachineOptions = z.object({
  disableFreePageReporting: optional(DisableFreePageReporting),
  disableSerialConsoleLog: optional(DisableSerialConsoleLog),
});
export type VirtualMachineOptions = z.infer<typeof VirtualMachineOptions>;

/** How VMs refer to instancetypes. */
export const InstancetypeConfiguration = z.object({
  referencePolicy: optional(openEnum("reference", "expand", "expandAll").nullable()),
});
export type InstancetypeConfiguration = z.infer<typeof InstancetypeConfiguration>;

/** How guests with a binding migrate. */
export const InterfaceBindingMigration = z.object({
  method: optional(z.string()),
});
export type InterfaceBindingMigration = z.infer<typeof InterfaceBindingMigration>;

/** A binding of interfaces by plug-in. */
export const InterfaceBindingPlugin = z.object({
  computeResourceOverhead: optional(ResourceRequirementsWithoutClaims),
  domainAttachmentType: optional(z.string()),
  downwardAPI: optional(z.string()),
  migration: optional(InterfaceBindingMigration),
  networkAttachmentDefinition: optional(z.string()),
  sidecarImage: optional(z.string()),
});
export type InterfaceBindingPlugin = z.infer<typeof InterfaceBindingPlugin>;

/** Networking of guests. */
export const NetworkConfiguration = z.object({
  binding: optional(z.record(z.string(), InterfaceBindingPlugin)),
  defaultNetworkInterface: optional(z.string()),
  permitBridgeInterfaceOnPodNetwork: optional(z.boolean()),
  permitSlirpInterface: optional(z.boolean()),
});
export type NetworkConfiguration = z.infer<typeof NetworkConfiguration>;
