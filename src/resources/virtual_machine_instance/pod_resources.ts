/** What a launcher pod requests of its node, and its limits where the user set some or the namespace wants them. */
import {
  formatBytes,
  formatMilliCpu,
  parseBytes,
  parseMilliCpu,
  type Quantity,
} from "../../api/quantity.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { Container } from "../core_objects.ts";
import type { ClusterConfiguration } from "../kubevirt/configuration.ts";
import { qosClass } from "../quality_of_service.ts";
import { type AutomaticLimits, NO_AUTOMATIC_LIMITS } from "./automatic_limits.ts";
import { guestMemoryBytes, vcpuCount } from "./guest_size.ts";
import { overheadBytes } from "./overhead.ts";
import { deviceRequests } from "./pod_devices.ts";

type Resources = Container["resources"];
type Quantities = Record<string, Quantity>;

/** Logs, sockets and cloud-init data in the pod's emptyDirs. */
const EPHEMERAL_STORAGE_BYTES = 50_000_000;
const MILLI_CPU_PER_VCPU = 1000;
/** Little of a quota, and enough to start in a moment. */
const HOLDER_CPU_LIMIT = "100m";

/** Resources that are computed here; any other that the user names is passed on. */
const COMPUTED: readonly string[] = ["cpu", "memory", "ephemeral-storage"];

/** For the container that the guest runs in. */
export function computeResources(
  vmi: VirtualMachineInstance,
  configuration: ClusterConfiguration,
  automatic: AutomaticLimits = NO_AUTOMATIC_LIMITS,
): Resources {
  const wanted = vmi.spec.domain.resources ?? {};
  const overhead = overheadBytes(vmi, configuration);
  const devices = deviceRequests(vmi, configuration);
  const overheadInRequest = wanted.overcommitGuestOverhead === true ? 0 : overhead;
  const milliCpu = requestedMilliCpu(vmi, configuration);
  const memoryBytes = requestedMemoryBytes(vmi, configuration) + overheadInRequest;
  const limits = {
    ...limitsOf(wanted.limits ?? {}, overhead),
    // A limit below the request would be refused.
    ...(automatic.vcpus && {
      cpu: formatMilliCpu(Math.max(vcpuCount(vmi) * MILLI_CPU_PER_VCPU, milliCpu)),
    }),
    // At least what the guest has, or it would be killed for using its own where memory is overcommitted.
    ...(automatic.memoryRatio !== undefined && {
      memory: formatBytes(
        Math.max(Math.ceil(memoryBytes * automatic.memoryRatio), guestMemoryBytes(vmi) + overhead),
      ),
    }),
    ...devices,
  };
  const requests = {
    ...passedOn(wanted.requests ?? {}),
    cpu: formatMilliCpu(milliCpu),
    memory: formatBytes(memoryBytes),
    "ephemeral-storage": storage(wanted.requests?.["ephemeral-storage"] ?? 0),
    ...devices,
  };
  return { requests, ...(Object.keys(limits).length > 0 && { limits }) };
}

function requestedMilliCpu(
  vmi: VirtualMachineInstance,
  configuration: ClusterConfiguration,
): number {
  const { requests, limits } = vmi.spec.domain.resources ?? {};
  // As Kubernetes does for pods: a limit alone is a request as well.
  const asked = requests?.cpu ?? limits?.cpu;
  if (asked !== undefined) return parseMilliCpu(asked);
  return Math.ceil(vcpuCount(vmi) * MILLI_CPU_PER_VCPU / configuration.cpuAllocationRatio);
}

function requestedMemoryBytes(
  vmi: VirtualMachineInstance,
  configuration: ClusterConfiguration,
): number {
  const { requests, limits } = vmi.spec.domain.resources ?? {};
  const asked = parseBytes(requests?.memory ?? 0);
  const limit = parseBytes(limits?.memory ?? 0);
  // A limit alone is a request as well, here too: overcommit is for guests of which nothing is said.
  if (asked === 0 && limit > 0) return limit;
  if (requests?.memory !== undefined) return asked;
  return Math.ceil(guestMemoryBytes(vmi) * 100 / configuration.memoryOvercommitPercent);
}

/** The user's limits are the guest's: what it costs beyond comes on top, or the guest could never use its own. */
function limitsOf(wanted: Quantities, overhead: number): Record<string, string> {
  const ephemeral = wanted["ephemeral-storage"];
  return {
    ...passedOn(wanted),
    ...(wanted.cpu !== undefined && { cpu: formatMilliCpu(parseMilliCpu(wanted.cpu)) }),
    ...(wanted.memory !== undefined && {
      memory: formatBytes(parseBytes(wanted.memory) + overhead),
    }),
    ...(ephemeral !== undefined && { "ephemeral-storage": storage(ephemeral) }),
  };
}

function storage(asked: Quantity): string {
  const bytes = parseBytes(asked) + EPHEMERAL_STORAGE_BYTES;
  return bytes === EPHEMERAL_STORAGE_BYTES ? "50M" : formatBytes(bytes);
}

function passedOn(wanted: Quantities): Record<string, string> {
  return Object.fromEntries(
    Object.entries(wanted).filter(([name]) => !COMPUTED.includes(name))
      .map(([name, quantity]) => [name, String(quantity)]),
  );
}

/**
 * For containers that only hold an image in place, and for the one that copies a binary, beside the one that the guest runs in:
 * a pod is Guaranteed only when all of its containers are.
 */
export function holderResources(
  compute: Resources,
  { cpuLimited = false }: { cpuLimited?: boolean } = {},
): Resources {
  if (qosClass({ containers: [{ resources: compute }] }) === "Guaranteed") {
    return { requests: { cpu: "10m", memory: "40M" }, limits: { cpu: "10m", memory: "40M" } };
  }
  // No CPU limit unless a quota wants one: the kernel would throttle the start of the container itself.
  const cpu = cpuLimited ? { cpu: HOLDER_CPU_LIMIT } : {};
  return { requests: { cpu: "1m", memory: "1M" }, limits: { ...cpu, memory: "40M" } };
}
