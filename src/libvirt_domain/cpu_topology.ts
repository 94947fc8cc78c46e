import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";

export interface CpuTopology {
  sockets: number;
  cores: number;
  threads: number;
}

/** The topology the guest starts with; each dimension is 1 when unset. */
export function cpuTopology(vmi: VirtualMachineInstance): CpuTopology {
  const { sockets, cores, threads } = vmi.spec.domain.cpu ?? {};
  return { sockets: sockets || 1, cores: cores || 1, threads: threads || 1 };
}

export function vcpuCount({ sockets, cores, threads }: CpuTopology): number {
  return sockets * cores * threads;
}
