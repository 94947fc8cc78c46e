/** Affinity, as Kubernetes judges the pod that gets it. */
import type {
  Affinity,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
} from "../../../api/k8s_scheduling.ts";
import type { Cause } from "../../cause.ts";
import { selectorFault } from "../../label_selector.ts";
import { invalidValue, requiredValue } from "./kubernetes_causes.ts";
import { dnsLabelObjection, labelKeyObjection } from "./names.ts";

const WEIGHT_MIN = 1;
const WEIGHT_MAX = 100;
const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";

export function validateAffinity(affinity: Affinity, field: string): Cause[] {
  const { nodeAffinity } = affinity;
  const required = nodeAffinity?.[REQUIRED];
  const terms = required?.nodeSelectorTerms ?? [];
  const ofNodes = `${field}.nodeAffinity`;
  return [
    ...(required !== undefined && terms.length === 0
      ? [
        requiredValue(
          `${ofNodes}.${REQUIRED}.nodeSelectorTerms`,
          "must have at least one node selector term",
        ),
      ]
      : []),
    ...terms.flatMap((term, index) =>
      termCauses(term, `${ofNodes}.${REQUIRED}.nodeSelectorTerms[${index}]`)
    ),
    ...(nodeAffinity?.[PREFERRED] ?? []).flatMap(({ weight, preference }, index) => {
      const at = `${ofNodes}.${PREFERRED}[${index}]`;
      return [...weightCauses(weight, at), ...termCauses(preference, `${at}.preference`)];
    }),
    ...(["podAffinity", "podAntiAffinity"] as const).flatMap((name) => podCauses(name)),
  ];

  function podCauses(name: "podAffinity" | "podAntiAffinity"): Cause[] {
    const at = `${field}.${name}`;
    return [
      ...(affinity[name]?.[REQUIRED] ?? []).flatMap((term, index) =>
        podTermCauses(term, `${at}.${REQUIRED}[${index}]`)
      ),
      ...(affinity[name]?.[PREFERRED] ?? []).flatMap(({ weight, podAffinityTerm }, index) => {
        const where = `${at}.${PREFERRED}[${index}]`;
        return [
          ...weightCauses(weight, where),
          ...podTermCauses(podAffinityTerm, `${where}.podAffinityTerm`),
        ];
      }),
    ];
  }
}

function weightCauses(weight: number, field: string): Cause[] {
  if (weight >= WEIGHT_MIN && weight <= WEIGHT_MAX) return [];
  const message = `must be in the range ${WEIGHT_MIN}-${WEIGHT_MAX}`;
  return [invalidValue(`${field}.weight`, weight, message)];
}

function termCauses(term: NodeSelectorTerm, field: string): Cause[] {
  const { matchExpressions = [], matchFields = [] } = term;
  return [
    ...matchExpressions.flatMap((one, index) =>
      labelCauses(one, `${field}.matchExpressions[${index}]`)
    ),
    ...matchFields.flatMap((one, index) => fieldCauses(one, `${field}.matchFields[${index}]`)),
  ];
}

function labelCauses(requirement: NodeSelectorRequirement, field: string): Cause[] {
  const { key, operator, values = [] } = requirement;
  const objection = labelKeyObjection(key);
  return [
    ...valueCauses(operator, values, field),
    ...(objection === undefined ? [] : [invalidValue(`${field}.key`, key, objection)]),
  ];
}

function valueCauses(operator: string, values: readonly string[], field: string): Cause[] {
  switch (operator) {
    case "In":
    case "NotIn": {
      if (values.length > 0) return [];
      const message = "must be specified when `operator` is 'In' or 'NotIn'";
      return [requiredValue(`${field}.values`, message)];
    }
    case "Exists":
    case "DoesNotExist": {
      if (values.length === 0) return [];
      const at = `${field}.values`;
      const message = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
      return [{
        reason: "FieldValueForbidden",
        field: at,
        message: `${at}: Forbidden: ${message}`,
      }];
    }
    case "Gt":
    case "Lt": {
      if (values.length !== 1) {
        const message = "must be specified single value when `operator` is 'Lt' or 'Gt'";
        return [requiredValue(`${field}.values`, message)];
      }
      if (/^[+-]?\d{1,18}$/.test(values[0] ?? "")) return [];
      return [invalidValue(`${field}.values[0]`, values[0], "must be an integer")];
    }
    default:
      return [invalidValue(`${field}.operator`, operator, "not a valid selector operator")];
  }
}

/** Nodes are selected by one field only: their name. */
function fieldCauses(requirement: NodeSelectorRequirement, field: string): Cause[] {
  const { key, operator, values = [] } = requirement;
  const causes: Cause[] = [];
  if (operator !== "In" && operator !== "NotIn") {
    causes.push(invalidValue(`${field}.operator`, operator, "not a valid selector operator"));
  } else if (values.length !== 1) {
    const message =
      "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    causes.push(requiredValue(`${field}.values`, message));
  }
  if (key !== "metadata.name") {
    causes.push(invalidValue(`${field}.key`, key, "not a valid field selector key"));
  }
  return causes;
}

function podTermCauses(term: PodAffinityTerm, field: string): Cause[] {
  const { topologyKey, labelSelector, namespaceSelector, namespaces = [] } = term;
  const keyObjection = topologyKey === "" ? undefined : labelKeyObjection(topologyKey);
  const selectors = { labelSelector, namespaceSelector };
  return [
    ...(topologyKey === "" ? [requiredValue(`${field}.topologyKey`, "can not be empty")] : []),
    ...(keyObjection === undefined
      ? []
      : [invalidValue(`${field}.topologyKey`, topologyKey, keyObjection)]),
    ...Object.entries(selectors).flatMap(([name, selector]) => {
      const fault = selector === undefined ? undefined : selectorFault(selector);
      return fault === undefined ? [] : [invalidValue(`${field}.${name}`, "", fault)];
    }),
    ...namespaces.flatMap((namespace, index) => {
      const objection = dnsLabelObjection(namespace);
      if (objection === undefined) return [];
      return [invalidValue(`${field}.namespaces[${index}]`, namespace, objection)];
    }),
  ];
}
