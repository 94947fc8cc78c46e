/** Where and how the installation's own parts run. */
import { z } from "zod";
import { Affinity, Toleration } from "./k8s_scheduling.ts";
import { atomicList, Duration, int, optional, stringMap } from "./structural.ts";

/** Which nodes pods may run on. */
export const NodePlacement = z.object({
  affinity: optional(Affinity),
  nodeSelector: optional(stringMap()),
  tolerations: optional(z.array(Toleration)),
});
export type NodePlacement = z.infer<typeof NodePlacement>;

/** Where parts run, and how many of them. */
export const ComponentConfig = z.object({
  nodePlacement: optional(NodePlacement),
  replicas: optional(int()),
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
  type: z.string(),
  patch: z.string(),
  resourceName: z.string().min(1),
  resourceType: z.string().min(1),
});
export type CustomizeComponentsPatch = z.infer<typeof CustomizeComponentsPatch>;

/** Changes to installed objects. */
export const CustomizeComponents = z.object({
  flags: optional(Flags),
  patches: optional(atomicList(CustomizeComponentsPatch)),
});
export type CustomizeComponents = z.infer<typeof CustomizeComponents>;

/** How guests get a new version of the installation. */
export const KubeVirtWorkloadUpdateStrategy = z.object({
  batchEvictionInterval: optional(Duration),
  batchEvictionSize: optional(int()),
  workloadUpdateMethods: optional(atomicList(z.string())),
});
export type KubeVirtWorkloadUpdateStrategy = z.infer<typeof KubeVirtWorkloadUpdateStrategy>;

/** A rate with a burst. */
export const TokenBucketRateLimiter = z.object({
  burst: int(),
  qps: z.number(),
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
  restClient: optional(RESTClientConfiguration),
});
export type ReloadableComponentConfiguration = z.infer<typeof ReloadableComponentConfiguration>;
