/** What guests get where they do not say otherwise. */
import * as z from "zod";
import { ClockOffsetUTC, Timer } from "./clock.ts";
import { CPUFeature } from "./cpu.ts";
import { Rng, TPMDevice } from "./devices.ts";
import { BlockSize } from "./disk.ts";
import { FeatureAPIC, FeatureHyperv, FeatureKVM, FeatureState } from "./features.ts";
import { EFI } from "./firmware.ts";
import { VGPUOptions } from "./host_device.ts";
import { InterfaceMasquerade } from "./interface.ts";
import { ObjectMeta } from "./k8s_meta.ts";
import { LaunchSecurity } from "./launch_security.ts";
import { Quantity } from "./quantity_schema.ts";
import { int32, int64, optional, stringMap } from "./structural.ts";

/** What the guest's clock shows. */
export const ClockOffset = z.object({
  timezone: optional(z.string()),
  utc: optional(ClockOffsetUTC),
});
export type ClockOffset = z.infer<typeof ClockOffset>;

/** The guest's clock. */
export const ClockPreferences = z.object({
  preferredClockOffset: optional(ClockOffset).describe("What the guest's clock shows"),
  preferredTimer: optional(Timer).describe("Which timers the guest has"),
});
export type ClockPreferences = z.infer<typeof ClockPreferences>;

/** How processors are spread over sockets, cores and threads. */
export const SpreadOptions = z.object({
  across: optional(z.string()).describe(
    "Over what: SocketsCores, CoresThreads or SocketsCoresThreads",
  ),
  ratio: optional(int32()).describe("Cores per socket; 2 when absent"),
});
export type SpreadOptions = z.infer<typeof SpreadOptions>;

/** How the processors of an instancetype are shown to the guest. */
export const CPUPreferences = z.object({
  preferredCPUFeatures: optional(z.array(CPUFeature)).describe("CPU features of the guest"),
  preferredCPUTopology: optional(z.string()).describe(
    "Where the processors of an instancetype go: sockets, cores, threads, spread or any",
  ),
  spreadOptions: optional(SpreadOptions).describe("How topology spread spreads"),
});
export type CPUPreferences = z.infer<typeof CPUPreferences>;

/** Models and buses of devices. */
export const DevicePreferences = z.object({
  preferredAutoattachGraphicsDevice: optional(z.boolean()),
  preferredAutoattachInputDevice: optional(z.boolean()),
  preferredAutoattachMemBalloon: optional(z.boolean()),
  preferredAutoattachPodInterface: optional(z.boolean()),
  preferredAutoattachSerialConsole: optional(z.boolean()),
  preferredBlockMultiQueue: optional(z.boolean()),
  preferredCdromBus: optional(z.string()),
  preferredDisableHotplug: optional(z.boolean()),
  preferredDiskBlockSize: optional(BlockSize),
  preferredDiskBus: optional(z.string()),
  preferredDiskCache: optional(z.string()),
  preferredDiskDedicatedIoThread: optional(z.boolean()),
  preferredDiskIO: optional(z.string()),
  preferredInputBus: optional(z.string()),
  preferredInputType: optional(z.string()),
  preferredInterfaceMasquerade: optional(InterfaceMasquerade),
  preferredInterfaceModel: optional(z.string()),
  preferredLunBus: optional(z.string()),
  preferredNetworkInterfaceMultiQueue: optional(z.boolean()),
  preferredPanicDeviceModel: optional(z.string()),
  preferredRng: optional(Rng),
  preferredSoundModel: optional(z.string()),
  preferredTPM: optional(TPMDevice),
  preferredUseVirtioTransitional: optional(z.boolean()),
  preferredVideoType: optional(z.string()),
  preferredVirtualGPUOptions: optional(VGPUOptions),
});
export type DevicePreferences = z.infer<typeof DevicePreferences>;

/** Hypervisor features. */
export const FeaturePreferences = z.object({
  preferredAcpi: optional(FeatureState),
  preferredApic: optional(FeatureAPIC),
  preferredHyperv: optional(FeatureHyperv),
  preferredKvm: optional(FeatureKVM),
  preferredPvspinlock: optional(FeatureState),
  preferredSmm: optional(FeatureState),
});
export type FeaturePreferences = z.infer<typeof FeaturePreferences>;

/** What the guest boots with. */
export const FirmwarePreferences = z.object({
  preferredEfi: optional(EFI).describe("EFI, with these settings"),
  preferredUseBios: optional(z.boolean()).describe("BIOS"),
  preferredUseBiosSerial: optional(z.boolean()).describe("BIOS output goes to the serial console"),
  preferredUseEfi: optional(z.boolean()).describe("EFI. Older than preferredEfi"),
  preferredUseSecureBoot: optional(z.boolean()).describe("Secure boot. Older than preferredEfi"),
});
export type FirmwarePreferences = z.infer<typeof FirmwarePreferences>;

/** The guest's machine type. */
export const MachinePreferences = z.object({
  preferredMachineType: optional(z.string()).describe("Machine type of the guest"),
});
export type MachinePreferences = z.infer<typeof MachinePreferences>;

/** The processors that a guest needs. */
export const CPUPreferenceRequirement = z.object({
  guest: int32().describe("At least so many processors"),
});
export type CPUPreferenceRequirement = z.infer<typeof CPUPreferenceRequirement>;

/** The memory that a guest needs. */
export const MemoryPreferenceRequirement = z.object({
  guest: Quantity.describe("At least so much memory"),
});
export type MemoryPreferenceRequirement = z.infer<typeof MemoryPreferenceRequirement>;

/** What a guest needs in order to work; enforced. */
export const PreferenceRequirements = z.object({
  architecture: optional(z.string()).describe("The architecture that a guest needs"),
  cpu: optional(CPUPreferenceRequirement).describe("The processors that a guest needs"),
  memory: optional(MemoryPreferenceRequirement).describe("The memory that a guest needs"),
});
export type PreferenceRequirements = z.infer<typeof PreferenceRequirements>;

/** Storage of new volumes. */
export const VolumePreferences = z.object({
  preferredStorageClassName: optional(z.string()).describe(
    "Storage class of new volumes that name none",
  ),
});
export type VolumePreferences = z.infer<typeof VolumePreferences>;

/** What a guest gets where it does not say otherwise. */
export const VirtualMachinePreferenceSpec = z.object({
  annotations: optional(stringMap()).describe("Annotations of the guest"),
  clock: optional(ClockPreferences).describe("The guest's clock"),
  cpu: optional(CPUPreferences).describe(
    "How the processors of an instancetype are shown to the guest",
  ),
  devices: optional(DevicePreferences).describe("Models and buses of devices"),
  features: optional(FeaturePreferences).describe("Hypervisor features"),
  firmware: optional(FirmwarePreferences).describe("What the guest boots with"),
  machine: optional(MachinePreferences).describe("The guest's machine type"),
  preferSpreadSocketToCoreRatio: optional(int32()).describe(
    "Cores per socket under topology spread. Older than cpu.spreadOptions.ratio",
  ),
  preferredArchitecture: optional(z.string()).describe("Architecture of the guest"),
  preferredLaunchSecurity: optional(LaunchSecurity).describe("Encrypted memory"),
  preferredSubdomain: optional(z.string()).describe("Subdomain of the guest"),
  preferredTerminationGracePeriodSeconds: optional(int64()).describe(
    "Seconds that the guest has to shut down",
  ),
  requirements: optional(PreferenceRequirements).describe("What a guest needs in order to work"),
  volumes: optional(VolumePreferences).describe("Storage of new volumes"),
});
export type VirtualMachinePreferenceSpec = z.infer<typeof VirtualMachinePreferenceSpec>;

/** Defaults, for guests of one namespace. */
export const VirtualMachinePreference = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: VirtualMachinePreferenceSpec,
});
export type VirtualMachinePreference = z.infer<typeof VirtualMachinePreference>;

/** Defaults, for guests of all namespaces. */
export const VirtualMachineClusterPreference = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: VirtualMachinePreferenceSpec,
});
export type VirtualMachineClusterPreference = z.infer<typeof VirtualMachineClusterPreference>;
