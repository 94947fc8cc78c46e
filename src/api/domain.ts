/** The virtual hardware of a guest. */
import { z } from "zod";
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
  asset: optional(z.string()),
  manufacturer: optional(z.string()),
  serial: optional(z.string()),
  sku: optional(z.string()),
  version: optional(z.string()),
});
export type Chassis = z.infer<typeof Chassis>;

/** The machine type. */
export const Machine = z.object({
  type: optional(z.string()),
});
export type Machine = z.infer<typeof Machine>;

/** Threads for disk I/O. */
export const DiskIOThreads = z.object({
  supplementalPoolThreadCount: optional(int32()),
});
export type DiskIOThreads = z.infer<typeof DiskIOThreads>;

/** The virtual hardware of a guest. */
export const DomainSpec = z.object({
  chassis: optional(Chassis),
  clock: optional(Clock),
  cpu: optional(CPU),
  devices: Devices,
  features: optional(Features),
  firmware: optional(Firmware),
  ioThreads: optional(DiskIOThreads),
  ioThreadsPolicy: optional(z.string()),
  launchSecurity: optional(LaunchSecurity),
  machine: optional(Machine),
  memory: optional(Memory),
  rebootPolicy: optional(openEnum("Reboot", "Terminate")),
  resources: optional(ResourceRequirements),
});
export type DomainSpec = z.infer<typeof DomainSpec>;
