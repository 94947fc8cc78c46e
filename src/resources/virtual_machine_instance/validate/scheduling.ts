/** Where a guest may run, as Kubernetes judges the pod that gets these fields: a pod that is refused would say it too late. */
import type { Toleration, TopologySpreadConstraint } from "../../../api/k8s_scheduling.ts";
import type { Cause } from "../../cause.ts";
import { selectorFault } from "../../label_selector.ts";
import type { SpecRule, SpecSubject } from "../validate.ts";
import { validateAffinity } from "./affinity.ts";
import { invalidValue, requiredValue, unsupportedValue } from "./kubernetes_causes.ts";
import { dnsSubdomainObjection, labelKeyObjection, labelValueObjection } from "./names.ts";

export const SCHEDULING_RULES: readonly SpecRule[] = [
  nodeSelector,
  affinity,
  tolerations,
  spreadConstraints,
  repeatedSpreadConstraints,
  names,
];

const UNSATISFIABLE: readonly string[] = ["DoNotSchedule", "ScheduleAnyway"];
const INCLUSION_POLICIES: readonly string[] = ["Honor", "Ignore"];
const TAINT_EFFECTS: readonly string[] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const TOLERATION_OPERATORS: readonly string[] = ["Equal", "Exists"];

function nodeSelector({ spec, field }: SpecSubject): Cause[] {
  const at = `${field}.nodeSelector`;
  return Object.entries(spec.nodeSelector ?? {}).flatMap(([key, value]) => {
    const ofKey = labelKeyObjection(key);
    const ofValue = labelValueObjection(value);
    return [
      ...(ofKey === undefined ? [] : [invalidValue(at, key, ofKey)]),
      ...(ofValue === undefined ? [] : [invalidValue(`${at}[${key}]`, value, ofValue)]),
    ];
  });
}

function affinity({ spec, field }: SpecSubject): Cause[] {
  return spec.affinity === undefined ? [] : validateAffinity(spec.affinity, `${field}.affinity`);
}

function tolerations({ spec, field }: SpecSubject): Cause[] {
  return (spec.tolerations ?? []).flatMap((toleration, index) =>
    tolerationCauses(toleration, `${field}.tolerations[${index}]`)
  );
}

function tolerationCauses(toleration: Toleration, at: string): Cause[] {
  const { key, operator = "", value, effect, tolerationSeconds } = toleration;
  const causes: Cause[] = [];
  const objection = key ? labelKeyObjection(key) : undefined;
  if (objection !== undefined) causes.push(invalidValue(`${at}.key`, key, objection));
  if (operator && !TOLERATION_OPERATORS.includes(operator)) {
    causes.push(unsupportedValue(`${at}.operator`, operator, TOLERATION_OPERATORS));
  }
  if (!key && operator !== "Exists") {
    const message = "operator must be Exists when `key` is empty, which means " +
      '"match all values and all keys"';
    causes.push(invalidValue(`${at}.operator`, operator, message));
  }
  if (operator === "Exists" && value) {
    const message = "value must be empty when `operator` is 'Exists'";
    causes.push(invalidValue(`${at}.operator`, operator, message));
  }
  const ofValue = labelValueObjection(value ?? "");
  if (ofValue !== undefined) causes.push(invalidValue(`${at}.value`, value, ofValue));
  if (effect && !TAINT_EFFECTS.includes(effect)) {
    causes.push(unsupportedValue(`${at}.effect`, effect, TAINT_EFFECTS));
  }
  if (tolerationSeconds !== undefined && effect !== "NoExecute") {
    const message = "effect must be 'NoExecute' when `tolerationSeconds` is set";
    causes.push(invalidValue(`${at}.effect`, effect ?? "", message));
  }
  return causes;
}

function spreadConstraints({ spec, field }: SpecSubject): Cause[] {
  return (spec.topologySpreadConstraints ?? []).flatMap((constraint, index) => {
    const at = `${field}.topologySpreadConstraints[${index}]`;
    return [...spreadCauses(constraint, at), ...countingCauses(constraint, at)];
  });
}

/** How far and between what guests are spread. */
function spreadCauses(constraint: TopologySpreadConstraint, at: string): Cause[] {
  const { maxSkew, minDomains, topologyKey, whenUnsatisfiable } = constraint;
  const causes: Cause[] = [];
  if (maxSkew <= 0) {
    causes.push(invalidValue(`${at}.maxSkew`, maxSkew, "must be greater than zero"));
  }
  if (topologyKey === "") {
    causes.push(requiredValue(`${at}.topologyKey`, "can not be empty"));
  } else {
    const objection = labelKeyObjection(topologyKey);
    if (objection !== undefined) {
      causes.push(invalidValue(`${at}.topologyKey`, topologyKey, objection));
    }
  }
  if (!UNSATISFIABLE.includes(whenUnsatisfiable)) {
    causes.push(unsupportedValue(`${at}.whenUnsatisfiable`, whenUnsatisfiable, UNSATISFIABLE));
  }
  if (minDomains !== undefined && minDomains <= 0) {
    causes.push(invalidValue(`${at}.minDomains`, minDomains, "must be greater than zero"));
  }
  if (minDomains !== undefined && whenUnsatisfiable !== "DoNotSchedule") {
    const message = "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not " +
      whenUnsatisfiable;
    causes.push(invalidValue(`${at}.minDomains`, minDomains, message));
  }
  return causes;
}

/** Which pods and nodes are counted. */
function countingCauses(constraint: TopologySpreadConstraint, at: string): Cause[] {
  const { labelSelector, matchLabelKeys = [] } = constraint;
  const causes = (["nodeAffinityPolicy", "nodeTaintsPolicy"] as const).flatMap((name) => {
    const policy = constraint[name];
    if (policy === undefined || INCLUSION_POLICIES.includes(policy)) return [];
    return [unsupportedValue(`${at}.${name}`, policy, INCLUSION_POLICIES)];
  });
  const fault = labelSelector === undefined ? undefined : selectorFault(labelSelector);
  if (fault !== undefined) causes.push(invalidValue(`${at}.labelSelector`, "", fault));
  matchLabelKeys.forEach((key, index) => {
    const where = `${at}.matchLabelKeys[${index}]`;
    const objection = labelKeyObjection(key);
    if (objection !== undefined) causes.push(invalidValue(where, key, objection));
    else if (labelSelector === undefined) {
      causes.push(invalidValue(where, key, "must not be specified when labelSelector is not set"));
    } else if (labelSelector.matchLabels?.[key] !== undefined) {
      causes.push(invalidValue(where, key, "exists in both matchLabelKeys and labelSelector"));
    }
  });
  return causes;
}

function repeatedSpreadConstraints({ spec, field }: SpecSubject): Cause[] {
  const seen = new Set<string>();
  return (spec.topologySpreadConstraints ?? []).flatMap(
    ({ topologyKey, whenUnsatisfiable }, index) => {
      const pair = `{${topologyKey}, ${whenUnsatisfiable}}`;
      if (!seen.has(pair)) {
        seen.add(pair);
        return [];
      }
      const at = `${field}.topologySpreadConstraints[${index}].{topologyKey, whenUnsatisfiable}`;
      return [
        {
          reason: "FieldValueDuplicate",
          field: at,
          message: `${at}: Duplicate value: "${pair}"`,
        } as const,
      ];
    },
  );
}

function names({ spec, field }: SpecSubject): Cause[] {
  return (["priorityClassName", "schedulerName", "serviceAccountName"] as const).flatMap((name) => {
    const value = spec[name];
    const objection = value ? dnsSubdomainObjection(value) : undefined;
    return objection === undefined ? [] : [invalidValue(`${field}.${name}`, value, objection)];
  });
}
