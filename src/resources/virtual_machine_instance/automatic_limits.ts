/**
 * Limits that nobody asked for: in a namespace whose quota has limits, a pod without them is refused, and the installation
 * can name namespaces whose guests shall have no more than their vCPUs.
 */
import { AUTO_MEMORY_LIMITS_RATIO_LABEL } from "../../api/labels.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { ResourceQuota } from "../core_objects.ts";
import type { ClusterConfiguration } from "../kubevirt/configuration.ts";
import { matchesSelector } from "../label_selector.ts";

/** Of the memory request. KubeVirt's, as is what follows for a ratio below 1: it is not taken. */
const MEMORY_RATIO_DEFAULT = 2;
const MEMORY_RATIO_MIN = 1;

export interface AutomaticLimits {
  /** The guest's container is limited to its vCPUs. */
  vcpus: boolean;
  /** Its memory limit is its request times this. */
  memoryRatio?: number;
  /** Every container of the pod must have a CPU limit, or the quota refuses the pod. */
  everyContainer: boolean;
}

export const NO_AUTOMATIC_LIMITS: AutomaticLimits = { vcpus: false, everyContainer: false };

export interface AutomaticLimitsInput {
  vmi: VirtualMachineInstance;
  configuration: ClusterConfiguration;
  /** Those of its namespace. */
  resourceQuotas?: readonly ResourceQuota[];
  /** Read only where {@link needsNamespace}. */
  namespaceLabels?: Readonly<Record<string, string>>;
}

export function automaticLimits(input: AutomaticLimitsInput): AutomaticLimits {
  const { vmi, configuration, resourceQuotas = [], namespaceLabels = {} } = input;
  const { limits = {} } = vmi.spec.domain.resources ?? {};
  const selector = configuration.autoCpuLimitNamespaces;
  const isSelected = selector !== undefined && matchesSelector(selector, namespaceLabels);
  const everyContainer = isLimited(resourceQuotas, "cpu");
  return {
    vcpus: limits.cpu === undefined && (everyContainer || isSelected),
    everyContainer,
    ...(limits.memory === undefined && isLimited(resourceQuotas, "memory") && {
      memoryRatio: memoryRatio(namespaceLabels[AUTO_MEMORY_LIMITS_RATIO_LABEL]),
    }),
  };
}

/** Whether the limits depend on the labels of the namespace. */
export function needsNamespace(
  { configuration, resourceQuotas = [] }: AutomaticLimitsInput,
): boolean {
  return configuration.autoCpuLimitNamespaces !== undefined || isLimited(resourceQuotas, "memory");
}

function isLimited(quotas: readonly ResourceQuota[], resource: "cpu" | "memory"): boolean {
  return quotas.some(({ spec }) => spec?.hard?.[`limits.${resource}`] !== undefined);
}

function memoryRatio(label: string | undefined): number {
  const ratio = label === undefined || label === "" ? Number.NaN : Number(label);
  return Number.isFinite(ratio) && ratio >= MEMORY_RATIO_MIN ? ratio : MEMORY_RATIO_DEFAULT;
}
