/** The guest's processors. */
import * as z from "zod";
import { int32, optional } from "./structural.ts";

/** One CPU feature flag and what to do about it. */
export const CPUFeature = z.object({
  name: z.string().describe("Name of the flag"),
  policy: optional(z.string()).describe(
    "force, require, optional, disable or forbid. Default: require",
  ),
});
export type CPUFeature = z.infer<typeof CPUFeature>;

/** The guest sees the NUMA layout of the CPUs it got. */
export const NUMAGuestMappingPassthrough = z.object({});
export type NUMAGuestMappingPassthrough = z.infer<typeof NUMAGuestMappingPassthrough>;

/** The guest's NUMA layout. */
export const NUMA = z.object({
  guestMappingPassthrough: optional(NUMAGuestMappingPassthrough).describe(
    "The guest sees the NUMA layout of the CPUs it got; wants dedicated CPUs and huge pages",
  ),
});
export type NUMA = z.infer<typeof NUMA>;

/** Tuning for low latency. */
export const Realtime = z.object({
  mask: optional(z.string()).describe('Which virtual CPUs, such as "0-3,^1". Default: all'),
});
export type Realtime = z.infer<typeof Realtime>;

/** The guest's CPU model and topology. */
export const CPU = z.object({
  cores: optional(int32()).describe("Cores in each socket. Default: 1"),
  dedicatedCpuPlacement: optional(z.boolean()).describe(
    "Each virtual CPU gets a physical one for itself",
  ),
  features: optional(z.array(CPUFeature)).describe("CPU flags to demand, add or hide"),
  isolateEmulatorThread: optional(z.boolean()).describe(
    "One more physical CPU for the monitor's own threads",
  ),
  maxSockets: optional(int32()).describe("Sockets that the running guest can grow to"),
  model: optional(z.string()).describe(
    "CPU model, or host-model or host-passthrough. Default: host-model",
  ),
  numa: optional(NUMA).describe("NUMA layout"),
  realtime: optional(Realtime).describe("Tuning for low latency"),
  sockets: optional(int32()).describe("Sockets. Default: 1"),
  threads: optional(int32()).describe("Threads of each core. Default: 1"),
});
export type CPU = z.infer<typeof CPU>;

/** How many processors a guest has now. */
export const CPUTopology = z.object({
  cores: optional(int32()).describe("Cores in each socket"),
  sockets: optional(int32()).describe("Sockets"),
  threads: optional(int32()).describe("Threads of each core"),
});
export type CPUTopology = z.infer<typeof CPUTopology>;
