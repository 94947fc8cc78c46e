/** Where a launcher pod may run. */
import { NODE_SCHEDULABLE_LABEL } from "../../api/labels.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { PodSpec } from "../core_objects.ts";
import type { ClusterConfiguration } from "../kubevirt/configuration.ts";

/**
 * Labels of machine types and CPU models, and the devices of devices.kubevirt.io, are not asked for: nodes do not carry
 * the labels and have no device plugins yet, and the agent opens /dev/kvm and /dev/net/tun itself.
 */
export function podScheduling(
  vmi: VirtualMachineInstance,
  configuration: ClusterConfiguration,
): Partial<PodSpec> {
  const {
    affinity,
    tolerations,
    topologySpreadConstraints,
    schedulerName,
    priorityClassName,
    architecture,
  } = vmi.spec;
  const runtimeClassName = configuration.defaultRuntimeClass;
  return {
    nodeSelector: {
      ...configuration.nodeSelectors,
      ...vmi.spec.nodeSelector,
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
