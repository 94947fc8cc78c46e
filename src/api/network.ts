/** The networks that a guest's interfaces are connected to. */
import * as z from "zod";
import { optional } from "./structural.ts";

/** The pod's own network. */
export const PodNetwork = z.object({
  vmIPv6NetworkCIDR: optional(z.string()).describe(
    "Network between pod and guest with masquerade. Default: fd10:0:2::/120",
  ),
  vmNetworkCIDR: optional(z.string()).describe(
    "Network between pod and guest with masquerade. Default: 10.0.2.0/24",
  ),
});
export type PodNetwork = z.infer<typeof PodNetwork>;

/** A network of Multus. */
export const MultusNetwork = z.object({
  default: optional(z.boolean()).describe("Takes the place of the pod's own network"),
  networkName: z.string().describe("NetworkAttachmentDefinition, as name or namespace/name"),
});
export type MultusNetwork = z.infer<typeof MultusNetwork>;

/** A request of a resource claim. */
export const ClaimRequest = z.object({
  claimName: optional(z.string()).describe("Entry of resourceClaims"),
  requestName: optional(z.string()).describe("Request of the claim"),
});
export type ClaimRequest = z.infer<typeof ClaimRequest>;

/** What the interface of the same name is connected to; exactly one source. */
export const Network = z.object({
  name: z.string().describe("Name of the network and its interface"),
  multus: optional(MultusNetwork).describe("A network of Multus"),
  pod: optional(PodNetwork).describe("The pod's own network"),
  resourceClaim: optional(ClaimRequest).describe("A device of a resource claim"),
});
export type Network = z.infer<typeof Network>;
