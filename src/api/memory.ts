/** The guest's memory. */
import { z } from "zod";
import { Quantity } from "./quantity.ts";
import { openEnum, optional } from "./structural.ts";

/** Guest memory in huge pages. */
export const Hugepages = z.object({
  pageSize: optional(z.string()),
});
export type Hugepages = z.infer<typeof Hugepages>;

/** Memory beyond the guest's own. */
export const ReservedOverhead = z.object({
  addedOverhead: optional(Quantity),
  memLock: optional(openEnum("NotRequired", "Required")),
});
export type ReservedOverhead = z.infer<typeof ReservedOverhead>;

/** How much memory the guest has. */
export const Memory = z.object({
  guest: optional(Quantity),
  hugepages: optional(Hugepages),
  maxGuest: optional(Quantity),
  reservedOverhead: optional(ReservedOverhead),
});
export type Memory = z.infer<typeof Memory>;

/** How much memory the guest had and has. */
export const MemoryStatus = z.object({
  guestAtBoot: optional(Quantity),
  guestCurrent: optional(Quantity),
  guestRequested: optional(Quantity),
  memoryOverhead: optional(Quantity),
});
export type MemoryStatus = z.infer<typeof MemoryStatus>;
