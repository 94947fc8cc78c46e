/** Bodies of the verbs of `subresources.kubevirt.io`. All fields are optional, and so is the body. */
import * as z from "zod";
import { atomicList, int64, optional, stringMap } from "./structural.ts";

const typeMeta = {
  apiVersion: optional(z.string()),
  kind: optional(z.string()),
};

/** `["All"]`: everything is checked, nothing is changed. */
const dryRun = optional(atomicList(z.string()));

/** Body of `virtualmachines/{name}/start`. */
export const StartOptions = z.object({
  ...typeMeta,
  dryRun,
  paused: optional(z.boolean()).describe("Start the guest paused"),
});
export type StartOptions = z.infer<typeof StartOptions>;

/** Body of `virtualmachines/{name}/stop`. */
export const StopOptions = z.object({
  ...typeMeta,
  dryRun,
  gracePeriod: optional(int64()).describe("Seconds that the guest has to shut down; 0: none"),
});
export type StopOptions = z.infer<typeof StopOptions>;

/** Body of `virtualmachines/{name}/restart`. */
export const RestartOptions = z.object({
  ...typeMeta,
  dryRun,
  gracePeriodSeconds: optional(int64()).describe("0: by force; nothing else is accepted"),
});
export type RestartOptions = z.infer<typeof RestartOptions>;

/** Body of `virtualmachines/{name}/migrate`. */
export const MigrateOptions = z.object({
  ...typeMeta,
  addedNodeSelector: optional(stringMap()).describe(
    "Labels that the new node must have, beside what the guest itself asks for",
  ),
  dryRun,
});
export type MigrateOptions = z.infer<typeof MigrateOptions>;

/** Body of `virtualmachineinstances/{name}/pause`. */
export const PauseOptions = z.object({ ...typeMeta, dryRun });
export type PauseOptions = z.infer<typeof PauseOptions>;

/** Body of `virtualmachineinstances/{name}/unpause`. */
export const UnpauseOptions = z.object({ ...typeMeta, dryRun });
export type UnpauseOptions = z.infer<typeof UnpauseOptions>;
