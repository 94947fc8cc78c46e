/**
 * What a VM's instance was started from, kept as a ControllerRevision: by it a later change of the template is told from
 * what runs.
 */
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { ControllerRevision, NewObject } from "../core_objects.ts";
import { isRecord } from "../merge_patch.ts";
import { controllerReference } from "../owner_reference.ts";

/** Label of a revision: UID of its VM, so that a VM's revisions can be listed. denovirt's own. */
export const REVISION_VM_UID_LABEL = "denovirt.io/virtual-machine-uid";

export function revisionName(vm: VirtualMachine): string {
  return `revision-start-vm-${vm.metadata.uid}-${vm.metadata.generation ?? 1}`;
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
