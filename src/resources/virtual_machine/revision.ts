/**
 * What a VM's instance was started from, kept as a ControllerRevision: by it a later change of the template is told from
 * what runs.
 */
import { VM_GENERATION_ANNOTATION } from "../../api/labels.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { ControllerRevision, NewObject } from "../core_objects.ts";
import { isRecord } from "../merge_patch.ts";
import { controllerOf, controllerReference } from "../owner_reference.ts";

/** Label of a revision: UID of its VM, so that a VM's revisions can be listed. denovirt's own. */
export const REVISION_VM_UID_LABEL = "denovirt.io/virtual-machine-uid";

export function revisionName(vm: VirtualMachine): string {
  return revisionNameOf({ vmUid: vm.metadata.uid, generation: vm.metadata.generation ?? 1 });
}

function revisionNameOf({ vmUid, generation }: { vmUid: string; generation: number }): string {
  return `revision-start-vm-${vmUid}-${generation}`;
}

/** Follows from the instance's owner and annotation; `undefined` for an instance that no VM has started. */
export function startedRevisionName(vmi: VirtualMachineInstance): string | undefined {
  const owner = controllerOf(vmi);
  const generation = startedGeneration(vmi);
  if (owner?.kind !== "VirtualMachine" || generation === undefined) return undefined;
  return revisionNameOf({ vmUid: owner.uid, generation });
}

/** The generation of the VM that the instance was made from; `undefined` for an instance that no VM has started. */
export function startedGeneration(vmi: VirtualMachineInstance): number | undefined {
  const generation = Number.parseInt(vmi.metadata.annotations?.[VM_GENERATION_ANNOTATION] ?? "");
  return Number.isNaN(generation) ? undefined : generation;
}

export function revisionOf(vm: VirtualMachine): NewObject<ControllerRevision> {
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: revisionName(vm),
      ...(vm.metadata.namespace !== undefined && { namespace: vm.metadata.namespace }),
      labels: { [REVISION_VM_UID_LABEL]: vm.metadata.uid },
      ownerReferences: [controllerReference(vm)],
    },
    revision: vm.metadata.generation ?? 1,
    data: { spec: vm.spec },
  };
}

/** The instance template's spec that a revision holds; `undefined` when it holds none. */
export function templateSpecOf(revision: ControllerRevision): unknown {
  const data = revision.data;
  if (!isRecord(data) || !isRecord(data.spec) || !isRecord(data.spec.template)) return undefined;
  return data.spec.template.spec;
}
