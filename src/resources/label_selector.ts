/** Label selectors of Kubernetes, as `metav1.LabelSelector` means them. Pure. */
import type { LabelSelector, LabelSelectorRequirement } from "../api/k8s_meta.ts";

/** Whether labels are selected. All conditions must hold; a selector without any selects everything. */
export function matchesSelector(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  labels: Readonly<Record<string, string>> = {},
): boolean {
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((requirement) => holds(requirement, labels));
}

/** Whether labels meet one condition. An operator that is not known is met by none. */
export function holds(
  { key, operator, values = [] }: LabelSelectorRequirement,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = labels[key];
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return false;
  }
}

/** The selector in the form of query parameters, which scale subresources tell autoscalers. */
export function formatSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const equalities = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  return [...equalities.sort(), ...matchExpressions.map(formatRequirement)].join(",");
}

function formatRequirement({ key, operator, values = [] }: LabelSelectorRequirement): string {
  const list = [...values].sort().join(",");
  switch (operator) {
    case "In":
      return `${key} in (${list})`;
    case "NotIn":
      return `${key} notin (${list})`;
    case "DoesNotExist":
      return `!${key}`;
    default:
      return key;
  }
}

/** Why a selector means nothing: an unknown operator, or values that do not fit it. `undefined`: it is fine. */
export function selectorFault({ matchExpressions = [] }: LabelSelector): string | undefined {
  for (const { key, operator, values = [] } of matchExpressions) {
    const needsValues = operator === "In" || operator === "NotIn";
    if (!needsValues && operator !== "Exists" && operator !== "DoesNotExist") {
      return `"${operator}" is not a valid label selector operator`;
    }
    if (needsValues && values.length === 0) return `operator ${operator} of ${key} needs values`;
    if (!needsValues && values.length > 0) return `operator ${operator} of ${key} takes no values`;
  }
  return undefined;
}
