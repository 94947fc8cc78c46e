/** Where and how the installation's own parts run. */
import * as z from "zod";
import { Affinity, Toleration } from "./k8s_scheduling.ts";
import { atomicList, Duration, int, optional, stringMap } from "./structural.ts";

/** Which nodes pods may run on. */
export const NodePlacement = z.object({
  affinity: optional(Affinity).describe("Which nodes and pods to run near or away from"),
  nodeSelector: optional(stringMap()).describe("Labels that a node must have"),
  tolerations: optional(z.array(Toleration)).describe("Taints of nodes that are put up with"),
});
export type NodePlacement = z.infer<typeof NodePlacement>;

/** Where parts run, and how many of them. */
export const ComponentConfig = z.object({
  nodePlacement: optional(NodePlacement).describe("Which nodes"),
  replicas: optional(int()).describe("How many of each"),
});
export type ComponentConfig = z.infer<typeof ComponentConfig>;

/** Command line flags of the parts. */
export const Flags = z.object({
  api: optional(stringMap()),
  controller: optional(stringMap()),
  handler: optional(stringMap()),
});
export type Flags = z.infer<typeof Flags>;

/** A patch of one installed object. */
export const CustomizeComponentsPatch = z.object({
  type: z.string().describe("json, merge or strategic"),
  patch: z.string().describe("The patch"),
  resourceName: z.string().min(1).describe("Name of the object"),
  resourceType: z.string().min(1).describe("Kind of the object"),
});
export type CustomizeComponentsPatch = z.infer<typeof CustomizeComponentsPatch>;

/** Changes to installed objects. */
export const CustomizeComponents = z.object({
  flags: optional(Flags).describe("Command line flags"),
  patches: optional(atomicList(CustomizeComponentsPatch)).describe("Patches of installed objects"),
});
export type CustomizeComponents = z.infer<typeof CustomizeComponents>;

/** How guests get a new version of the installation. */
export const KubeVirtWorkloadUpdateStrategy = z.object({
  batchEvictionInterval: optional(Duration).describe("Time between batches. Default: 1m"),
  batchEvictionSize: optional(int()).describe("Guests in a batch. Default: 10"),
  workloadUpdateMethods: optional(atomicList(z.string())).describe(
    "LiveMigrate, Evict: tried in this order; empty: guests stay as they are",
  ),
});
export type KubeVirtWorkloadUpdateStrategy = z.infer<typeof KubeVirtWorkloadUpdateStrategy>;

/** A rate with a burst. */
export const TokenBucketRateLimiter = z.object({
  burst: int().describe("Calls that may be made at once"),
  qps: z.number().describe("Calls per second"),
});
export type TokenBucketRateLimiter = z.infer<typeof TokenBucketRateLimiter>;

/** How fast a client may call the API server. */
export const RateLimiter = z.object({
  tokenBucketRateLimiter: optional(TokenBucketRateLimiter),
});
export type RateLimiter = z.infer<typeof RateLimiter>;

/** Settings of API clients. */
export const RESTClientConfiguration = z.object({
  rateLimiter: optional(RateLimiter),
});
export type RESTClientConfiguration = z.infer<typeof RESTClientConfiguration>;

/** Settings of one part that take effect without a restart. */
export const ReloadableComponentConfiguration = z.object({
  restClient: optional(RESTClientConfiguration).describe("How the API server is called"),
});
export type ReloadableComponentConfiguration = z.infer<typeof ReloadableComponentConfiguration>;
