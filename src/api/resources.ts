/** Requests and limits. */
import { z } from "zod";
import { Quantity } from "./quantity.ts";
import { optional } from "./structural.ts";

/** What a guest needs of its node. */
export const ResourceRequirements = z.object({
  limits: optional(z.record(z.string(), Quantity)),
  overcommitGuestOverhead: optional(z.boolean()),
  requests: optional(z.record(z.string(), Quantity)),
});
export type ResourceRequirements = z.infer<typeof ResourceRequirements>;

/** What a helper container needs. */
export const ResourceRequirementsWithoutClaims = z.object({
  limits: optional(z.record(z.string(), Quantity)),
  requests: optional(z.record(z.string(), Quantity)),
});
export type ResourceRequirementsWithoutClaims = z.infer<typeof ResourceRequirementsWithoutClaims>;
