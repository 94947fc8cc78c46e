/** Requests and limits. */
import * as z from "zod";
import { Quantity } from "./quantity_schema.ts";
import { optional } from "./structural.ts";

/** What a guest needs of its node. */
export const ResourceRequirements = z.object({
  limits: optional(z.record(z.string(), Quantity)).describe(
    "The most that the guest's pod may use: cpu, memory",
  ),
  overcommitGuestOverhead: optional(z.boolean()).describe(
    "Do not ask for the memory beyond the guest's own; allow for it in the limit alone",
  ),
  requests: optional(z.record(z.string(), Quantity)).describe(
    "What the guest's pod is guaranteed: cpu, memory",
  ),
});
export type ResourceRequirements = z.infer<typeof ResourceRequirements>;

/** What a helper container needs. */
export const ResourceRequirementsWithoutClaims = z.object({
  limits: optional(z.record(z.string(), Quantity)).describe("The most that the container may use"),
  requests: optional(z.record(z.string(), Quantity)).describe("What the container is guaranteed"),
});
export type ResourceRequirementsWithoutClaims = z.infer<typeof ResourceRequirementsWithoutClaims>;
