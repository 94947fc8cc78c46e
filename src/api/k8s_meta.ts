/** Object metadata and label selectors of Kubernetes. */
import * as z from "zod";
import { atomicList, int64, opaque, openEnum, optional, stringMap, Time } from "./structural.ts";

/** Who an object belongs to: it goes when its owner goes. */
export const OwnerReference = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: optional(z.boolean()),
  blockOwnerDeletion: optional(z.boolean()),
});
export type OwnerReference = z.infer<typeof OwnerReference>;

/** Who owns which fields of an object under server-side apply. */
export const ManagedFieldsEntry = z.looseObject({
  manager: optional(z.string()),
  operation: optional(z.string()),
  apiVersion: optional(z.string()),
  time: optional(Time),
  fieldsType: optional(z.string()),
  fieldsV1: optional(z.record(z.string(), z.unknown())),
  subresource: optional(z.string()),
});
export type ManagedFieldsEntry = z.infer<typeof ManagedFieldsEntry>;

const metadataFields = z.looseObject({
  name: optional(z.string()),
  generateName: optional(z.string()),
  namespace: optional(z.string()),
  selfLink: optional(z.string()),
  uid: optional(z.string()),
  resourceVersion: optional(z.string()),
  generation: optional(int64()),
  creationTimestamp: optional(Time),
  deletionTimestamp: optional(Time),
  deletionGracePeriodSeconds: optional(int64()),
  labels: optional(stringMap()),
  annotations: optional(stringMap()),
  ownerReferences: optional(z.array(OwnerReference)),
  finalizers: optional(z.array(z.string())),
  managedFields: optional(z.array(ManagedFieldsEntry)),
});

/** Go clients send `creationTimestamp: null` with objects that were never stored. */
const manifestFields = metadataFields.extend({ creationTimestamp: optional(Time.nullable()) });

/** Metadata of a stored object: what `kube/object.ts` calls ObjectMeta, and the rest of it. */
export type ObjectMeta = z.infer<typeof metadataFields> & { name: string; uid: string };

/**
 * Metadata of an object. The API server checks it, so its CRD schema is empty. The type is that of a stored object; a
 * manifest, or an object under admission for creation, may still lack `name` and `uid`, and parses all the same.
 */
export const ObjectMeta = opaque(manifestFields) as unknown as z.ZodType<ObjectMeta>;

/** Metadata inside a template: labels and annotations of what is made from it. Kept whole, whatever it holds. */
export const TemplateMeta = opaque(manifestFields).meta({
  "x-kubernetes-preserve-unknown-fields": true,
});
export type TemplateMeta = z.infer<typeof TemplateMeta>;

/** One condition on a label's value. */
export const LabelSelectorRequirement = z.object({
  key: z.string(),
  operator: z.string().describe("In, NotIn, Exists or DoesNotExist"),
  values: optional(atomicList(z.string())),
});
export type LabelSelectorRequirement = z.infer<typeof LabelSelectorRequirement>;

/** A set of objects, named by their labels; all conditions must hold. Empty: every object. */
export const LabelSelector = z.object({
  matchExpressions: optional(atomicList(LabelSelectorRequirement)),
  matchLabels: optional(stringMap()),
}).meta({ "x-kubernetes-map-type": "atomic" });
export type LabelSelector = z.infer<typeof LabelSelector>;

/** One aspect of an object's state, in the form that newer kinds share. */
export const Condition = z.object({
  lastTransitionTime: Time.describe("When status last changed"),
  message: z.string().max(32_768).describe("Why, for people"),
  observedGeneration: optional(int64({ minimum: 0 })).describe("Generation that it was said of"),
  reason: z.string().min(1).max(1_024)
    .meta({ pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$" })
    .describe("Why, in one CamelCase word"),
  status: openEnum("True", "False", "Unknown"),
  type: z.string().max(316)
    .meta({
      pattern:
        "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
    })
    .describe("Name of the aspect"),
});
export type Condition = z.infer<typeof Condition>;

/** One aspect of an object's state, in the form that most of KubeVirt's kinds share. */
export const ProbedCondition = z.object({
  status: z.string().describe("True, False or Unknown"),
  type: z.string().describe("Name of the aspect"),
  lastProbeTime: optional(Time.nullable()).describe("When it was last looked at"),
  lastTransitionTime: optional(Time.nullable()).describe("When status last changed"),
  message: optional(z.string()).describe("Why, for people"),
  reason: optional(z.string()).describe("Why, in one CamelCase word"),
});
export type ProbedCondition = z.infer<typeof ProbedCondition>;
