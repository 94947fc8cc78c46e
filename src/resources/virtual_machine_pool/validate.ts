/** Whether a pool is acceptable: an ordered list of rules, each of which says everything it finds. */
import type { VirtualMachinePool } from "../../api/pool.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import { type Cause, invalid, required } from "../cause.ts";
import { deepEqual } from "../deep_equal.ts";
import { parseGoDuration } from "../go_duration.ts";
import { matchesSelector, selectorFault } from "../label_selector.ts";
import { validateVirtualMachine } from "../virtual_machine/validate.ts";
import type { DefaultsContext } from "../virtual_machine_instance/defaults.ts";
import { maxUnavailableFault } from "./max_unavailable.ts";

export interface PoolSubject {
  pool: VirtualMachinePool;
  /** `undefined` at creation. */
  old: VirtualMachinePool | undefined;
  /** The template is judged as its machines would be: with defaults. */
  defaults: DefaultsContext;
}

type PoolRule = (subject: PoolSubject) => Cause[];

const RULES: readonly PoolRule[] = [
  template,
  selector,
  frozenSelector,
  unavailability,
  strategies,
  autohealing,
  machine,
];

const MACHINE_FIELD = "spec.virtualMachineTemplate.spec";

/** All causes. An update that leaves the spec alone is always fine: what is stored must stay editable. */
export function validatePool(subject: PoolSubject): Cause[] {
  const { pool, old } = subject;
  if (old !== undefined && deepEqual(pool.spec, old.spec)) return [];
  return RULES.flatMap((rule) => rule(subject));
}

function template({ pool }: PoolSubject): Cause[] {
  if (pool.spec.virtualMachineTemplate.spec !== undefined) return [];
  return [required(MACHINE_FIELD, "missing virtual machine template.")];
}

function selector({ pool: { spec } }: PoolSubject): Cause[] {
  const fault = selectorFault(spec.selector);
  if (fault !== undefined) return [invalid("spec.selector", fault)];
  if (matchesSelector(spec.selector, spec.virtualMachineTemplate.metadata?.labels)) return [];
  return [invalid("spec.selector", "selector does not match labels.")];
}

function frozenSelector({ pool, old }: PoolSubject): Cause[] {
  if (old === undefined || deepEqual(pool.spec.selector, old.spec.selector)) return [];
  return [invalid("spec.selector", "selector is immutable after creation.")];
}

function unavailability({ pool: { spec } }: PoolSubject): Cause[] {
  const fault = maxUnavailableFault(spec.maxUnavailable);
  return fault === undefined ? [] : [invalid("spec.maxUnavailable", fault)];
}

/** Of several strategies at once it would be chance which one counts. */
function strategies({ pool: { spec } }: PoolSubject): Cause[] {
  return (["scaleInStrategy", "updateStrategy"] as const).flatMap((name) => {
    const chosen = Object.entries(spec[name] ?? {}).filter(([, value]) => value !== undefined);
    if (chosen.length <= 1) return [];
    const given = chosen.map(([key]) => key).join(", ");
    return [invalid(`spec.${name}`, `spec.${name} must name one strategy: got ${given}`)];
  });
}

function autohealing({ pool: { spec } }: PoolSubject): Cause[] {
  const duration = spec.autohealing?.minFailingToStartDuration;
  if (duration === undefined || parseGoDuration(duration) !== undefined) return [];
  const where = "spec.autohealing.minFailingToStartDuration";
  return [invalid(where, `${where} must be a duration such as 5m0s: got ${duration}`)];
}

function machine({ pool, defaults }: PoolSubject): Cause[] {
  const { spec } = pool.spec.virtualMachineTemplate;
  if (spec === undefined) return [];
  const vm: VirtualMachine = {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { ...pool.metadata },
    spec,
  };
  return validateVirtualMachine({ vm, old: undefined, defaults }).map(inTemplate);
}

/** Says of the template what was said of a machine. */
function inTemplate(cause: Cause): Cause {
  const { field, message } = cause;
  const where = field.replace(/^spec\b/, MACHINE_FIELD);
  return { ...cause, field: where, message: message.replaceAll(field, where) };
}
