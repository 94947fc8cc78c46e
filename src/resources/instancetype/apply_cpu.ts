/** An instancetype's processors. */
import type { VirtualMachineInstancetypeSpec } from "../../api/instancetype.ts";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import type { Cause } from "../cause.ts";
import { invalid } from "../cause.ts";
import { conflictCauses, fieldsSet } from "./conflict.ts";
import type { Draft, Size } from "./size.ts";
import { guestTopology } from "./topology.ts";

const VCPUS_FIELD = "instancetype.spec.cpu.guest";

/** `undefined`: what any instancetype conflicts with. */
export function cpuConflicts(
  { domain: { cpu = {}, resources = {} } }: VirtualMachineInstanceSpec,
  { field, instancetype }: {
    field: string;
    instancetype: VirtualMachineInstancetypeSpec | undefined;
  },
): Cause[] {
  const { sockets, cores, threads } = cpu;
  const given = instancetype?.cpu;
  const both = {
    model: given?.model && cpu.model,
    dedicatedCpuPlacement: given?.dedicatedCPUPlacement !== undefined && cpu.dedicatedCpuPlacement,
    isolateEmulatorThread: given?.isolateEmulatorThread !== undefined && cpu.isolateEmulatorThread,
    numa: given?.numa && cpu.numa,
    realtime: given?.realtime && cpu.realtime,
  };
  const amounts = { "requests.cpu": resources.requests?.cpu, "limits.cpu": resources.limits?.cpu };
  return conflictCauses([
    ...fieldsSet(amounts).map((name) => `${field}.domain.resources.${name}`),
    ...fieldsSet({ sockets, cores, threads, ...both }).map((name) => `${field}.domain.cpu.${name}`),
  ]);
}

export function applyCpu({ spec }: Draft, { instancetype, preference }: Size): Cause[] {
  if (instancetype === undefined) return [];
  const given = instancetype.cpu;
  const topology = guestTopology(given.guest, preference);
  if ("indivisible" in topology) return [invalid(VCPUS_FIELD, topology.indivisible)];
  spec.domain.cpu = {
    ...spec.domain.cpu,
    ...topology,
    ...(given.model && { model: given.model }),
    ...(given.dedicatedCPUPlacement !== undefined && {
      dedicatedCpuPlacement: given.dedicatedCPUPlacement,
    }),
    ...(given.isolateEmulatorThread !== undefined && {
      isolateEmulatorThread: given.isolateEmulatorThread,
    }),
    ...(given.numa && { numa: given.numa }),
    ...(given.realtime && { realtime: given.realtime }),
    ...(given.maxSockets && { maxSockets: given.maxSockets }),
  };
  return [];
}
