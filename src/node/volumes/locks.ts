/** Which images of a guest are locked while it runs: pure. */
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { DomainLock } from "../../hypervisor/hypervisor.ts";
import { isReadOnly } from "../../libvirt_domain/disks.ts";
import type { VolumePlan } from "./plan.ts";

const VM_DIRECTORY = "@VMDIR@/";

/** Every image that the guest may write to. What is only read, QEMU protects from writers by itself. */
export function planLocks(
  vmi: VirtualMachineInstance,
  { disks }: Pick<VolumePlan, "disks">,
): DomainLock[] {
  return (vmi.spec.domain.devices.disks ?? []).flatMap((disk) => {
    const source = disks[disk.name];
    if (source === undefined || isReadOnly(disk, source)) return [];
    const path = source.path.slice(VM_DIRECTORY.length);
    return [{ volume: disk.name, path, shared: disk.shareable === true }];
  });
}
