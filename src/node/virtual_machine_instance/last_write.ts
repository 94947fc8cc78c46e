/** The write that ends a VMI: its final phase and the end of its finalizer in one. Pure. */
import { isFinalPhase } from "../../api/phases.ts";
import type { VirtualMachineInstanceStatus } from "../../api/virtual_machine_instance_status.ts";
import { withoutOurFinalizers } from "../../resources/virtual_machine_instance/finalizers.ts";
import type { World } from "./world.ts";

/**
 * Whether this status can be the last: the VMI is being deleted, its guest was seen to have ended, and this node alone had a
 * pod for it, whose envelope could be looked at. Otherwise (a guest that was lost, or never started) the control plane takes
 * the finalizer away, once all pods have ended.
 */
export function isLastStatus(
  { vmi, domain, envelope }: World,
  status: VirtualMachineInstanceStatus,
): boolean {
  if (!vmi.metadata.deletionTimestamp || !isFinalPhase(status.phase)) return false;
  const isOver = domain.kind === "present" && domain.state === "shutoff";
  const podCount = Object.keys(vmi.status?.activePods ?? {}).length;
  return isOver && envelope.kind !== "unknown" && podCount <= 1;
}

/** Whether with it nothing of the VMI is left to wait for: its pod has ended too. */
export function endsVmi(world: World, status: VirtualMachineInstanceStatus): boolean {
  return isLastStatus(world, status) && isFinalPhase(world.pod?.status?.phase);
}

/** What is written of the metadata beside this status; nothing where the VMI goes on. */
export function metadataChange(
  world: World,
  status: VirtualMachineInstanceStatus,
): { finalizers?: string[] } {
  if (!endsVmi(world, status)) return {};
  return { finalizers: withoutOurFinalizers(world.vmi.metadata.finalizers ?? []) };
}
