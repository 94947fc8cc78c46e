/** Sizes of guests, kept apart from them. */
import * as z from "zod";
import { NUMA, Realtime } from "./cpu.ts";
import { DiskIOThreads } from "./domain.ts";
import { GPU, HostDevice } from "./host_device.ts";
import { ObjectMeta } from "./k8s_meta.ts";
import { LaunchSecurity } from "./launch_security.ts";
import { Hugepages } from "./memory.ts";
import { Quantity } from "./quantity_schema.ts";
import { atomicList, int, int32, optional, stringMap } from "./structural.ts";

/** Processors of a size. */
export const CPUInstancetype = z.object({
  dedicatedCPUPlacement: optional(z.boolean()).describe("Each processor gets a core of its own"),
  guest: int32().describe("How many processors the guest has"),
  isolateEmulatorThread: optional(z.boolean()).describe(
    "One more core for the emulator; only with dedicatedCPUPlacement",
  ),
  maxSockets: optional(int32()).describe("How many sockets the guest can grow to"),
  model: optional(z.string()).describe("CPU model that the guest sees"),
  numa: optional(NUMA).describe("NUMA layout that the guest sees"),
  realtime: optional(Realtime).describe("Tuning for low latency"),
});
export type CPUInstancetype = z.infer<typeof CPUInstancetype>;

/** Memory of a size. */
export const MemoryInstancetype = z.object({
  guest: Quantity.describe("How much memory the guest has"),
  hugepages: optional(Hugepages).describe("Memory comes from huge pages"),
  maxGuest: optional(Quantity).describe("How much memory the guest can grow to"),
  overcommitPercent: optional(int({ minimum: 0, maximum: 100 })).describe(
    "By how much the pod asks for less than the guest sees, in percent",
  ),
});
export type MemoryInstancetype = z.infer<typeof MemoryInstancetype>;

/** What a guest of this size gets; the guest may not say otherwise. */
export const VirtualMachineInstancetypeSpec = z.object({
  annotations: optional(stringMap()).describe("Annotations of the guest"),
  cpu: CPUInstancetype.describe("Processors of the guest"),
  gpus: optional(atomicList(GPU)).describe("GPUs that are passed through"),
  hostDevices: optional(atomicList(HostDevice)).describe("Host devices that are passed through"),
  ioThreads: optional(DiskIOThreads).describe("Threads for disks"),
  ioThreadsPolicy: optional(z.string()).describe(
    "How disks share I/O threads: shared, auto or supplementalPool",
  ),
  launchSecurity: optional(LaunchSecurity).describe("Encrypted memory"),
  memory: MemoryInstancetype.describe("Memory of the guest"),
  nodeSelector: optional(stringMap()).describe("Labels of nodes that can run the guest"),
  schedulerName: optional(z.string()).describe("The scheduler of the guest's pod"),
});
export type VirtualMachineInstancetypeSpec = z.infer<typeof VirtualMachineInstancetypeSpec>;

/** A size, for guests of one namespace. */
export const VirtualMachineInstancetype = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: VirtualMachineInstancetypeSpec,
});
export type VirtualMachineInstancetype = z.infer<typeof VirtualMachineInstancetype>;

/** A size, for guests of all namespaces. */
export const VirtualMachineClusterInstancetype = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: VirtualMachineInstancetypeSpec,
});
export type VirtualMachineClusterInstancetype = z.infer<typeof VirtualMachineClusterInstancetype>;
