/** Whether the KubeVirt object is acceptable. */
import type { KubeVirt } from "../../api/kubevirt.ts";
import { type Cause, invalid, notSupported } from "../cause.ts";

type KubeVirtRule = (kubevirt: KubeVirt) => Cause[];

const RULES: readonly KubeVirtRule[] = [
  uninstallStrategy,
  networkInterface,
  evictionStrategy,
  emulatedMachines,
  featureGates,
];

const UNINSTALL_STRATEGIES: readonly string[] = [
  "",
  "RemoveWorkloads",
  "BlockUninstallIfWorkloadsExist",
];
const INTERFACES: readonly string[] = ["", "bridge", "masquerade"];
const EVICTION_STRATEGIES: readonly string[] = [
  "None",
  "LiveMigrate",
  "LiveMigrateIfPossible",
  "External",
];

/** All causes. */
export function validateKubeVirt(kubevirt: KubeVirt): Cause[] {
  return RULES.flatMap((rule) => rule(kubevirt));
}

function uninstallStrategy({ spec }: KubeVirt): Cause[] {
  const strategy = spec.uninstallStrategy ?? "";
  if (UNINSTALL_STRATEGIES.includes(strategy)) return [];
  return [notSupported("spec.uninstallStrategy", `Invalid uninstall strategy: ${strategy}`)];
}

function networkInterface({ spec }: KubeVirt): Cause[] {
  const binding = spec.configuration?.network?.defaultNetworkInterface ?? "";
  if (INTERFACES.includes(binding)) return [];
  const where = "spec.configuration.network.defaultNetworkInterface";
  return [notSupported(where, `${where} must be bridge or masquerade: got ${binding}`)];
}

function evictionStrategy({ spec }: KubeVirt): Cause[] {
  const strategy = spec.configuration?.evictionStrategy;
  if (!strategy || EVICTION_STRATEGIES.includes(strategy)) return [];
  const where = "spec.configuration.evictionStrategy";
  return [invalid(where, `${where} is set with an unrecognized option: ${strategy}`)];
}

function emulatedMachines({ spec }: KubeVirt): Cause[] {
  const type = spec.configuration?.machineType;
  const globs = spec.configuration?.emulatedMachines ?? [];
  if (!type || globs.length === 0) return [];
  const matches = globs.some((glob) =>
    glob.endsWith("*") ? type.startsWith(glob.slice(0, -1)) : glob === type
  );
  if (matches) return [];
  const where = "spec.configuration.machineType";
  return [invalid(where, `${where} must be one of emulatedMachines: got ${type}`)];
}

function featureGates({ spec }: KubeVirt): Cause[] {
  const { featureGates = [], disabledFeatureGates = [] } =
    spec.configuration?.developerConfiguration ?? {};
  return featureGates.filter((gate) => disabledFeatureGates.includes(gate)).map((gate) =>
    invalid(
      "spec.configuration.developerConfiguration.disabledFeatureGates",
      `feature gate ${gate} is both enabled and disabled`,
    )
  );
}
