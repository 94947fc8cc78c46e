/** What a VM gets when it does not say otherwise: an ordered list of rules over a draft of the object. */
import { klona } from "klona/json";
import {
  PCI_TOPOLOGY_VERSION_ANNOTATION,
  VIRTUAL_MACHINE_CONTROLLER_FINALIZER,
} from "../../api/labels.ts";
import type { VirtualMachinePreferenceSpec } from "../../api/preference.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import { defaultMatcherKind, MATCHER_FIELDS } from "../instancetype/matcher.ts";
import type { DefaultsContext } from "../virtual_machine_instance/defaults.ts";

const PCI_TOPOLOGY_VERSION = "v3";

interface VmDefaultsContext extends DefaultsContext {
  operation: "CREATE" | "UPDATE";
  /** A second random UUID. */
  serial: string;
  /** What the VM's matcher leads to; absent: it has none, or it was not looked up. */
  preference?: VirtualMachinePreferenceSpec | undefined;
}

/** Sets fields of what {@link draftOf} copies; what lies deeper is replaced by a changed copy. */
type VmDefault = (draft: VirtualMachine, context: VmDefaultsContext) => void;

const ALWAYS: readonly VmDefault[] = [architecture, machineType, matcherKinds];
const AT_CREATION: readonly VmDefault[] = [storageClasses, firmware, pciTopology, finalizer];

/** The VM with defaults; the given one stays as it is, and the two share what no default is about. */
export function defaultVirtualMachine(
  vm: VirtualMachine,
  context: VmDefaultsContext,
): VirtualMachine {
  const draft = draftOf(vm);
  const rules = context.operation === "CREATE" ? [...ALWAYS, ...AT_CREATION] : ALWAYS;
  for (const rule of rules) rule(draft, context);
  return draft;
}

/** A copy down to the guest's domain. */
function draftOf(vm: VirtualMachine): VirtualMachine {
  const template = { ...vm.spec.template };
  if (template.spec !== undefined) {
    template.spec = { ...template.spec, domain: { ...template.spec.domain } };
  }
  return { ...vm, metadata: { ...vm.metadata }, spec: { ...vm.spec, template } };
}

function architecture(draft: VirtualMachine, { cluster, preference }: VmDefaultsContext): void {
  const spec = draft.spec.template.spec;
  if (spec === undefined) return;
  spec.architecture ||= preference?.preferredArchitecture || cluster.architecture;
}

function machineType(draft: VirtualMachine, { cluster, preference }: VmDefaultsContext): void {
  const spec = draft.spec.template.spec;
  if (spec === undefined || spec.domain.machine?.type) return;
  // One that was not looked up may know better.
  if (draft.spec.preference !== undefined && preference === undefined) return;
  const type = preference?.machine?.preferredMachineType ||
    cluster.machineType[spec.architecture ?? ""];
  if (type !== undefined) spec.domain.machine = { ...spec.domain.machine, type };
}

function matcherKinds(draft: VirtualMachine): void {
  for (const field of MATCHER_FIELDS) {
    const matcher = draft.spec[field];
    if (!matcher?.name || matcher.kind) continue;
    draft.spec[field] = { ...matcher, kind: defaultMatcherKind(field) };
  }
}

function storageClasses(draft: VirtualMachine, { preference }: VmDefaultsContext): void {
  const name = preference?.volumes?.preferredStorageClassName;
  if (!name) return;
  const templates = klona(draft.spec.dataVolumeTemplates ?? []);
  for (const template of templates) {
    for (const claim of [template?.spec.pvc, template?.spec.storage]) {
      if (claim !== undefined) claim.storageClassName ??= name;
    }
  }
  if (templates.length > 0) draft.spec.dataVolumeTemplates = templates;
}

function firmware(draft: VirtualMachine, { uuid, serial }: VmDefaultsContext): void {
  const domain = draft.spec.template.spec?.domain;
  if (domain === undefined) return;
  const { firmware: given } = domain;
  domain.firmware = {
    ...given,
    uuid: given?.uuid || uuid,
    serial: given?.serial || serial,
  };
}

function pciTopology(draft: VirtualMachine): void {
  const { template } = draft.spec;
  const annotations = template.metadata?.annotations ?? {};
  if (annotations[PCI_TOPOLOGY_VERSION_ANNOTATION] !== undefined) return;
  template.metadata = {
    ...template.metadata,
    annotations: { ...annotations, [PCI_TOPOLOGY_VERSION_ANNOTATION]: PCI_TOPOLOGY_VERSION },
  };
}

function finalizer(draft: VirtualMachine): void {
  const { finalizers = [] } = draft.metadata;
  if (finalizers.includes(VIRTUAL_MACHINE_CONTROLLER_FINALIZER)) return;
  draft.metadata.finalizers = [...finalizers, VIRTUAL_MACHINE_CONTROLLER_FINALIZER];
}
