import { quantityToBytes } from "./quantity_to_bytes.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";

/** Bytes of guest memory: asked for directly, else by request, else by limit. `undefined`: nowhere stated. */
export function guestMemoryBytes(vmi: VirtualMachineInstance): number | undefined {
  const { memory, resources } = vmi.spec.domain;
  const quantity = memory?.guest ?? resources?.requests?.memory ?? resources?.limits?.memory;
  return quantity === undefined ? undefined : quantityToBytes(quantity);
}
