/** The guest's memory. */
import * as z from "zod";
import { Quantity } from "./quantity_schema.ts";
import { openEnum, optional } from "./structural.ts";

/** Guest memory in huge pages. */
export const Hugepages = z.object({
  pageSize: optional(z.string()).describe("Size of a page: 2Mi or 1Gi on amd64"),
});
export type Hugepages = z.infer<typeof Hugepages>;

/** Memory beyond the guest's own. */
export const ReservedOverhead = z.object({
  addedOverhead: optional(Quantity).describe("More memory to reserve beyond the guest's own"),
  memLock: optional(openEnum("NotRequired", "Required")).describe(
    "Whether all of it must be locked in memory",
  ),
});
export type ReservedOverhead = z.infer<typeof ReservedOverhead>;

/** How much memory the guest has. */
export const Memory = z.object({
  guest: optional(Quantity).describe("Memory that the guest sees. Default: the memory request"),
  hugepages: optional(Hugepages).describe("Take the guest's memory from huge pages"),
  maxGuest: optional(Quantity).describe("Memory that the running guest can grow to"),
  reservedOverhead: optional(ReservedOverhead).describe("Memory beyond the guest's own"),
});
export type Memory = z.infer<typeof Memory>;

/** How much memory the guest had and has. */
export const MemoryStatus = z.object({
  guestAtBoot: optional(Quantity).describe("Memory at boot"),
  guestCurrent: optional(Quantity).describe("Memory now"),
  guestRequested: optional(Quantity).describe("Memory that was last asked for"),
  memoryOverhead: optional(Quantity).describe("Memory beyond the guest's own"),
});
export type MemoryStatus = z.infer<typeof MemoryStatus>;
