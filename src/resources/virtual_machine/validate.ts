/** Whether a VM is acceptable: an ordered list of rules, each of which says everything it finds. */
import { VirtualMachineRunStrategy } from "../../api/phases.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import { type Cause, invalid, notFound, notSupported, required } from "../cause.ts";
import { deepEqual } from "../deep_equal.ts";
import { sizeConflicts } from "../instancetype/apply.ts";
import { expandTemplate } from "../instancetype/expand.ts";
import { type FoundSize, sizeOf } from "../instancetype/found.ts";
import { MATCHER_FIELDS } from "../instancetype/matcher.ts";
import { unmetRequirements } from "../instancetype/requirements.ts";
import { validateMatchers } from "../instancetype/validate_matcher.ts";
import { type DefaultsContext, defaultSpec } from "../virtual_machine_instance/defaults.ts";
import { validateSpec } from "../virtual_machine_instance/validate.ts";
import { validateTemplateMetadata } from "../virtual_machine_instance/validate_metadata.ts";
import { validateLiveUpdate } from "./validate_live_update.ts";

export interface VirtualMachineSubject {
  vm: VirtualMachine;
  /** `undefined` at creation. */
  old: VirtualMachine | undefined;
  /** What its matchers lead to; absent: nobody has looked, and only what holds for any size is judged. */
  found?: FoundSize | undefined;
  /** The template is judged as its VMI would be: with defaults. */
  defaults: DefaultsContext;
}

type VirtualMachineRule = (subject: VirtualMachineSubject) => Cause[];

const RULES: readonly VirtualMachineRule[] = [
  runningOrStrategy,
  knownStrategy,
  templateSpec,
  dataVolumeTemplates,
  matchers,
  foundMatchers,
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
  const { dataVolumeTemplates: templates = [] } = vm.spec;
  if (templates.length === 0) return [];
  const referenced = new Set(
    (vm.spec.template.spec?.volumes ?? []).map((volume) =>
      volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName
    ),
  );
  return templates.flatMap((template, index) => {
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

function matchers({ vm, old }: VirtualMachineSubject): Cause[] {
  return validateMatchers(vm, old);
}

function foundMatchers({ found = {} }: VirtualMachineSubject): Cause[] {
  return MATCHER_FIELDS.flatMap((field) => {
    const one = found[field];
    if (one?.from !== "nowhere") return [];
    return [notFound(`spec.${field}`, `Failure to find ${field}: ${one.why}`)];
  });
}

function updateVolumesStrategy({ vm }: VirtualMachineSubject): Cause[] {
  const strategy = vm.spec.updateVolumesStrategy;
  if (strategy === undefined || UPDATE_VOLUMES_STRATEGIES.includes(strategy)) return [];
  const message = `Invalid UpdateVolumesStrategy (${strategy})`;
  return [invalid("spec.updateVolumesStrategy", message)];
}

/** As its instance would be: with its size and with defaults. */
function guest({ vm, found, defaults }: VirtualMachineSubject): Cause[] {
  const spec = vm.spec.template.spec;
  if (spec === undefined || isUnknown(found)) return [];
  if (found === undefined) return unsizedGuest({ vm, spec, defaults });
  const size = sizeOf(found);
  const hasSize = size.instancetype !== undefined || size.preference !== undefined;
  const expansion = hasSize ? expandTemplate(vm, size, defaults.cluster) : { spec };
  if ("causes" in expansion) return expansion.causes;
  const sized = defaultSpec(expansion.spec, defaults);
  return [
    ...unmetRequirements(sized, size),
    ...validateSpec({ spec: sized, field: GUEST_FIELD, cluster: defaults.cluster }),
  ];
}

/** What is not there is said once, and everything else follows from it. */
function isUnknown(found: FoundSize | undefined): boolean {
  return MATCHER_FIELDS.some((field) => found?.[field]?.from === "nowhere");
}

/** Nobody has looked what the matchers lead to. */
function unsizedGuest(
  { vm, spec, defaults }: {
    vm: VirtualMachine;
    spec: VirtualMachineInstanceSpec;
    defaults: DefaultsContext;
  },
): Cause[] {
  const sizedByInstancetype = vm.spec.instancetype !== undefined;
  return [
    ...(sizedByInstancetype ? sizeConflicts({ spec }, {}) : []),
    ...validateSpec({
      spec: defaultSpec(spec, defaults),
      field: GUEST_FIELD,
      cluster: defaults.cluster,
      sizedByInstancetype,
    }),
  ];
}

function templateMetadata({ vm, defaults: { cluster } }: VirtualMachineSubject): Cause[] {
  const field = "spec.template.metadata";
  return validateTemplateMetadata(vm.spec.template.metadata, { field, cluster });
}

/** Of a guest whose size nobody knows, nothing can be said. */
function liveUpdate({ vm, found = {}, defaults }: VirtualMachineSubject): Cause[] {
  const size = sizeOf(found);
  const isSized = vm.spec.instancetype === undefined || size.instancetype !== undefined;
  const { spec } = vm.spec.template;
  if (spec === undefined || !isSized) return [];
  // No default and no preference makes a guest one that can grow.
  const maxGuest = spec.domain.memory?.maxGuest ?? size.instancetype?.memory.maxGuest;
  if (maxGuest === undefined) return [];
  const expansion = expandTemplate(vm, size, defaults.cluster);
  if ("causes" in expansion) return [];
  return validateLiveUpdate({
    spec: defaultSpec(expansion.spec, defaults),
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
