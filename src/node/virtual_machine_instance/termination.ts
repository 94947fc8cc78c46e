import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import { GRACE_PERIOD_SECONDS_DEFAULT } from "../../libvirt_domain/identity.ts";
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
 * How much longer the guest may take to end, not above 0 when it must have; `undefined`: it may run on. Counted from when this
 * agent first saw that it is to end (see {@link World.endingForMs}): the time of a deletion is of the API server's clock, and a
 * node whose clock is ahead of it would end guests at once. That a container was told to stop has no time. An agent that starts meanwhile grants the whole time anew.
 */
export function terminationLeftMs(
  { vmi, endingForMs }: Pick<World, "vmi" | "endingForMs">,
): number | undefined {
  return endingForMs === undefined ? undefined : gracePeriodSeconds(vmi.spec) * 1000 - endingForMs;
}
