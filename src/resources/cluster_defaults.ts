/** What an installation gives to VMs that do not say otherwise: data for defaults and validation. */
import type { KubeVirt } from "../api/kubevirt.ts";
import { enabledFeatureGates } from "./kubevirt/feature_gates.ts";

/** Facts of the installation that admission needs. */
export interface ClusterDefaults {
  architecture: string;
  /** Machine type of an architecture. */
  machineType: Readonly<Record<string, string>>;
  /** Machine types that are accepted: globs with a trailing "*". */
  emulatedMachines: Readonly<Record<string, readonly string[]>>;
  cpuModel: string | undefined;
  evictionStrategy: string;
  /** Binding of the interface that a VM without interfaces gets. */
  networkInterface: string;
  permitBridgeOnPodNetwork: boolean;
  /** Those that are on. */
  featureGates: readonly string[];
}

const MACHINE_TYPE = { amd64: "q35", arm64: "virt", s390x: "s390-ccw-virtio" };
const EMULATED_MACHINES = {
  amd64: ["q35*", "pc-q35*"],
  arm64: ["virt*"],
  s390x: ["s390-ccw-virtio*"],
};

/** The defaults of an installation without a KubeVirt object. */
export const BUILT_IN_DEFAULTS: ClusterDefaults = {
  architecture: "amd64",
  machineType: MACHINE_TYPE,
  emulatedMachines: EMULATED_MACHINES,
  cpuModel: undefined,
  evictionStrategy: "None",
  networkInterface: "bridge",
  permitBridgeOnPodNetwork: true,
  featureGates: enabledFeatureGates({ enabled: [], disabled: [] }),
};

/** What the KubeVirt object says, over {@link BUILT_IN_DEFAULTS}. */
export function clusterDefaults(kubevirt: KubeVirt | undefined): ClusterDefaults {
  const configuration = kubevirt?.spec.configuration;
  if (configuration === undefined) return BUILT_IN_DEFAULTS;
  const perArchitecture = configuration.architectureConfiguration;
  const machineType: Record<string, string> = { ...MACHINE_TYPE };
  const emulatedMachines: Record<string, readonly string[]> = { ...EMULATED_MACHINES };
  for (const architecture of ["amd64", "arm64", "s390x"] as const) {
    const one = perArchitecture?.[architecture];
    if (one?.machineType) machineType[architecture] = one.machineType;
    if (one?.emulatedMachines?.length) emulatedMachines[architecture] = one.emulatedMachines;
  }
  if (configuration.machineType) machineType.amd64 = configuration.machineType;
  if (configuration.emulatedMachines?.length) {
    emulatedMachines.amd64 = configuration.emulatedMachines;
  }
  return {
    architecture: perArchitecture?.defaultArchitecture || BUILT_IN_DEFAULTS.architecture,
    machineType,
    emulatedMachines,
    cpuModel: configuration.cpuModel || undefined,
    evictionStrategy: configuration.evictionStrategy || BUILT_IN_DEFAULTS.evictionStrategy,
    networkInterface: configuration.network?.defaultNetworkInterface ||
      BUILT_IN_DEFAULTS.networkInterface,
    permitBridgeOnPodNetwork: configuration.network?.permitBridgeInterfaceOnPodNetwork ?? true,
    featureGates: enabledFeatureGates({
      enabled: configuration.developerConfiguration?.featureGates ?? [],
      disabled: configuration.developerConfiguration?.disabledFeatureGates ?? [],
    }),
  };
}
