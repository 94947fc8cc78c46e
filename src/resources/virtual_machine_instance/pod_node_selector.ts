/** The labels of nodes that a guest's CPU and board ask for. The agents set them, by what their node can do. */
import {
  CPU_FEATURE_LABEL_PREFIX,
  CPU_MODEL_LABEL_PREFIX,
  LABELLER_OBSOLETE_HOST_MODEL_ANNOTATION as OBSOLETE_HOST_MODEL_LABEL,
  MACHINE_TYPE_LABEL_PREFIX,
} from "../../api/labels.ts";
import type { Affinity, NodeSelectorTerm } from "../../api/k8s_scheduling.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";

const HOST_MODEL = "host-model";
/** They are whatever the node has. */
const NOT_NAMED = [HOST_MODEL, "host-passthrough"];

/** What the node must have. */
export function guestNodeSelector({ spec }: VirtualMachineInstance): Record<string, string> {
  const { cpu, machine } = spec.domain;
  const model = cpu?.model;
  // Without a model there is no CPU that features could be added to.
  const features = model ? cpu?.features ?? [] : [];
  const required = features.filter(({ policy }) => !policy || policy === "require");
  const labels = [
    ...(machine?.type ? [`${MACHINE_TYPE_LABEL_PREFIX}${machine.type}`] : []),
    ...(model && !NOT_NAMED.includes(model) ? [`${CPU_MODEL_LABEL_PREFIX}${model}`] : []),
    ...required.map(({ name }) => `${CPU_FEATURE_LABEL_PREFIX}${name}`),
  ];
  return Object.fromEntries(labels.map((label) => [label, "true"]));
}

/** The VMI's own, and what the node must not have. `undefined`: any node will do. */
export function guestAffinity({ spec }: VirtualMachineInstance): Affinity | undefined {
  const { cpu } = spec.domain;
  const forbidden = (cpu?.features ?? []).filter(({ policy }) => policy === "forbid")
    .map(({ name }) => `${CPU_FEATURE_LABEL_PREFIX}${name}`);
  const isHostModel = !cpu?.model || cpu.model === HOST_MODEL;
  const rejected = [...(isHostModel ? [OBSOLETE_HOST_MODEL_LABEL] : []), ...forbidden];
  return rejected.length === 0 ? spec.affinity : rejecting(spec.affinity ?? {}, rejected);
}

/** Any of the terms may match, so each of them must reject. */
function rejecting(affinity: Affinity, labels: readonly string[]): Affinity {
  const rejections = labels.map((key) => ({ key, operator: "DoesNotExist" }));
  const required = affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const terms: NodeSelectorTerm[] = required?.nodeSelectorTerms.length
    ? required.nodeSelectorTerms
    : [{}];
  const nodeSelectorTerms = terms.map((term) => ({
    ...term,
    matchExpressions: [...(term.matchExpressions ?? []), ...rejections],
  }));
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { ...required, nodeSelectorTerms },
    },
  };
}
