/** Where pods may run: the scheduling fields of Kubernetes pods. */
import { z } from "zod";
import { LabelSelector } from "./k8s_meta.ts";
import { atomicList, int32, int64, optional } from "./structural.ts";

/** One condition on a node's label or field. */
export const NodeSelectorRequirement = z.object({
  key: z.string(),
  operator: z.string(),
  values: optional(atomicList(z.string())),
});
export type NodeSelectorRequirement = z.infer<typeof NodeSelectorRequirement>;

/** Conditions on one node; all must hold. */
export const NodeSelectorTerm = z.object({
  matchExpressions: optional(atomicList(NodeSelectorRequirement)),
  matchFields: optional(atomicList(NodeSelectorRequirement)),
}).meta({ "x-kubernetes-map-type": "atomic" });
export type NodeSelectorTerm = z.infer<typeof NodeSelectorTerm>;

/** A set of nodes: any term may match. */
export const NodeSelector = z.object({
  nodeSelectorTerms: atomicList(NodeSelectorTerm),
}).meta({ "x-kubernetes-map-type": "atomic" });
export type NodeSelector = z.infer<typeof NodeSelector>;

/** A wish about nodes, with its weight. */
export const PreferredSchedulingTerm = z.object({
  preference: NodeSelectorTerm,
  weight: int32(),
});
export type PreferredSchedulingTerm = z.infer<typeof PreferredSchedulingTerm>;

/** Which nodes a pod may or should run on. */
export const NodeAffinity = z.object({
  preferredDuringSchedulingIgnoredDuringExecution: optional(atomicList(PreferredSchedulingTerm)),
  requiredDuringSchedulingIgnoredDuringExecution: optional(NodeSelector),
});
export type NodeAffinity = z.infer<typeof NodeAffinity>;

/** A set of pods, and the topology in which near and far is meant. */
export const PodAffinityTerm = z.object({
  labelSelector: optional(LabelSelector),
  matchLabelKeys: optional(atomicList(z.string())),
  mismatchLabelKeys: optional(atomicList(z.string())),
  namespaceSelector: optional(LabelSelector),
  namespaces: optional(atomicList(z.string())),
  topologyKey: z.string(),
});
export type PodAffinityTerm = z.infer<typeof PodAffinityTerm>;

/** A wish about pods nearby, with its weight. */
export const WeightedPodAffinityTerm = z.object({
  podAffinityTerm: PodAffinityTerm,
  weight: int32(),
});
export type WeightedPodAffinityTerm = z.infer<typeof WeightedPodAffinityTerm>;

/** Which pods a pod must or should run near. */
export const PodAffinity = z.object({
  preferredDuringSchedulingIgnoredDuringExecution: optional(atomicList(WeightedPodAffinityTerm)),
  requiredDuringSchedulingIgnoredDuringExecution: optional(atomicList(PodAffinityTerm)),
});
export type PodAffinity = z.infer<typeof PodAffinity>;

/** Which pods a pod must or should keep away from. */
export const PodAntiAffinity = z.object({
  preferredDuringSchedulingIgnoredDuringExecution: optional(atomicList(WeightedPodAffinityTerm)),
  requiredDuringSchedulingIgnoredDuringExecution: optional(atomicList(PodAffinityTerm)),
});
export type PodAntiAffinity = z.infer<typeof PodAntiAffinity>;

/** All wishes and requirements about a pod's neighbours and node. */
export const Affinity = z.object({
  nodeAffinity: optional(NodeAffinity),
  podAffinity: optional(PodAffinity),
  podAntiAffinity: optional(PodAntiAffinity),
});
export type Affinity = z.infer<typeof Affinity>;

/** A taint that a pod puts up with. */
export const Toleration = z.object({
  effect: optional(z.string()),
  key: optional(z.string()),
  operator: optional(z.string()),
  tolerationSeconds: optional(int64()),
  value: optional(z.string()),
});
export type Toleration = z.infer<typeof Toleration>;

/** How evenly pods of a set are spread. */
export const TopologySpreadConstraint = z.object({
  labelSelector: optional(LabelSelector),
  matchLabelKeys: optional(atomicList(z.string())),
  maxSkew: int32(),
  minDomains: optional(int32()),
  nodeAffinityPolicy: optional(z.string()),
  nodeTaintsPolicy: optional(z.string()),
  topologyKey: z.string(),
  whenUnsatisfiable: z.string(),
});
export type TopologySpreadConstraint = z.infer<typeof TopologySpreadConstraint>;
