import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import { GRACE_PERIOD_SECONDS_DEFAULT } from "../../libvirt_domain/identity.ts";
import { addMs, toWholeSeconds } from "../../resources/timestamp.ts";
import type { World } from "./world.ts";

/** Seconds the guest has to shut down by itself. */
export function gracePeriodSeconds(spec: VirtualMachineInstanceSpec): number {
  return spec.terminationGracePeriodSeconds ?? GRACE_PERIOD_SECONDS_DEFAULT;
}

/** Whether the guest can hear its power button. */
export function isAcpiEnabled(spec: VirtualMachineInstanceSpec): boolean {
  return spec.domain.features?.acpi?.enabled !== false;
}

/** Whether the guest is asked to shut down before it is ended. */
export function isGraceful(spec: VirtualMachineInstanceSpec): boolean {
  return isAcpiEnabled(spec) && gracePeriodSeconds(spec) > 0;
}

/**
 * When the guest must have ended; `undefined`: it may run on. Computed from the deletion of the VMI or of its pod, whichever
 * came first, so that an agent which starts meanwhile comes to the same time.
 */
export function terminationDeadline({ vmi, pod }: Pick<World, "vmi" | "pod">): string | undefined {
  const starts = [vmi.metadata.deletionTimestamp, podDeletionStart(pod)]
    .filter((time) => time !== undefined)
    .sort();
  const start = starts[0];
  return start === undefined ? undefined : addMs(start, gracePeriodSeconds(vmi.spec) * 1000);
}

/** A pod's deletionTimestamp is when it will be killed: its own grace period lies before. */
function podDeletionStart(pod: World["pod"]): string | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod?.metadata ?? {};
  return deletionTimestamp === undefined
    ? undefined
    : toWholeSeconds(addMs(deletionTimestamp, -deletionGracePeriodSeconds * 1000));
}
