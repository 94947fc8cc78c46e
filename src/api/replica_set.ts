/** A number of alike, short-lived guests. */
import * as z from "zod";
import { LabelSelector, ObjectMeta, ProbedCondition } from "./k8s_meta.ts";
import { int32, optional } from "./structural.ts";
import { VirtualMachineInstanceTemplateSpec } from "./virtual_machine_instance.ts";

/** How many guests there shall be, and what they are made from. */
export const VirtualMachineInstanceReplicaSetSpec = z.object({
  paused: optional(z.boolean()).describe("Nothing is made or removed while this is true"),
  replicas: optional(int32()).describe("How many guests there shall be; 1 when absent"),
  selector: LabelSelector.describe(
    "Which guests belong to the set; must match the template's labels",
  ),
  template: VirtualMachineInstanceTemplateSpec.describe("What each guest is made from"),
});
export type VirtualMachineInstanceReplicaSetSpec = z.infer<
  typeof VirtualMachineInstanceReplicaSetSpec
>;

/** One aspect of a replica set's state. */
export const VirtualMachineInstanceReplicaSetCondition = ProbedCondition;
export type VirtualMachineInstanceReplicaSetCondition = z.infer<
  typeof VirtualMachineInstanceReplicaSetCondition
>;

/** How many guests there are. */
export const VirtualMachineInstanceReplicaSetStatus = z.object({
  conditions: optional(z.array(VirtualMachineInstanceReplicaSetCondition)),
  labelSelector: optional(z.string()).describe("The selector as text, for autoscalers"),
  readyReplicas: optional(int32()).describe("How many guests are ready"),
  replicas: optional(int32()).describe("How many guests there are"),
});
export type VirtualMachineInstanceReplicaSetStatus = z.infer<
  typeof VirtualMachineInstanceReplicaSetStatus
>;

/** A number of alike, short-lived guests. */
export const VirtualMachineInstanceReplicaSet = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: ObjectMeta,
  spec: VirtualMachineInstanceReplicaSetSpec,
  status: optional(VirtualMachineInstanceReplicaSetStatus.nullable()),
});
export type VirtualMachineInstanceReplicaSet = z.infer<typeof VirtualMachineInstanceReplicaSet>;
