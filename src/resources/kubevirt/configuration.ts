/**
 * The effective configuration of the installation: what the KubeVirt object says, and KubeVirt's defaults for the rest.
 * Controllers and node agents read this and never the object itself.
 */
import type { LabelSelector } from "../../api/k8s_meta.ts";
import type { KubeVirt } from "../../api/kubevirt.ts";
import { KVM_DEVICE_RESOURCE } from "../../api/labels.ts";
import { parseQuantity } from "../../api/quantity.ts";
import type { Node } from "../core_objects.ts";
import { isFeatureGateEnabled } from "./feature_gates.ts";

export interface ClusterConfiguration {
  /** Guests run under TCG: because the object says so, or because no node offers KVM. */
  useEmulation: boolean;
  isFeatureGateEnabled(gate: string): boolean;
  /** vCPUs per CPU that is requested. */
  cpuAllocationRatio: number;
  /** Guest memory in percent of the memory that is requested. */
  memoryOvercommitPercent: number;
  /** Factor on the memory that a guest needs beyond its own. */
  overheadRatio: number;
  /** Launcher pods of these namespaces get a CPU limit. */
  autoCpuLimitNamespaces?: LabelSelector;
  /** Selected by every launcher pod, besides the VMI's own. */
  nodeSelectors: Readonly<Record<string, string>>;
  /** Of the installation's own images. */
  imagePullPolicy: string;
  defaultArchitecture: string;
  machineType?: string;
  cpuModel?: string;
  /** Nodes do not advertise these. */
  obsoleteCpuModels: ReadonlySet<string>;
  evictionStrategy: string;
  defaultRuntimeClass?: string;
  vmRolloutStrategy: string;
  memBalloonStatsPeriodSeconds: number;
  /** How far guests can grow while they run. */
  maxHotplugRatio: number;
  /** Serial consoles are copied to the log of the pod unless this is set. */
  disableSerialConsoleLog: boolean;
}

const DEFAULTS = {
  cpuAllocationRatio: 10,
  memoryOvercommitPercent: 100,
  overheadRatio: 1,
  imagePullPolicy: "IfNotPresent",
  defaultArchitecture: "amd64",
  evictionStrategy: "None",
  vmRolloutStrategy: "LiveUpdate",
  memBalloonStatsPeriodSeconds: 10,
  maxHotplugRatio: 4,
} as const;

/** Models that no processor of this century's servers is the least common denominator of. */
const OBSOLETE_CPU_MODELS = [
  "486",
  "486-v1",
  "pentium",
  "pentium-v1",
  "pentium2",
  "pentium2-v1",
  "pentium3",
  "pentium3-v1",
  "pentiumpro",
  "coreduo",
  "coreduo-v1",
  "n270",
  "n270-v1",
  "core2duo",
  "core2duo-v1",
  "Conroe",
  "Conroe-v1",
  "athlon",
  "athlon-v1",
  "phenom",
  "phenom-v1",
  "qemu32",
  "qemu32-v1",
  "qemu64",
  "qemu64-v1",
  "kvm32",
  "kvm32-v1",
  "kvm64",
  "kvm64-v1",
  "Opteron_G1",
  "Opteron_G1-v1",
  "Opteron_G2",
  "Opteron_G2-v1",
];
const OBSOLETE_BY_DEFAULT: ReadonlySet<string> = new Set(OBSOLETE_CPU_MODELS);

/**
 * `undefined`: no KubeVirt object exists, so the defaults hold. Where the nodes are given and none of them offers KVM,
 * guests are emulated without being asked: they would wait for a node for ever.
 */
export function effectiveConfiguration(
  kubevirt: KubeVirt | undefined,
  nodes?: readonly Node[],
): ClusterConfiguration {
  const configuration = kubevirt?.spec.configuration ?? {};
  const developer = configuration.developerConfiguration ?? {};
  const { machineType, cpuModel, defaultRuntimeClass } = configuration;
  return {
    useEmulation: developer.useEmulation === true || nodes?.some(offersKvm) === false,
    isFeatureGateEnabled: (gate) =>
      isFeatureGateEnabled(gate, {
        enabled: developer.featureGates ?? [],
        disabled: developer.disabledFeatureGates ?? [],
      }),
    cpuAllocationRatio: positive(developer.cpuAllocationRatio, DEFAULTS.cpuAllocationRatio),
    memoryOvercommitPercent: positive(developer.memoryOvercommit, DEFAULTS.memoryOvercommitPercent),
    overheadRatio: positive(
      Number(configuration.additionalGuestMemoryOverheadRatio),
      DEFAULTS.overheadRatio,
    ),
    ...(configuration.autoCPULimitNamespaceLabelSelector !== undefined && {
      autoCpuLimitNamespaces: configuration.autoCPULimitNamespaceLabelSelector,
    }),
    nodeSelectors: developer.nodeSelectors ?? {},
    imagePullPolicy: configuration.imagePullPolicy || kubevirt?.spec.imagePullPolicy ||
      DEFAULTS.imagePullPolicy,
    defaultArchitecture: configuration.architectureConfiguration?.defaultArchitecture ||
      DEFAULTS.defaultArchitecture,
    ...(machineType && { machineType }),
    ...(cpuModel && { cpuModel }),
    ...(defaultRuntimeClass && { defaultRuntimeClass }),
    obsoleteCpuModels: obsoleteCpuModels(configuration.obsoleteCPUModels),
    evictionStrategy: configuration.evictionStrategy || DEFAULTS.evictionStrategy,
    vmRolloutStrategy: configuration.vmRolloutStrategy ?? DEFAULTS.vmRolloutStrategy,
    memBalloonStatsPeriodSeconds: configuration.memBalloonStatsPeriod ??
      DEFAULTS.memBalloonStatsPeriodSeconds,
    maxHotplugRatio: positive(
      configuration.liveUpdateConfiguration?.maxHotplugRatio,
      DEFAULTS.maxHotplugRatio,
    ),
    disableSerialConsoleLog:
      configuration.virtualMachineOptions?.disableSerialConsoleLog !== undefined,
  };
}

/** The built-in ones, and the installation's; `false` takes one off the list. */
function obsoleteCpuModels(
  configured: Readonly<Record<string, boolean>> | undefined,
): ReadonlySet<string> {
  if (configured === undefined) return OBSOLETE_BY_DEFAULT;
  const models = {
    ...Object.fromEntries(OBSOLETE_CPU_MODELS.map((name) => [name, true])),
    ...configured,
  };
  return new Set(Object.keys(models).filter((name) => models[name]));
}

/** Of several KubeVirt objects the oldest counts; the others are told that they do not. */
export function primaryKubeVirt(kubevirts: readonly KubeVirt[]): KubeVirt | undefined {
  // Times have seconds: of two that are as old the names decide, so that whoever looks sees the same one.
  const age = ({ metadata: { creationTimestamp = "", namespace = "", name } }: KubeVirt) =>
    `${creationTimestamp}/${namespace}/${name}`;
  return kubevirts.toSorted((a, b) => age(a) < age(b) ? -1 : 1)[0];
}

function positive(value: number | undefined, fallback: number): number {
  return value !== undefined && Number.isFinite(value) && value > 0 ? value : fallback;
}

function offersKvm({ status }: Node): boolean {
  const offered = status?.allocatable?.[KVM_DEVICE_RESOURCE];
  return offered !== undefined && parseQuantity(offered) > 0n;
}
