/** Cluster-wide settings and defaults of guests. */
import * as z from "zod";
import { Quantity } from "./quantity_schema.ts";
import { ResourceRequirementsWithoutClaims } from "./resources.ts";
import { atomicList, int32, openEnum, optional } from "./structural.ts";

/** Machines of one architecture. */
export const ArchSpecificConfiguration = z.object({
  emulatedMachines: optional(atomicList(z.string())).describe(
    "Machine types that guests may have, with wildcards",
  ),
  machineType: optional(z.string()).describe("Machine type of guests that name none"),
  ovmfPath: optional(z.string()).describe("Where the UEFI firmware is"),
});
export type ArchSpecificConfiguration = z.infer<typeof ArchSpecificConfiguration>;

/** Machines by architecture. */
export const ArchConfiguration = z.object({
  amd64: optional(ArchSpecificConfiguration),
  arm64: optional(ArchSpecificConfiguration),
  defaultArchitecture: optional(z.string()).describe("Architecture of guests that name none"),
  ppc64le: optional(ArchSpecificConfiguration).describe("No longer supported"),
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
  maxCpuSockets: optional(int32()).describe("Most sockets of guests that name no maximum"),
  maxGuest: optional(Quantity).describe("Most memory of guests that name no maximum"),
  maxHotplugRatio: optional(int32()).describe(
    "How many times their size at boot guests can grow to. Default: 4",
  ),
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
  disableFreePageReporting: optional(DisableFreePageReporting).describe(
    "Guests do not report free pages",
  ),
  disableSerialConsoleLog: optional(DisableSerialConsoleLog).describe(
    "Serial consoles are not logged",
  ),
});
export type VirtualMachineOptions = z.infer<typeof VirtualMachineOptions>;

/** How VMs refer to instancetypes. */
export const InstancetypeConfiguration = z.object({
  referencePolicy: optional(openEnum("reference", "expand", "expandAll").nullable()).describe(
    "Keep the reference, or expand it into the VM",
  ),
});
export type InstancetypeConfiguration = z.infer<typeof InstancetypeConfiguration>;

/** How guests with a binding migrate. */
export const InterfaceBindingMigration = z.object({
  method: optional(z.string()).describe("How guests with it are migrated"),
});
export type InterfaceBindingMigration = z.infer<typeof InterfaceBindingMigration>;

/** A binding of interfaces by plug-in. */
export const InterfaceBindingPlugin = z.object({
  computeResourceOverhead: optional(ResourceRequirementsWithoutClaims).describe(
    "What the guest's container needs for it",
  ),
  domainAttachmentType: optional(z.string()).describe(
    "How the guest is attached: tap or managedTap",
  ),
  downwardAPI: optional(z.string()).describe("What the sidecar is told: device-info"),
  migration: optional(InterfaceBindingMigration).describe("Guests with it can be migrated"),
  networkAttachmentDefinition: optional(z.string()).describe(
    "Its NetworkAttachmentDefinition, as name or namespace/name",
  ),
  sidecarImage: optional(z.string()).describe("Its sidecar"),
});
export type InterfaceBindingPlugin = z.infer<typeof InterfaceBindingPlugin>;

/** Networking of guests. */
export const NetworkConfiguration = z.object({
  binding: optional(z.record(z.string(), InterfaceBindingPlugin)).describe("Bindings by plug-in"),
  defaultNetworkInterface: optional(z.string()).describe(
    "Binding of interfaces that name none: bridge or masquerade",
  ),
  permitBridgeInterfaceOnPodNetwork: optional(z.boolean()).describe(
    "Whether bridge may be used on the pod network. Default: true",
  ),
  permitSlirpInterface: optional(z.boolean()).describe("Removed upstream in v1.3"),
});
export type NetworkConfiguration = z.infer<typeof NetworkConfiguration>;
