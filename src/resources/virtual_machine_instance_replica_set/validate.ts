/** Whether a replica set is acceptable: an ordered list of rules, each of which says everything it finds. */
import type { VirtualMachineInstanceReplicaSet } from "../../api/replica_set.ts";
import { type Cause, invalid, required } from "../cause.ts";
import { deepEqual } from "../deep_equal.ts";
import { matchesSelector, selectorFault } from "../label_selector.ts";
import { type DefaultsContext, defaultSpec } from "../virtual_machine_instance/defaults.ts";
import { validateSpec } from "../virtual_machine_instance/validate.ts";
import { validateTemplateMetadata } from "../virtual_machine_instance/validate_metadata.ts";

export interface ReplicaSetSubject {
  set: VirtualMachineInstanceReplicaSet;
  /** `undefined` at creation. */
  old: VirtualMachineInstanceReplicaSet | undefined;
  /** The template is judged as its instances would be: with defaults. */
  defaults: DefaultsContext;
}

type ReplicaSetRule = (subject: ReplicaSetSubject) => Cause[];

const RULES: readonly ReplicaSetRule[] = [template, selector, replicas, templateMetadata, guest];

const GUEST_FIELD = "spec.template.spec";

/** All causes. An update that leaves the spec alone is always fine: what is stored must stay editable. */
export function validateReplicaSet(subject: ReplicaSetSubject): Cause[] {
  const { set, old } = subject;
  if (old !== undefined && deepEqual(set.spec, old.spec)) return [];
  return RULES.flatMap((rule) => rule(subject));
}

function template({ set }: ReplicaSetSubject): Cause[] {
  if (set.spec.template.spec !== undefined) return [];
  return [required(GUEST_FIELD, "missing virtual machine template.")];
}

function selector({ set: { spec } }: ReplicaSetSubject): Cause[] {
  const fault = selectorFault(spec.selector);
  if (fault !== undefined) return [invalid("spec.selector", fault)];
  if (matchesSelector(spec.selector, spec.template.metadata?.labels)) return [];
  return [invalid("spec.selector", "selector does not match labels.")];
}

function replicas({ set: { spec } }: ReplicaSetSubject): Cause[] {
  if (spec.replicas === undefined || spec.replicas >= 0) return [];
  return [invalid("spec.replicas", `replicas must not be negative: got ${spec.replicas}`)];
}

function templateMetadata({ set, defaults: { cluster } }: ReplicaSetSubject): Cause[] {
  const field = "spec.template.metadata";
  return validateTemplateMetadata(set.spec.template.metadata, { field, cluster });
}

function guest({ set, defaults }: ReplicaSetSubject): Cause[] {
  const { spec } = set.spec.template;
  if (spec === undefined) return [];
  const field = GUEST_FIELD;
  return validateSpec({ spec: defaultSpec(spec, defaults), field, cluster: defaults.cluster });
}
