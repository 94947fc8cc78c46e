/**
 * What KubeVirt keeps of a VM at each start, as a ControllerRevision. It is read for the instances that KubeVirt has started;
 * ours carry the hash of their template, which costs no write.
 */
import { VM_GENERATION_ANNOTATION } from "../../api/labels.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { ControllerRevision } from "../core_objects.ts";
import { isRecord } from "../merge_patch.ts";
import { controllerOf } from "../owner_reference.ts";

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

/** The instance template's spec that a revision holds; `undefined` when it holds none. */
export function templateSpecOf(revision: ControllerRevision): unknown {
  const data = revision.data;
  if (!isRecord(data) || !isRecord(data.spec) || !isRecord(data.spec.template)) return undefined;
  return data.spec.template.spec;
}
