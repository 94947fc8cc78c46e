/** The guest's processors. */
import { z } from "zod";
import { int32, optional } from "./structural.ts";

/** One CPU feature flag and what to do about it. */
export const CPUFeature = z.object({
  name: z.string(),
  policy: optional(z.string()),
});
export type CPUFeature = z.infer<typeof CPUFeature>;

/** The guest sees the NUMA layout of the CPUs it got. */
export const NUMAGuestMappingPassthrough = z.object({});
export type NUMAGuestMappingPassthrough = z.infer<typeof NUMAGuestMappingPassthrough>;

/** The guest's NUMA layout. */
export const NUMA = z.object({
  guestMappingPassthrough: optional(NUMAGuestMappingPassthrough),
});
export type NUMA = z.infer<typeof NUMA>;

/** Tuning for low latency. */
export const Realtime = z.object({
  mask: optional(z.string()),
});
export type Realtime = z.infer<typeof Realtime>;

/** The guest's CPU model and topology. */
export const CPU = z.object({
  cores: optional(int32()),
  dedicatedCpuPlacement: optional(z.boolean()),
  features: optional(z.array(CPUFeature)),
  isolateEmulatorThread: optional(z.boolean()),
  maxSockets: optional(int32()),
  model: optional(z.string()),
  numa: optional(NUMA),
  realtime: optional(Realtime),
  sockets: optional(int32()),
  threads: optional(int32()),
});
export type CPU = z.infer<typeof CPU>;

/** How many processors a guest has now. */
export const CPUTopology = z.object({
  cores: optional(int32()),
  sockets: optional(int32()),
  threads: optional(int32()),
});
export type CPUTopology = z.infer<typeof CPUTopology>;
