/** How large a guest is. Admission fills in what users leave out; what it left open counts as the smallest guest. */
import { parseBytes } from "../../api/quantity.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";

export function vcpuCount(vmi: VirtualMachineInstance): number {
  const { sockets, cores, threads } = vmi.spec.domain.cpu ?? {};
  return (sockets || 1) * (cores || 1) * (threads || 1);
}

/** What the guest sees as its memory: asked for directly, else by request, else by limit; 0 when nowhere stated. */
export function guestMemoryBytes(vmi: VirtualMachineInstance): number {
  const { memory, resources } = vmi.spec.domain;
  const quantity = memory?.guest ?? resources?.requests?.memory ?? resources?.limits?.memory;
  return quantity === undefined ? 0 : parseBytes(quantity);
}
