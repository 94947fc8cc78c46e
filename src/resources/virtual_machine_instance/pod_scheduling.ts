/** Where a launcher pod may run. */
import { NODE_SCHEDULABLE_LABEL } from "../../api/labels.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { PodSpec } from "../core_objects.ts";
import type { ClusterConfiguration } from "../kubevirt/configuration.ts";
import { guestAffinity, guestNodeSelector } from "./pod_node_selector.ts";

export function podScheduling(
  vmi: VirtualMachineInstance,
  configuration: ClusterConfiguration,
): Partial<PodSpec> {
  const {
    tolerations,
    topologySpreadConstraints,
    schedulerName,
    priorityClassName,
    architecture,
  } = vmi.spec;
  const affinity = guestAffinity(vmi);
  const runtimeClassName = configuration.defaultRuntimeClass;
  return {
    nodeSelector: {
      ...configuration.nodeSelectors,
      ...vmi.spec.nodeSelector,
      ...guestNodeSelector(vmi),
      [NODE_SCHEDULABLE_LABEL]: "true",
      "kubernetes.io/arch": architecture || configuration.defaultArchitecture,
    },
    ...(affinity !== undefined && { affinity }),
    ...(tolerations !== undefined && { tolerations }),
    ...(topologySpreadConstraints !== undefined && { topologySpreadConstraints }),
    ...(schedulerName && { schedulerName }),
    ...(priorityClassName && { priorityClassName }),
    ...(runtimeClassName !== undefined && { runtimeClassName }),
  };
}
