/** A machine of a pool: the template, with what is each machine's own. */
import {
  PCI_TOPOLOGY_VERSION_ANNOTATION,
  VIRTUAL_MACHINE_POOL_REVISION_LABEL,
} from "../../api/labels.ts";
import type { VirtualMachinePool } from "../../api/pool.ts";
import { apiVersionOf, VIRTUAL_MACHINES } from "../../api/registry.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { NewObject } from "../core_objects.ts";
import { controllerReference } from "../owner_reference.ts";
import { indexedSpec } from "./indexed_spec.ts";
import { revisionNameOf } from "./revision.ts";

type Template = VirtualMachine["spec"]["template"];

export function nameAt(pool: VirtualMachinePool, index: number): string {
  return `${pool.metadata.name}-${index}`;
}

/** `undefined`: the name is not one that the pool gives. */
export function indexOf(pool: VirtualMachinePool, name: string): number | undefined {
  const prefix = `${pool.metadata.name}-`;
  const digits = name.startsWith(prefix) ? name.slice(prefix.length) : "";
  return /^(0|[1-9]\d*)$/.test(digits) ? Number(digits) : undefined;
}

export function newMachine(pool: VirtualMachinePool, name: string): NewObject<VirtualMachine> {
  const { namespace } = pool.metadata;
  const { labels, annotations } = pool.spec.virtualMachineTemplate.metadata ?? {};
  return {
    apiVersion: apiVersionOf(VIRTUAL_MACHINES),
    kind: VIRTUAL_MACHINES.kind,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      labels: { ...labels, [VIRTUAL_MACHINE_POOL_REVISION_LABEL]: revisionNameOf(pool) },
      ...(annotations !== undefined && { annotations }),
      ownerReferences: [controllerReference(pool)],
    },
    spec: labelledSpec(pool, name),
  };
}

/** The machine with the pool's template, and the identity that its guest was given when it was made. */
export function updatedMachine(pool: VirtualMachinePool, vm: VirtualMachine): VirtualMachine {
  const { metadata, spec } = newMachine(pool, vm.metadata.name);
  keepIdentity(spec.template, vm.spec.template);
  const { labels = {}, annotations = {} } = metadata;
  const added = vm.metadata.annotations ?? {};
  return {
    ...vm,
    metadata: { ...vm.metadata, labels, annotations: { ...added, ...annotations } },
    spec,
  };
}

/** What a guest was given at the creation of its machine and would not recognise itself without. */
function keepIdentity(template: Template, before: Template): void {
  const { uuid, serial } = before.spec?.domain.firmware ?? {};
  const guest = template.spec;
  if (guest !== undefined && (uuid !== undefined || serial !== undefined)) {
    guest.domain.firmware = {
      ...guest.domain.firmware,
      ...(uuid !== undefined && { uuid }),
      ...(serial !== undefined && { serial }),
    };
  }
  const layout = before.metadata?.annotations?.[PCI_TOPOLOGY_VERSION_ANNOTATION];
  if (layout === undefined) return;
  const annotations = {
    [PCI_TOPOLOGY_VERSION_ANNOTATION]: layout,
    ...template.metadata?.annotations,
  };
  template.metadata = { ...template.metadata, annotations };
}

function labelledSpec(pool: VirtualMachinePool, name: string): VirtualMachine["spec"] {
  const spec = indexedSpec(pool.spec, indexOf(pool, name));
  const { metadata } = spec.template;
  const revision = { [VIRTUAL_MACHINE_POOL_REVISION_LABEL]: revisionNameOf(pool) };
  spec.template.metadata = { ...metadata, labels: { ...metadata?.labels, ...revision } };
  return spec;
}
