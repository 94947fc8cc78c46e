/** Hooks by which others extend an installation. */
import * as z from "zod";
import { ObjectMeta } from "./k8s_meta.ts";
import { atomicList, Duration, optional } from "./structural.ts";

/** An object that belongs to a plugin, by name. */
export const PluginObjectReference = z.object({
  name: z.string().min(1),
});
export type PluginObjectReference = z.infer<typeof PluginObjectReference>;

/** A CEL expression that changes a guest's domain. */
export const PluginCelHook = z.object({
  expression: z.string().min(1),
});
export type PluginCelHook = z.infer<typeof PluginCelHook>;

/** A container that changes a guest's domain. */
export const PluginSidecarHook = z.object({
  socketPath: z.string().min(1),
});
export type PluginSidecarHook = z.infer<typeof PluginSidecarHook>;

/** What changes a guest's domain. */
export const PluginDomainHook = z.object({
  cel: optional(PluginCelHook).describe("A CEL expression; not together with sidecar"),
  condition: optional(z.string()).describe("CEL expression: which guests it is for"),
  failureStrategy: optional(z.string()).describe("What a failure means: Fail or Ignore"),
  sidecar: optional(PluginSidecarHook).describe("A container; not together with cel"),
  timeout: optional(Duration).describe("For how long it may take"),
});
export type PluginDomainHook = z.infer<typeof PluginDomainHook>;

/** What is told of a guest's life on its node. */
export const PluginNodeHook = z.object({
  condition: optional(z.string()).describe("CEL expression: which guests it is for"),
  failureStrategy: optional(z.string()).describe("What a failure means: Fail or Ignore"),
  permittedHooks: atomicList(z.string()).meta({ minItems: 1 }).describe("What it is told of"),
  socket: z.string().min(1).describe("Where it listens on the node"),
  timeout: optional(Duration).describe("For how long it may take"),
});
export type PluginNodeHook = z.infer<typeof PluginNodeHook>;

/** Hooks, and the admission objects that belong to them. */
export const PluginSpec = z.object({
  condition: optional(z.string()).describe("CEL expression: which guests the plugin is for"),
  domainHooks: optional(atomicList(PluginDomainHook)).describe("What changes a guest's domain"),
  failureStrategy: optional(z.string()).describe("What an unhealthy plugin means: Fail or Ignore"),
  mutatingAdmissionPolicies: optional(atomicList(PluginObjectReference)),
  mutatingAdmissionWebhooks: optional(atomicList(PluginObjectReference)),
  nodeHooks: optional(atomicList(PluginNodeHook)).describe(
    "What is told of a guest's life on its node",
  ),
  validatingAdmissionPolicies: optional(atomicList(PluginObjectReference)),
  validatingAdmissionWebhooks: optional(atomicList(PluginObjectReference)),
});
export type PluginSpec = z.infer<typeof PluginSpec>;

/** Hooks by which others extend an installation. */
export const Plugin = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: PluginSpec,
  status: optional(z.object({})),
});
export type Plugin = z.infer<typeof Plugin>;
