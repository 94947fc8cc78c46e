/** Which machines of a pool are taken, and in which order. */
import type { VirtualMachinePoolSelectionPolicy } from "../../api/pool.ts";
import type { NodeSelectorRequirement } from "../../api/k8s_scheduling.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import { matchesSelector } from "../label_selector.ts";
import { sha1Hex } from "../sha1.ts";

type Order = (a: VirtualMachine, b: VirtualMachine) => number;

const BY_AGE: Order = (a, b) =>
  (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? "") ||
  a.metadata.name.localeCompare(b.metadata.name);
const BY_INDEX: Order = (a, b) => ordinal(a) - ordinal(b);
/** Every pass finds the same order, so that a second one takes no others. */
const BY_CHANCE: Order = (a, b) => sha1Hex(a.metadata.uid).localeCompare(sha1Hex(b.metadata.uid));

const ORDERS: Readonly<Record<string, Order>> = {
  AscendingOrder: BY_INDEX,
  DescendingOrder: (a, b) => BY_INDEX(b, a),
  Oldest: BY_AGE,
  Newest: (a, b) => BY_AGE(b, a),
  Random: BY_CHANCE,
};

/** Without a policy all of them, in no order that could be guessed. */
export function selectMachines(
  machines: readonly VirtualMachine[],
  policy: VirtualMachinePoolSelectionPolicy | undefined,
): VirtualMachine[] {
  const order = ORDERS[policy?.sortPolicy ?? "Random"] ?? BY_CHANCE;
  return machines.filter((vm) => isSelected(vm, policy)).sort(order);
}

function isSelected(
  { spec: { template } }: VirtualMachine,
  policy: VirtualMachinePoolSelectionPolicy | undefined,
): boolean {
  const { labelSelector = {}, nodeSelectorRequirementMatcher: wanted = [] } = policy?.selectors ??
    {};
  const nodes = template.spec?.nodeSelector ?? {};
  return matchesSelector(labelSelector, template.metadata?.labels) &&
    wanted.every((requirement) => holds(requirement, nodes));
}

function holds(
  requirement: NodeSelectorRequirement,
  labels: Readonly<Record<string, string>>,
): boolean {
  const { key, operator, values = [] } = requirement;
  if (operator !== "Gt" && operator !== "Lt") {
    return matchesSelector({ matchExpressions: [{ key, operator, values }] }, labels);
  }
  const [value, bound] = [Number(labels[key] ?? NaN), Number(values[0] ?? NaN)];
  return operator === "Gt" ? value > bound : value < bound;
}

function ordinal({ metadata: { name } }: VirtualMachine): number {
  return Number(/-(\d+)$/.exec(name)?.[1] ?? 0);
}
