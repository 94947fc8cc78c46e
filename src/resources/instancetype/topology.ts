/** How an instancetype's number of processors becomes sockets, cores and threads: as the preference likes it. */
import type { CPUTopology } from "../../api/cpu.ts";
import type { VirtualMachinePreferenceSpec } from "../../api/preference.ts";

/** Where processors go that nobody says more about. */
const DEFAULT_TOPOLOGY = "sockets";
const DEFAULT_ACROSS = "SocketsCores";
const DEFAULT_RATIO = 2;
/** No processor has more. */
export const THREADS_PER_CORE = 2;

/** Names of before v1.5, which stored objects still have. */
export const DEPRECATED_TOPOLOGIES: Readonly<Record<string, string>> = {
  preferSockets: "sockets",
  preferCores: "cores",
  preferThreads: "threads",
  preferSpread: "spread",
  preferAny: "any",
};
export const TOPOLOGIES: readonly string[] = ["sockets", "cores", "threads", "spread", "any"];
export const SPREADS: readonly string[] = ["SocketsCores", "CoresThreads", "SocketsCoresThreads"];

/** One of {@link TOPOLOGIES}, unless the preference names something that there is not. */
export function preferredTopology(preference: VirtualMachinePreferenceSpec | undefined): string {
  const topology = preference?.cpu?.preferredCPUTopology || DEFAULT_TOPOLOGY;
  return DEPRECATED_TOPOLOGIES[topology] ?? topology;
}

export interface Spread {
  across: string;
  /** Cores in a socket, or threads in a core. */
  ratio: number;
}

export function spreadOf(preference: VirtualMachinePreferenceSpec | undefined): Spread {
  const { across, ratio } = preference?.cpu?.spreadOptions ?? {};
  return {
    across: across || DEFAULT_ACROSS,
    ratio: ratio || preference?.preferSpreadSocketToCoreRatio || DEFAULT_RATIO,
  };
}

/** The topology, or why the number cannot be spread as wanted. */
export function guestTopology(
  vcpus: number,
  preference: VirtualMachinePreferenceSpec | undefined,
): Required<CPUTopology> | { indivisible: string } {
  const one = { sockets: 1, cores: 1, threads: 1 };
  switch (preferredTopology(preference)) {
    case "cores":
      return { ...one, cores: vcpus };
    case "threads":
      return { ...one, threads: vcpus };
    case "spread":
      return spread(vcpus, spreadOf(preference));
    default:
      return { ...one, sockets: vcpus };
  }
}

function spread(
  vcpus: number,
  { across, ratio }: Spread,
): Required<CPUTopology> | { indivisible: string } {
  const provided = `${vcpus} vCPUs provided by the instance type are not divisible by the`;
  const ratioName = "Spec.PreferSpreadSocketToCoreRatio or Spec.CPU.PreferSpreadOptions.Ratio of";
  switch (across) {
    case "CoresThreads":
      return vcpus % ratio === 0
        ? { sockets: 1, cores: vcpus / ratio, threads: ratio }
        : { indivisible: `${provided} number of threads per core ${ratio}` };
    case "SocketsCoresThreads":
      return vcpus % (THREADS_PER_CORE * ratio) === 0
        ? { sockets: vcpus / THREADS_PER_CORE / ratio, cores: ratio, threads: THREADS_PER_CORE }
        : {
          indivisible: `${provided} number of threads per core ${THREADS_PER_CORE} and ` +
            `${ratioName} ${ratio}`,
        };
    default:
      return vcpus % ratio === 0
        ? { sockets: vcpus / ratio, cores: ratio, threads: 1 }
        : { indivisible: `${provided} ${ratioName} ${ratio} provided by the preference` };
  }
}
