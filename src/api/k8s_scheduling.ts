/** Where pods may run: the scheduling fields of Kubernetes pods. */
import * as z from "zod";
import { LabelSelector } from "./k8s_meta.ts";
import { atomicList, int32, int64, optional } from "./structural.ts";

/** One condition on a node's label or field. */
export const NodeSelectorRequirement = z.object({
  key: z.string().describe("The label or field"),
  operator: z.string().describe("In, NotIn, Exists, DoesNotExist, Gt or Lt"),
  values: optional(atomicList(z.string())).describe("What it is compared with"),
});
export type NodeSelectorRequirement = z.infer<typeof NodeSelectorRequirement>;

/** Conditions on one node; all must hold. */
export const NodeSelectorTerm = z.object({
  matchExpressions: optional(atomicList(NodeSelectorRequirement)).describe(
    "Conditions on labels; all must hold",
  ),
  matchFields: optional(atomicList(NodeSelectorRequirement)).describe(
    "Conditions on fields; all must hold",
  ),
}).meta({ "x-kubernetes-map-type": "atomic" });
export type NodeSelectorTerm = z.infer<typeof NodeSelectorTerm>;

/** A set of nodes: any term may match. */
export const NodeSelector = z.object({
  nodeSelectorTerms: atomicList(NodeSelectorTerm).describe("At least one must match"),
}).meta({ "x-kubernetes-map-type": "atomic" });
export type NodeSelector = z.infer<typeof NodeSelector>;

/** A wish about nodes, with its weight. */
export const PreferredSchedulingTerm = z.object({
  preference: NodeSelectorTerm,
  weight: int32().describe("1 to 100"),
});
export type PreferredSchedulingTerm = z.infer<typeof PreferredSchedulingTerm>;

/** Which nodes a pod may or should run on. */
export const NodeAffinity = z.object({
  preferredDuringSchedulingIgnoredDuringExecution: optional(atomicList(PreferredSchedulingTerm))
    .describe("What a node should be"),
  requiredDuringSchedulingIgnoredDuringExecution: optional(NodeSelector).describe(
    "What a node must be",
  ),
});
export type NodeAffinity = z.infer<typeof NodeAffinity>;

/** A set of pods, and the topology in which near and far is meant. */
export const PodAffinityTerm = z.object({
  labelSelector: optional(LabelSelector).describe("Which pods"),
  matchLabelKeys: optional(atomicList(z.string())).describe(
    "Labels that must be the same as the guest's",
  ),
  mismatchLabelKeys: optional(atomicList(z.string())).describe(
    "Labels that must differ from the guest's",
  ),
  namespaceSelector: optional(LabelSelector).describe("Namespaces of the pods, by label"),
  namespaces: optional(atomicList(z.string())).describe(
    "Namespaces of the pods. Default: the guest's",
  ),
  topologyKey: z.string().describe(
    "Label of nodes that are near each other when its value is the same",
  ),
});
export type PodAffinityTerm = z.infer<typeof PodAffinityTerm>;

/** A wish about pods nearby, with its weight. */
export const WeightedPodAffinityTerm = z.object({
  podAffinityTerm: PodAffinityTerm,
  weight: int32().describe("1 to 100"),
});
export type WeightedPodAffinityTerm = z.infer<typeof WeightedPodAffinityTerm>;

/** Which pods a pod must or should run near. */
export const PodAffinity = z.object({
  preferredDuringSchedulingIgnoredDuringExecution: optional(atomicList(WeightedPodAffinityTerm))
    .describe("Which pods should be near"),
  requiredDuringSchedulingIgnoredDuringExecution: optional(atomicList(PodAffinityTerm)).describe(
    "Which pods must be near",
  ),
});
export type PodAffinity = z.infer<typeof PodAffinity>;

/** Which pods a pod must or should keep away from. */
export const PodAntiAffinity = z.object({
  preferredDuringSchedulingIgnoredDuringExecution: optional(atomicList(WeightedPodAffinityTerm))
    .describe("Which pods should not be near"),
  requiredDuringSchedulingIgnoredDuringExecution: optional(atomicList(PodAffinityTerm)).describe(
    "Which pods must not be near",
  ),
});
export type PodAntiAffinity = z.infer<typeof PodAntiAffinity>;

/** All wishes and requirements about a pod's neighbours and node. */
export const Affinity = z.object({
  nodeAffinity: optional(NodeAffinity).describe("Which nodes to run on"),
  podAffinity: optional(PodAffinity).describe("Which pods to run near"),
  podAntiAffinity: optional(PodAntiAffinity).describe("Which pods to keep away from"),
});
export type Affinity = z.infer<typeof Affinity>;

/** A taint that a pod puts up with. */
export const Toleration = z.object({
  effect: optional(z.string()).describe("Effect of the taint; absent: any"),
  key: optional(z.string()).describe("Key of the taint; absent: any"),
  operator: optional(z.string()).describe("Equal or Exists. Default: Equal"),
  tolerationSeconds: optional(int64()).describe(
    "How long a NoExecute taint is put up with; absent: forever",
  ),
  value: optional(z.string()).describe("Value of the taint"),
});
export type Toleration = z.infer<typeof Toleration>;

/** How evenly pods of a set are spread. */
export const TopologySpreadConstraint = z.object({
  labelSelector: optional(LabelSelector).describe("Which pods are counted"),
  matchLabelKeys: optional(atomicList(z.string())).describe(
    "Labels that must be the same as the guest's",
  ),
  maxSkew: int32().describe("How many more pods than elsewhere one domain may hold"),
  minDomains: optional(int32()).describe("How many domains there must be"),
  nodeAffinityPolicy: optional(z.string()).describe(
    "Honor or Ignore node affinity when nodes are counted",
  ),
  nodeTaintsPolicy: optional(z.string()).describe("Honor or Ignore taints when nodes are counted"),
  topologyKey: z.string().describe("Label of nodes whose values are the domains"),
  whenUnsatisfiable: z.string().describe("DoNotSchedule or ScheduleAnyway"),
});
export type TopologySpreadConstraint = z.infer<typeof TopologySpreadConstraint>;
