/** CPU and memory that a VMI gets when it does not say otherwise. */
import { parseMilliCpu, parseQuantity, type Quantity } from "../../api/quantity.ts";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import type { DefaultsContext, SpecDefault } from "./defaults.ts";

export const RESOURCE_DEFAULTS: readonly SpecDefault[] = [
  cpuRequest,
  guestMemory,
  cpuTopology,
  cpuModel,
];

const CPU_MODEL = "host-model";
const CPU_MODEL_ARM64 = "host-passthrough";
const SOCKETS_MAX = 512;

function cpuRequest(draft: VirtualMachineInstanceSpec): void {
  const limit = nonZero(draft.domain.resources?.limits?.cpu);
  const requests = draft.domain.resources?.requests;
  if (limit === undefined || nonZero(requests?.cpu) !== undefined) return;
  draft.domain.resources = { ...draft.domain.resources, requests: { ...requests, cpu: limit } };
}

function guestMemory(draft: VirtualMachineInstanceSpec): void {
  const { memory, resources } = draft.domain;
  if (memory?.guest !== undefined) return;
  const guest = nonZero(resources?.requests?.memory) ?? nonZero(resources?.limits?.memory) ??
    memory?.hugepages?.pageSize;
  if (guest !== undefined) draft.domain.memory = { ...memory, guest };
}

function cpuTopology(draft: VirtualMachineInstanceSpec): void {
  const cpu = draft.domain.cpu ?? {};
  const { limits, requests } = draft.domain.resources ?? {};
  const unset = !cpu.cores && !cpu.sockets && !cpu.threads;
  const sockets = unset ? wholeCpus(limits?.cpu ?? requests?.cpu) : 1;
  draft.domain.cpu = {
    ...cpu,
    cores: cpu.cores || 1,
    sockets: cpu.sockets || sockets,
    threads: cpu.threads || 1,
  };
}

function cpuModel(draft: VirtualMachineInstanceSpec, { cluster }: DefaultsContext): void {
  if (draft.domain.cpu?.model) return;
  const model = cluster.cpuModel ??
    (draft.architecture === "arm64" ? CPU_MODEL_ARM64 : CPU_MODEL);
  draft.domain.cpu = { ...draft.domain.cpu, model };
}

/** Rounded up; at least one. Nonsense counts as one here and is refused by validation. */
function wholeCpus(quantity: Quantity | undefined): number {
  if (quantity === undefined) return 1;
  try {
    return Math.min(SOCKETS_MAX, Math.max(1, Math.ceil(parseMilliCpu(quantity) / 1000)));
  } catch {
    return 1;
  }
}

function nonZero(quantity: Quantity | undefined): Quantity | undefined {
  if (quantity === undefined) return undefined;
  try {
    return parseQuantity(quantity) === 0n ? undefined : quantity;
  } catch {
    return undefined;
  }
}
