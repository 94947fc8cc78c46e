/** A number of alike, named and lasting guests. */
import * as z from "zod";
import { LabelSelector, ObjectMeta, ProbedCondition, TemplateMeta } from "./k8s_meta.ts";
import { NodeSelectorRequirement } from "./k8s_scheduling.ts";
import { atomicList, Duration, int32, IntOrString, openEnum, optional } from "./structural.ts";
import { VirtualMachineSpec } from "./virtual_machine.ts";

/** When a guest that does not start is replaced. */
export const VirtualMachinePoolAutohealingStrategy = z.object({
  minFailingToStartDuration: optional(Duration).describe(
    "For how long a guest must have failed to start",
  ),
  startUpFailureThreshold: optional(int32({ minimum: 1 })).describe(
    "After how many failed starts in a row",
  ),
});
export type VirtualMachinePoolAutohealingStrategy = z.infer<
  typeof VirtualMachinePoolAutohealingStrategy
>;

/** Which references in a template become each guest's own. */
export const VirtualMachinePoolNameGeneration = z.object({
  appendIndexToConfigMapRefs: optional(z.boolean()).describe(
    "Each guest has ConfigMaps of its own: name-0, name-1",
  ),
  appendIndexToSecretRefs: optional(z.boolean()).describe(
    "Each guest has Secrets of its own: name-0, name-1",
  ),
});
export type VirtualMachinePoolNameGeneration = z.infer<typeof VirtualMachinePoolNameGeneration>;

/** Which guests may be taken. */
export const VirtualMachinePoolSelectors = z.object({
  labelSelector: optional(LabelSelector),
  nodeSelectorRequirementMatcher: optional(z.array(NodeSelectorRequirement)),
});
export type VirtualMachinePoolSelectors = z.infer<typeof VirtualMachinePoolSelectors>;

/** Which guests are taken, and in which order. */
export const VirtualMachinePoolSelectionPolicy = z.object({
  selectors: optional(VirtualMachinePoolSelectors).describe("Only guests that match are taken"),
  sortPolicy: optional(openEnum("AscendingOrder", "DescendingOrder", "Newest", "Oldest", "Random"))
    .describe("Oldest, Newest, Random, AscendingOrder or DescendingOrder"),
});
export type VirtualMachinePoolSelectionPolicy = z.infer<typeof VirtualMachinePoolSelectionPolicy>;

/** Guests go when someone deletes them; they are not made anew while there are too many. */
export const VirtualMachinePoolOpportunisticScaleInStrategy = z.object({
  statePreservation: optional(openEnum("Disabled", "Offline", "Online")).describe(
    "What becomes of the guest's volumes: Disabled, Offline or Online",
  ),
});
export type VirtualMachinePoolOpportunisticScaleInStrategy = z.infer<
  typeof VirtualMachinePoolOpportunisticScaleInStrategy
>;

/** Guests are stopped and go. */
export const VirtualMachinePoolProactiveScaleInStrategy = z.object({
  selectionPolicy: optional(VirtualMachinePoolSelectionPolicy).describe("Which guests go first"),
  statePreservation: optional(openEnum("Disabled", "Offline", "Online")).describe(
    "What becomes of the guest's volumes: Disabled, Offline or Online",
  ),
});
export type VirtualMachinePoolProactiveScaleInStrategy = z.infer<
  typeof VirtualMachinePoolProactiveScaleInStrategy
>;

/** Someone else does it. */
export const VirtualMachinePoolUnmanagedStrategy = z.object({});
export type VirtualMachinePoolUnmanagedStrategy = z.infer<
  typeof VirtualMachinePoolUnmanagedStrategy
>;

/** How a pool becomes smaller. */
export const VirtualMachinePoolScaleInStrategy = z.object({
  opportunistic: optional(VirtualMachinePoolOpportunisticScaleInStrategy),
  proactive: optional(VirtualMachinePoolProactiveScaleInStrategy),
  unmanaged: optional(VirtualMachinePoolUnmanagedStrategy),
});
export type VirtualMachinePoolScaleInStrategy = z.infer<typeof VirtualMachinePoolScaleInStrategy>;

/** Guests get a new template at their next start. */
export const VirtualMachineOpportunisticUpdateStrategy = z.object({});
export type VirtualMachineOpportunisticUpdateStrategy = z.infer<
  typeof VirtualMachineOpportunisticUpdateStrategy
>;

/** Guests are restarted for a new template. */
export const VirtualMachinePoolProactiveUpdateStrategy = z.object({
  selectionPolicy: optional(VirtualMachinePoolSelectionPolicy).describe(
    "Which guests are restarted first",
  ),
});
export type VirtualMachinePoolProactiveUpdateStrategy = z.infer<
  typeof VirtualMachinePoolProactiveUpdateStrategy
>;

/** How a changed template reaches the guests. */
export const VirtualMachinePoolUpdateStrategy = z.object({
  opportunistic: optional(VirtualMachineOpportunisticUpdateStrategy),
  proactive: optional(VirtualMachinePoolProactiveUpdateStrategy),
  unmanaged: optional(VirtualMachinePoolUnmanagedStrategy),
});
export type VirtualMachinePoolUpdateStrategy = z.infer<typeof VirtualMachinePoolUpdateStrategy>;

/** What each guest is made from. */
export const VirtualMachineTemplateSpec = z.object({
  metadata: optional(TemplateMeta.nullable()),
  spec: optional(VirtualMachineSpec),
});
export type VirtualMachineTemplateSpec = z.infer<typeof VirtualMachineTemplateSpec>;

/** How many guests there shall be, and how they come and go. */
export const VirtualMachinePoolSpec = z.object({
  autohealing: optional(VirtualMachinePoolAutohealingStrategy).describe(
    "When a guest that does not start is replaced",
  ),
  maxUnavailable: optional(IntOrString).describe(
    "How many guests, or which share, may be down for an update at a time; 100% when absent",
  ),
  nameGeneration: optional(VirtualMachinePoolNameGeneration).describe(
    "Which references in the template become each guest's own",
  ),
  paused: optional(z.boolean()).describe("Nothing is made, changed or removed while this is true"),
  replicas: optional(int32({ minimum: 0 })).describe(
    "How many guests there shall be; 1 when absent",
  ),
  scaleInStrategy: optional(VirtualMachinePoolScaleInStrategy).describe(
    "How the pool becomes smaller",
  ),
  selector: LabelSelector.describe(
    "Which guests belong to the pool; must match the template's labels",
  ),
  updateStrategy: optional(VirtualMachinePoolUpdateStrategy).describe(
    "How a changed template reaches the guests",
  ),
  virtualMachineTemplate: VirtualMachineTemplateSpec.describe("What each guest is made from"),
});
export type VirtualMachinePoolSpec = z.infer<typeof VirtualMachinePoolSpec>;

/** One aspect of a pool's state. */
export const VirtualMachinePoolCondition = ProbedCondition;
export type VirtualMachinePoolCondition = z.infer<typeof VirtualMachinePoolCondition>;

/** How many guests there are. */
export const VirtualMachinePoolStatus = z.object({
  conditions: optional(atomicList(VirtualMachinePoolCondition)),
  labelSelector: optional(z.string()).describe("The selector as text, for autoscalers"),
  readyReplicas: optional(int32()).describe("How many guests are ready"),
  replicas: optional(int32()).describe("How many guests there are"),
});
export type VirtualMachinePoolStatus = z.infer<typeof VirtualMachinePoolStatus>;

/** A number of alike, named and lasting guests. */
export const VirtualMachinePool = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: VirtualMachinePoolSpec,
  status: optional(VirtualMachinePoolStatus),
});
export type VirtualMachinePool = z.infer<typeof VirtualMachinePool>;
