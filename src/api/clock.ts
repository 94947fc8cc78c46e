/** The guest's clock and timers. */
import * as z from "zod";
import { int, optional } from "./structural.ts";

/** The high precision event timer. */
export const HPETTimer = z.object({
  present: optional(z.boolean()).describe("false takes it away. Default: true"),
  tickPolicy: optional(z.string()).describe(
    "What happens to missed ticks: delay, catchup, merge or discard",
  ),
});
export type HPETTimer = z.infer<typeof HPETTimer>;

/** The Hyper-V reference time. */
export const HypervTimer = z.object({
  present: optional(z.boolean()).describe("false takes it away. Default: true"),
});
export type HypervTimer = z.infer<typeof HypervTimer>;

/** The KVM clock. */
export const KVMTimer = z.object({
  present: optional(z.boolean()).describe("false takes it away. Default: true"),
});
export type KVMTimer = z.infer<typeof KVMTimer>;

/** The programmable interval timer. */
export const PITTimer = z.object({
  present: optional(z.boolean()).describe("false takes it away. Default: true"),
  tickPolicy: optional(z.string()).describe(
    "What happens to missed ticks: delay, catchup or discard",
  ),
});
export type PITTimer = z.infer<typeof PITTimer>;

/** The real-time clock. */
export const RTCTimer = z.object({
  present: optional(z.boolean()).describe("false takes it away. Default: true"),
  tickPolicy: optional(z.string()).describe("What happens to missed ticks: delay or catchup"),
  track: optional(z.string()).describe("Follow the guest's time or the wall clock: guest or wall"),
});
export type RTCTimer = z.infer<typeof RTCTimer>;

/** Timers that the guest has. */
export const Timer = z.object({
  hpet: optional(HPETTimer).describe("High precision event timer"),
  hyperv: optional(HypervTimer).describe("Hyper-V reference time, for Windows"),
  kvm: optional(KVMTimer).describe("KVM clock, for Linux"),
  pit: optional(PITTimer).describe("Programmable interval timer"),
  rtc: optional(RTCTimer).describe("Real-time clock"),
});
export type Timer = z.infer<typeof Timer>;

/** A clock in UTC, shifted. */
export const ClockOffsetUTC = z.object({
  offsetSeconds: optional(int()).describe(
    "Seconds ahead of UTC; changes by the guest then last over reboots",
  ),
});
export type ClockOffsetUTC = z.infer<typeof ClockOffsetUTC>;

/** The guest's clock. A field that is not listed here is kept. */
export const Clock = z.looseObject({
  timer: optional(Timer).describe("Timers that the guest has"),
  timezone: optional(z.string()).describe(
    "The clock shows the time of this zone, such as Europe/Berlin",
  ),
  utc: optional(ClockOffsetUTC).describe("The clock shows UTC"),
}).meta({ "x-kubernetes-preserve-unknown-fields": true });
export type Clock = z.infer<typeof Clock>;
