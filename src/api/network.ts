/** The networks that a guest's interfaces are connected to. */
import { z } from "zod";
import { optional } from "./structural.ts";

/** The pod's own network. */
export const PodNetwork = z.object({
  vmIPv6NetworkCIDR: optional(z.string()),
  vmNetworkCIDR: optional(z.string()),
});
export type PodNetwork = z.infer<typeof PodNetwork>;

/** A network of Multus. */
export const MultusNetwork = z.object({
  default: optional(z.boolean()),
  networkName: z.string(),
});
export type MultusNetwork = z.infer<typeof MultusNetwork>;

/** A request of a resource claim. */
export const ClaimRequest = z.object({
  claimName: optional(z.string()),
  requestName: optional(z.string()),
});
export type ClaimRequest = z.infer<typeof ClaimRequest>;

/** What the interface of the same name is connected to; exactly one source. */
export const Network = z.object({
  name: z.string(),
  multus: optional(MultusNetwork),
  pod: optional(PodNetwork),
  resourceClaim: optional(ClaimRequest),
});
export type Network = z.infer<typeof Network>;
