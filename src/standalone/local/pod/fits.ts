/** Whether a pod fits on this machine, in the words of the scheduler: pure. */
import { holds } from "../../../resources/label_selector.ts";
import type { Affinity, NodeSelectorRequirement } from "../../../api/k8s_scheduling.ts";
import { parseBytes, parseMilliCpu } from "../../../api/quantity.ts";
import type { Node, Pod } from "../../../resources/core_objects.ts";

/** Every reason why it does not; none: it fits. */
export function reasonsAgainst(
  pod: Pod,
  { node, others }: { node: Node; others: readonly Pod[] },
): string[] {
  const reasons: string[] = [];
  if (node.spec?.unschedulable === true) reasons.push("1 node(s) were unschedulable");
  if (!matchesNode(pod, node)) {
    reasons.push("1 node(s) didn't match Pod's node affinity/selector");
  }
  const allocatable = node.status?.allocatable ?? {};
  const wanted = requestsOf(pod);
  for (const [name, amount] of wanted) {
    const there = allocatable[name];
    const used = others.reduce((sum, other) => sum + (requestsOf(other).get(name) ?? 0), 0);
    const has = there === undefined ? 0 : amountOf(name, there);
    if (amount > 0 && used + amount > has) reasons.push(`1 Insufficient ${name}`);
  }
  const podsMax = allocatable["pods"];
  if (podsMax !== undefined && others.length >= Number(podsMax)) reasons.push("1 Too many pods");
  return reasons;
}

/** Of all containers together. */
function requestsOf({ spec }: Pod): Map<string, number> {
  const sum = new Map<string, number>();
  for (const { resources } of spec.containers) {
    for (const [name, quantity] of Object.entries(resources?.requests ?? {})) {
      sum.set(name, (sum.get(name) ?? 0) + amountOf(name, quantity));
    }
  }
  return sum;
}

function amountOf(name: string, quantity: string): number {
  return name === "cpu" ? parseMilliCpu(quantity) : parseBytes(quantity);
}

function matchesNode({ spec }: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  const selector = Object.entries(spec.nodeSelector ?? {});
  if (selector.some(([key, value]) => labels[key] !== value)) return false;
  const affinity = spec.affinity as Affinity | undefined;
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    ?.nodeSelectorTerms;
  if (terms === undefined) return true;
  const fields = { "metadata.name": node.metadata.name };
  return terms.some(({ matchExpressions = [], matchFields = [] }) => {
    if (matchExpressions.length + matchFields.length === 0) return false;
    return matchExpressions.every((each) => matches(each, labels)) &&
      matchFields.every((each) => matches(each, fields));
  });
}

function matches(
  { key, operator, values = [] }: NodeSelectorRequirement,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = labels[key];
  switch (operator) {
    case "Gt":
      return value !== undefined && Number(value) > Number(values[0]);
    case "Lt":
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return holds({ key, operator, values }, labels);
  }
}
