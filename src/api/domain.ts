/** The virtual hardware of a guest. */
import * as z from "zod";
import { Clock } from "./clock.ts";
import { CPU } from "./cpu.ts";
import { Devices } from "./devices.ts";
import { Features } from "./features.ts";
import { Firmware } from "./firmware.ts";
import { LaunchSecurity } from "./launch_security.ts";
import { Memory } from "./memory.ts";
import { ResourceRequirements } from "./resources.ts";
import { int32, openEnum, optional } from "./structural.ts";

/** What the guest's firmware says of its chassis. */
export const Chassis = z.object({
  asset: optional(z.string()).describe("Asset tag"),
  manufacturer: optional(z.string()).describe("Manufacturer"),
  serial: optional(z.string()).describe("Serial number"),
  sku: optional(z.string()).describe("Stock keeping unit"),
  version: optional(z.string()).describe("Version"),
});
export type Chassis = z.infer<typeof Chassis>;

/** The machine type. */
export const Machine = z.object({
  type: optional(z.string()).describe("Machine type of QEMU, such as q35"),
});
export type Machine = z.infer<typeof Machine>;

/** Threads for disk I/O. */
export const DiskIOThreads = z.object({
  supplementalPoolThreadCount: optional(int32()).describe("How many threads the pool has"),
});
export type DiskIOThreads = z.infer<typeof DiskIOThreads>;

/** The virtual hardware of a guest. */
export const DomainSpec = z.object({
  chassis: optional(Chassis).describe("What the firmware says of the chassis"),
  clock: optional(Clock).describe("Clock and timers"),
  cpu: optional(CPU).describe("Processors"),
  devices: Devices.describe("Disks, interfaces and all other devices"),
  features: optional(Features).describe(
    "ACPI, Hyper-V enlightenments and other features of the virtual machine monitor",
  ),
  firmware: optional(Firmware).describe("What the guest boots with"),
  ioThreads: optional(DiskIOThreads).describe("Size of the pool of I/O threads"),
  ioThreadsPolicy: optional(z.string()).describe(
    "Threads for disk I/O: shared, auto or supplementalPool. Absent: none of their own",
  ),
  launchSecurity: optional(LaunchSecurity).describe("Encryption of the guest's memory"),
  machine: optional(Machine).describe("The machine that is emulated"),
  memory: optional(Memory).describe("Memory"),
  rebootPolicy: optional(openEnum("Reboot", "Terminate")).describe(
    "What a reboot inside the guest does: Reboot, or Terminate the VMI so that changes of the VM apply",
  ),
  resources: optional(ResourceRequirements).describe("What the guest's pod asks of a node"),
});
export type DomainSpec = z.infer<typeof DomainSpec>;
