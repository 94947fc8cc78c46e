import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";

const HOSTNAME_LENGTH_MAX = 63;

/** What the guest is told to call itself: spec.hostname, or the VMI's name up to its first dot. */
export function hostname(vmi: VirtualMachineInstance): string {
  const name = vmi.spec.hostname || (vmi.metadata.name.split(".")[0] ?? "");
  return name.slice(0, HOSTNAME_LENGTH_MAX);
}
