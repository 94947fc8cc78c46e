/** What a preference says that its guests need. Checked on the guest with its size and its defaults. */
import type { CPU } from "../../api/cpu.ts";
import type { VirtualMachinePreferenceSpec } from "../../api/preference.ts";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import { type Cause, invalid } from "../cause.ts";
import { isGreater } from "../quantity_comparison.ts";
import type { Size } from "./size.ts";
import { preferredTopology, spreadOf } from "./topology.ts";

const TEMPLATE_FIELD = "spec.template.spec";
const INSTANCETYPE_FIELD = "spec.instancetype";

type Part = "sockets" | "cores" | "threads";

const ALL_PARTS: readonly Part[] = ["cores", "sockets", "threads"];
const SPREAD_PARTS: Readonly<Record<string, readonly Part[]>> = {
  SocketsCores: ["sockets", "cores"],
  CoresThreads: ["cores", "threads"],
  SocketsCoresThreads: ["sockets", "cores", "threads"],
};

/** All that is not met. */
export function unmetRequirements(spec: VirtualMachineInstanceSpec, size: Size): Cause[] {
  return [cpu(spec, size), memory(spec, size), architecture(spec, size)]
    .filter((unmet) => unmet !== undefined)
    .map(({ field, why }) => invalid(field, `failure checking preference requirements: ${why}`));
}

type Unmet = { field: string; why: string } | undefined;

function cpu({ domain }: VirtualMachineInstanceSpec, { instancetype, preference }: Size): Unmet {
  const needed = preference?.requirements?.cpu?.guest;
  if (needed === undefined) return undefined;
  if (instancetype !== undefined) {
    const { guest } = instancetype.cpu;
    if (guest >= needed) return undefined;
    const why = `insufficient CPU resources of ${guest} vCPU provided by instance type, ` +
      `preference requires ${needed} vCPU`;
    return { field: INSTANCETYPE_FIELD, why };
  }
  const { parts, name } = countedParts(preference);
  const vcpus = count(domain.cpu, parts);
  if (vcpus >= needed) return undefined;
  const why = `insufficient CPU resources of ${vcpus} vCPU provided by VirtualMachine, ` +
    `preference requires ${needed} vCPU provided as ${name}`;
  return { field: parts.map((part) => `${TEMPLATE_FIELD}.domain.cpu.${part}`).join(", "), why };
}

/** A preference for one part counts that part alone. */
function countedParts(
  preference: VirtualMachinePreferenceSpec | undefined,
): { parts: readonly Part[]; name: string } {
  const topology = preferredTopology(preference);
  switch (topology) {
    case "cores":
    case "threads":
    case "sockets":
      return { parts: [topology], name: topology };
    case "spread": {
      const { across } = spreadOf(preference);
      return { parts: SPREAD_PARTS[across] ?? ALL_PARTS, name: across };
    }
    default:
      return { parts: ALL_PARTS, name: "cores, sockets and threads" };
  }
}

function count(cpu: CPU | undefined, parts: readonly Part[]): number {
  return parts.reduce((product, part) => product * (cpu?.[part] || 1), 1);
}

function memory({ domain }: VirtualMachineInstanceSpec, { instancetype, preference }: Size): Unmet {
  const needed = preference?.requirements?.memory?.guest;
  if (needed === undefined) return undefined;
  const provided = instancetype?.memory.guest ?? domain.memory?.guest;
  if (provided === undefined || !isGreater(needed, provided)) return undefined;
  const [field, provider] = instancetype === undefined
    ? [`${TEMPLATE_FIELD}.domain.memory`, "VirtualMachine"]
    : [INSTANCETYPE_FIELD, "instance type"];
  const why = `insufficient Memory resources of ${provided} provided by ${provider}, ` +
    `preference requires ${needed}`;
  return { field, why };
}

function architecture(spec: VirtualMachineInstanceSpec, { preference }: Size): Unmet {
  const needed = preference?.requirements?.architecture;
  if (needed === undefined || spec.architecture === needed) return undefined;
  const why =
    `preference requires architecture ${needed} but ${spec.architecture} is being requested`;
  return { field: `${TEMPLATE_FIELD}.architecture`, why };
}
