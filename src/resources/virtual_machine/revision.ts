/**
 * What a VM's instance was started from, kept as a ControllerRevision under KubeVirt's name for it. One for each generation
 * that was started; it goes with the instance that ran it once the VM has moved on, and the last one with the VM.
 */
import { VM_GENERATION_ANNOTATION } from "../../api/labels.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { ControllerRevision, NewObject } from "../core_objects.ts";
import { isRecord } from "../merge_patch.ts";
import { controllerOf, controllerReference } from "../owner_reference.ts";

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

/** Of the VM as it is. Never changed once it exists: its name follows from what is in it. */
export function revisionOf(vm: VirtualMachine): NewObject<ControllerRevision> {
  const generation = vm.metadata.generation ?? 1;
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: revisionNameOf({ vmUid: vm.metadata.uid, generation }),
      ...(vm.metadata.namespace !== undefined && { namespace: vm.metadata.namespace }),
      ownerReferences: [controllerReference(vm)],
    },
    revision: generation,
    data: { spec: vm.spec },
  };
}

/** The revision of an instance that the VM has moved on from, so that nothing will be started from it again. */
export function outdatedRevisionName(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
): string | undefined {
  return startedGeneration(vmi) === vm.metadata.generation ? undefined : startedRevisionName(vmi);
}

/** The instance template's spec that a revision holds; `undefined` when it holds none. */
export function templateSpecOf(revision: ControllerRevision): unknown {
  const data = revision.data;
  if (!isRecord(data) || !isRecord(data.spec) || !isRecord(data.spec.template)) return undefined;
  return data.spec.template.spec;
}
