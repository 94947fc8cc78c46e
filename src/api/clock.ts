/** The guest's clock and timers. */
import { z } from "zod";
import { int, optional } from "./structural.ts";

/** The high precision event timer. */
export const HPETTimer = z.object({
  present: optional(z.boolean()),
  tickPolicy: optional(z.string()),
});
export type HPETTimer = z.infer<typeof HPETTimer>;

/** The Hyper-V reference time. */
export const HypervTimer = z.object({
  present: optional(z.boolean()),
});
export type HypervTimer = z.infer<typeof HypervTimer>;

/** The KVM clock. */
export const KVMTimer = z.object({
  present: optional(z.boolean()),
});
export type KVMTimer = z.infer<typeof KVMTimer>;

/** The programmable interval timer. */
export const PITTimer = z.object({
  present: optional(z.boolean()),
  tickPolicy: optional(z.string()),
});
export type PITTimer = z.infer<typeof PITTimer>;

/** The real-time clock. */
export const RTCTimer = z.object({
  present: optional(z.boolean()),
  tickPolicy: optional(z.string()),
  track: optional(z.string()),
});
export type RTCTimer = z.infer<typeof RTCTimer>;

/** Timers that the guest has. */
export const Timer = z.object({
  hpet: optional(HPETTimer),
  hyperv: optional(HypervTimer),
  kvm: optional(KVMTimer),
  pit: optional(PITTimer),
  rtc: optional(RTCTimer),
});
export type Timer = z.infer<typeof Timer>;

/** A clock in UTC, shifted. */
export const ClockOffsetUTC = z.object({
  offsetSeconds: optional(int()),
});
export type ClockOffsetUTC = z.infer<typeof ClockOffsetUTC>;

/** The guest's clock. A field that is not listed here is kept. */
export const Clock = z.looseObject({
  timer: optional(Timer),
  timezone: optional(z.string()),
  utc: optional(ClockOffsetUTC),
}).meta({ "x-kubernetes-preserve-unknown-fields": true });
export type Clock = z.infer<typeof Clock>;
