/** The guest's processors. */
import { type Cause, invalid, notSupported, required } from "../../cause.ts";
import { thousandthsOf, unitsOf } from "../../quantity_comparison.ts";
import type { SpecRule, SpecSubject } from "../validate.ts";

export const CPU_RULES: readonly SpecRule[] = [
  topology,
  maxSockets,
  featurePolicies,
  dedicatedCpuAmounts,
  dedicatedCpuTopology,
  dedicatedCpuMemory,
  isolatedEmulator,
  numa,
  realtime,
];

/** What one machine of QEMU is given at most. */
const CPUS_MAX = 4096;
/** Those of one core. */
const DEDICATED_THREADS_MAX = 2;
const POLICIES: readonly string[] = ["force", "require", "optional", "disable", "forbid"];

function topology({ spec, field }: SpecSubject): Cause[] {
  const { cores = 1, sockets = 1, threads = 1 } = spec.domain.cpu ?? {};
  const where = `${field}.domain.cpu`;
  const negative = Object.entries({ cores, sockets, threads })
    .filter(([, count]) => count < 0)
    .map(([name, count]) =>
      invalid(`${where}.${name}`, `${where}.${name} '${count}': must be greater than 0.`)
    );
  if (negative.length > 0) return negative;
  const count = (cores || 1) * (sockets || 1) * (threads || 1);
  if (count <= CPUS_MAX) return [];
  return [invalid(where, `${where} must have at most ${CPUS_MAX} processors: got ${count}`)];
}

function maxSockets({ spec, field }: SpecSubject): Cause[] {
  const { sockets = 1, maxSockets } = spec.domain.cpu ?? {};
  if (!maxSockets || sockets <= maxSockets) return [];
  const message = "Number of sockets in CPU topology is greater than the maximum sockets allowed";
  return [invalid(`${field}.domain.cpu.sockets`, message)];
}

function featurePolicies({ spec, field }: SpecSubject): Cause[] {
  return (spec.domain.cpu?.features ?? []).flatMap(({ name, policy }, index) => {
    if (!policy || POLICIES.includes(policy)) return [];
    const message = `CPU feature ${name} uses policy ${policy} that is not supported.`;
    return [notSupported(`${field}.domain.cpu.features[${index}].policy`, message)];
  });
}

function dedicatedCpuAmounts({ spec, field }: SpecSubject): Cause[] {
  const { cpu, resources } = spec.domain;
  if (cpu?.dedicatedCpuPlacement !== true) return [];
  const request = thousandthsOf(resources?.requests?.cpu);
  const limit = thousandthsOf(resources?.limits?.cpu);
  const causes: Cause[] = [];
  for (const [name, amount] of [["limits", limit], ["requests", request]] as const) {
    if (amount === undefined || amount % 1000n === 0n) continue;
    const message = `provided resources CPU ${name} must be an interger`;
    causes.push(invalid(`${field}.domain.resources.${name}.cpu`, message));
  }
  const where = `${field}.domain.cpu.dedicatedCpuPlacement`;
  const amounts = `${field}.domain.resources.requests.cpu or ${field}.domain.resources.limits.cpu`;
  if (request !== undefined && limit !== undefined && request !== limit) {
    const message = `${amounts} must be equal when DedicatedCPUPlacement is true`;
    causes.push(invalid(where, message));
  }
  const { cores, sockets, threads } = cpu;
  const asked = BigInt((cores || 1) * (sockets || 1) * (threads || 1));
  const given = limit ?? request;
  if (given !== undefined && given % 1000n === 0n && given / 1000n !== asked) {
    const message = `${amounts} must not be provided at the same time with ` +
      `${field}.domain.cpu.cores when DedicatedCPUPlacement is true`;
    causes.push(invalid(where, message));
  }
  return causes;
}

function dedicatedCpuTopology({ spec, field }: SpecSubject): Cause[] {
  const { threads = 1, dedicatedCpuPlacement } = spec.domain.cpu ?? {};
  if (dedicatedCpuPlacement !== true || threads <= DEDICATED_THREADS_MAX) return [];
  const message =
    `Not more than two threads must be provided at ${field}.domain.cpu.threads (got ${threads}) ` +
    "when DedicatedCPUPlacement is true";
  return [invalid(`${field}.domain.cpu.dedicatedCpuPlacement`, message)];
}

/** Dedicated CPUs are for pods of QoS class Guaranteed. */
function dedicatedCpuMemory({ spec, field }: SpecSubject): Cause[] {
  const { cpu, resources } = spec.domain;
  if (cpu?.dedicatedCpuPlacement !== true) return [];
  const request = unitsOf(resources?.requests?.memory);
  const limit = unitsOf(resources?.limits?.memory);
  if (request === undefined || limit === undefined || request === limit) return [];
  const where = `${field}.domain.resources.requests.memory`;
  return [invalid(where, `${where} must be equal to ${field}.domain.resources.limits.memory`)];
}

function isolatedEmulator({ spec, field }: SpecSubject): Cause[] {
  const { isolateEmulatorThread, dedicatedCpuPlacement } = spec.domain.cpu ?? {};
  if (isolateEmulatorThread !== true || dedicatedCpuPlacement === true) return [];
  const message =
    "IsolateEmulatorThread should be only set in combination with DedicatedCPUPlacement";
  return [invalid(`${field}.domain.cpu.isolateEmulatorThread`, message)];
}

function numa({ spec, field }: SpecSubject): Cause[] {
  const { cpu, memory } = spec.domain;
  if (cpu?.numa?.guestMappingPassthrough === undefined) return [];
  const where = `${field}.domain.cpu.numa.guestMappingPassthrough`;
  const causes: Cause[] = [];
  if (cpu.dedicatedCpuPlacement !== true) {
    const other = `${field}.domain.cpu.dedicatedCpuPlacement`;
    causes.push(
      invalid(other, `${other} must be set to true when NUMA topology strategy is set in ${where}`),
    );
  }
  if (memory?.hugepages === undefined) {
    const other = `${field}.domain.memory.hugepages`;
    causes.push(
      required(other, `${other} must be requested when NUMA topology strategy is set in ${where}`),
    );
  }
  return causes;
}

function realtime({ spec, field }: SpecSubject): Cause[] {
  const { cpu } = spec.domain;
  if (cpu?.realtime === undefined) return [];
  const causes: Cause[] = [];
  const dedicated = `${field}.domain.cpu.dedicatedCpuPlacement`;
  if (cpu.dedicatedCpuPlacement !== true) {
    causes.push(
      required(
        dedicated,
        `${dedicated} must be set to true when ${field}.domain.cpu.realtime is used`,
      ),
    );
  }
  const where = `${field}.domain.cpu.numa.guestMappingPassthrough`;
  if (cpu.numa?.guestMappingPassthrough === undefined) {
    causes.push(
      required(where, `${where} must be defined when ${field}.domain.cpu.realtime is used`),
    );
  }
  return causes;
}
