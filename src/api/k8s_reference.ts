/** References from one Kubernetes object to another, and the selectors of the downward API. */
import * as z from "zod";
import { Quantity } from "./quantity_schema.ts";
import { int32, optional } from "./structural.ts";

/** An object of the same namespace, by name. */
export const LocalObjectReference = z.object({
  name: optional(z.string().meta({ default: "" })).describe("Name of the object"),
}).meta({ "x-kubernetes-map-type": "atomic" });
export type LocalObjectReference = z.infer<typeof LocalObjectReference>;

/** An object of the same namespace, by kind and name. */
export const TypedLocalObjectReference = z.object({
  kind: z.string(),
  name: z.string(),
  apiGroup: optional(z.string()).describe("API group; absent: core"),
}).meta({ "x-kubernetes-map-type": "atomic" });
export type TypedLocalObjectReference = z.infer<typeof TypedLocalObjectReference>;

/** An object of any namespace, by kind and name. */
export const TypedObjectReference = z.object({
  kind: z.string(),
  name: z.string(),
  apiGroup: optional(z.string()).describe("API group; absent: core"),
  namespace: optional(z.string()).describe("Default: the namespace of this object"),
});
export type TypedObjectReference = z.infer<typeof TypedObjectReference>;

/** A field of the launcher pod. */
export const ObjectFieldSelector = z.object({
  apiVersion: optional(z.string()),
  fieldPath: z.string().describe("Path of the field, such as metadata.labels"),
}).meta({ "x-kubernetes-map-type": "atomic" });
export type ObjectFieldSelector = z.infer<typeof ObjectFieldSelector>;

/** A resource request or limit of a container. */
export const ResourceFieldSelector = z.object({
  containerName: optional(z.string()).describe("Name of the container"),
  divisor: optional(Quantity).describe("Unit of the value. Default: 1"),
  resource: z.string().describe("Such as limits.memory"),
}).meta({ "x-kubernetes-map-type": "atomic" });
export type ResourceFieldSelector = z.infer<typeof ResourceFieldSelector>;

/** A file that holds one field of the launcher pod. */
export const DownwardAPIVolumeFile = z.object({
  fieldRef: optional(ObjectFieldSelector).describe("The field"),
  mode: optional(int32()).describe("Permissions of the file"),
  path: z.string().describe("Path of the file"),
  resourceFieldRef: optional(ResourceFieldSelector).describe("The resource"),
});
export type DownwardAPIVolumeFile = z.infer<typeof DownwardAPIVolumeFile>;
