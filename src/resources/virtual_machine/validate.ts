/** Whether a VM is acceptable: an ordered list of rules, each of which says everything it finds. */
import { VirtualMachineRunStrategy } from "../../api/phases.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import { type Cause, invalid, notSupported, required } from "../cause.ts";
import { deepEqual } from "../deep_equal.ts";
import { type DefaultsContext, defaultSpec } from "../virtual_machine_instance/defaults.ts";
import { validateSpec } from "../virtual_machine_instance/validate.ts";
import { validateTemplateMetadata } from "../virtual_machine_instance/validate_metadata.ts";
import { validateLiveUpdate } from "./validate_live_update.ts";

export interface VirtualMachineSubject {
  vm: VirtualMachine;
  /** `undefined` at creation. */
  old: VirtualMachine | undefined;
  /** The template is judged as its VMI would be: with defaults. */
  defaults: DefaultsContext;
}

type VirtualMachineRule = (subject: VirtualMachineSubject) => Cause[];

const RULES: readonly VirtualMachineRule[] = [
  runningOrStrategy,
  knownStrategy,
  templateSpec,
  dataVolumeTemplates,
  instancetypeConflicts,
  matchers,
  updateVolumesStrategy,
  templateMetadata,
  guest,
  liveUpdate,
];

const STRATEGIES: readonly string[] = Object.values(VirtualMachineRunStrategy);
const UPDATE_VOLUMES_STRATEGIES: readonly string[] = ["Replacement", "Migration"];
const GUEST_FIELD = "spec.template.spec";

/** All causes. An update that leaves the spec alone is always fine: what is stored must stay editable. */
export function validateVirtualMachine(subject: VirtualMachineSubject): Cause[] {
  const { vm, old } = subject;
  if (old !== undefined && deepEqual(vm.spec, old.spec)) return [];
  return [...frozenSpec(subject), ...RULES.flatMap((rule) => rule(subject))];
}

/** What works and should not be used any more. */
export function deprecationWarnings(vm: VirtualMachine): string[] {
  return vm.spec.running === undefined
    ? []
    : ["spec.running is deprecated, please use spec.runStrategy instead."];
}

function runningOrStrategy({ vm }: VirtualMachineSubject): Cause[] {
  const { running, runStrategy } = vm.spec;
  if (running !== undefined && runStrategy !== undefined) {
    const message = "Running and RunStrategy are mutually exclusive. " +
      "Note that Running is deprecated, please use RunStrategy instead";
    return [invalid("spec.running", message)];
  }
  if (running !== undefined || runStrategy !== undefined) return [];
  return [required("spec.running", "RunStrategy must be specified")];
}

function knownStrategy({ vm }: VirtualMachineSubject): Cause[] {
  const { runStrategy } = vm.spec;
  if (runStrategy === undefined || STRATEGIES.includes(runStrategy)) return [];
  return [invalid("spec.runStrategy", `Invalid RunStrategy (${runStrategy})`)];
}

function templateSpec({ vm }: VirtualMachineSubject): Cause[] {
  if (vm.spec.template.spec !== undefined) return [];
  return [required(GUEST_FIELD, "missing virtual machine template.")];
}

function dataVolumeTemplates({ vm }: VirtualMachineSubject): Cause[] {
  const referenced = new Set(
    (vm.spec.template.spec?.volumes ?? []).map((volume) =>
      volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName
    ),
  );
  return (vm.spec.dataVolumeTemplates ?? []).flatMap((template, index) => {
    const where = `spec.dataVolumeTemplates[${index}]`;
    const { name, namespace } = template?.metadata ?? {};
    if (!name) {
      const message = `'name' field must not be empty for DataVolumeTemplate entry ${where}.`;
      return [required(`${where}.name`, message)];
    }
    const own = vm.metadata.namespace;
    if (namespace && own && namespace !== own) {
      const message = `Embedded DataVolume namespace ${namespace} differs from VM namespace ${own}`;
      return [invalid(where, message)];
    }
    if (referenced.has(name)) return [];
    const message =
      `DataVolumeTemplate entry ${where} must be referenced in the VMI template's 'volumes' list`;
    return [required(where, message)];
  });
}

function instancetypeConflicts({ vm }: VirtualMachineSubject): Cause[] {
  const domain = vm.spec.template.spec?.domain;
  if (vm.spec.instancetype === undefined || domain === undefined) return [];
  const { cpu, memory, resources } = domain;
  const fields: [string, unknown][] = [
    ["cpu.sockets", cpu?.sockets],
    ["cpu.cores", cpu?.cores],
    ["cpu.threads", cpu?.threads],
    ["memory.guest", memory?.guest],
    ["resources.requests.cpu", resources?.requests?.cpu],
    ["resources.requests.memory", resources?.requests?.memory],
    ["resources.limits.cpu", resources?.limits?.cpu],
    ["resources.limits.memory", resources?.limits?.memory],
  ];
  return fields.filter(([, value]) => value !== undefined && value !== 0).map(([name]) => {
    const where = `${GUEST_FIELD}.domain.${name}`;
    return invalid(where, `VM field(s) ${where} conflicts with selected instance type`);
  });
}

function matchers({ vm }: VirtualMachineSubject): Cause[] {
  return (["instancetype", "preference"] as const).flatMap((name) => {
    const matcher = vm.spec[name];
    if (matcher === undefined || matcher.name || matcher.inferFromVolume) return [];
    const where = `spec.${name}`;
    return [
      invalid(
        where,
        `Either Name or InferFromVolume should be provided within the ${name} matcher`,
      ),
    ];
  });
}

function updateVolumesStrategy({ vm }: VirtualMachineSubject): Cause[] {
  const strategy = vm.spec.updateVolumesStrategy;
  if (strategy === undefined || UPDATE_VOLUMES_STRATEGIES.includes(strategy)) return [];
  const message = `Invalid UpdateVolumesStrategy (${strategy})`;
  return [invalid("spec.updateVolumesStrategy", message)];
}

function guest({ vm, defaults }: VirtualMachineSubject): Cause[] {
  const spec = vm.spec.template.spec;
  if (spec === undefined) return [];
  return validateSpec({
    spec: defaultSpec(spec, defaults),
    field: GUEST_FIELD,
    cluster: defaults.cluster,
    sizedByInstancetype: vm.spec.instancetype !== undefined,
  });
}

function templateMetadata({ vm, defaults: { cluster } }: VirtualMachineSubject): Cause[] {
  const field = "spec.template.metadata";
  return validateTemplateMetadata(vm.spec.template.metadata, { field, cluster });
}

function liveUpdate({ vm, defaults }: VirtualMachineSubject): Cause[] {
  const { spec } = vm.spec.template;
  if (spec === undefined) return [];
  return validateLiveUpdate({
    spec: defaultSpec(spec, defaults),
    field: GUEST_FIELD,
    cluster: defaults.cluster,
  });
}

/** While something copies the VM, its spec must not change under it. */
function frozenSpec({ vm, old }: VirtualMachineSubject): Cause[] {
  if (old === undefined) return [];
  const { snapshotInProgress, restoreInProgress } = vm.status ?? {};
  const by = snapshotInProgress
    ? `snapshot "${snapshotInProgress}"`
    : restoreInProgress
    ? `restore "${restoreInProgress}"`
    : undefined;
  return by === undefined
    ? []
    : [notSupported("spec", `Cannot update VM spec until ${by} completes`)];
}
