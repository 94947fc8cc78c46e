/** References from one Kubernetes object to another, and the selectors of the downward API. */
import { z } from "zod";
import { Quantity } from "./quantity.ts";
import { int32, optional } from "./structural.ts";

/** An object of the same namespace, by name. */
export const LocalObjectReference = z.object({
  name: optional(z.string().meta({ "default": "" })),
}).meta({ "x-kubernetes-map-type": "atomic" });
export type LocalObjectReference = z.infer<typeof LocalObjectReference>;

/** An object of the same namespace, by kind and name. */
export const TypedLocalObjectReference = z.object({
  kind: z.string(),
  name: z.string(),
  apiGroup: optional(z.string()),
}).meta({ "x-kubernetes-map-type": "atomic" });
export type TypedLocalObjectReference = z.infer<typeof TypedLocalObjectReference>;

/** An object of any namespace, by kind and name. */
export const TypedObjectReference = z.object({
  kind: z.string(),
  name: z.string(),
  apiGroup: optional(z.string()),
  namespace: optional(z.string()),
});
export type TypedObjectReference = z.infer<typeof TypedObjectReference>;

/** A field of the launcher pod. */
export const ObjectFieldSelector = z.object({
  apiVersion: optional(z.string()),
  fieldPath: z.string(),
}).meta({ "x-kubernetes-map-type": "atomic" });
export type ObjectFieldSelector = z.infer<typeof ObjectFieldSelector>;

/** A resource request or limit of a container. */
export const ResourceFieldSelector = z.object({
  containerName: optional(z.string()),
  divisor: optional(Quantity),
  resource: z.string(),
}).meta({ "x-kubernetes-map-type": "atomic" });
export type ResourceFieldSelector = z.infer<typeof ResourceFieldSelector>;

/** A file that holds one field of the launcher pod. */
export const DownwardAPIVolumeFile = z.object({
  fieldRef: optional(ObjectFieldSelector),
  mode: optional(int32()),
  path: z.string(),
  resourceFieldRef: optional(ResourceFieldSelector),
});
export type DownwardAPIVolumeFile = z.infer<typeof DownwardAPIVolumeFile>;
