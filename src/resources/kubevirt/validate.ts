/** Whether the KubeVirt object is acceptable. */
import type { KubeVirt } from "../../api/kubevirt.ts";
import { type Cause, invalid, notSupported } from "../cause.ts";
import { deepEqual } from "../deep_equal.ts";
import { parseGoDuration } from "../go_duration.ts";
import { isKnownFeatureGate } from "./feature_gates.ts";

type KubeVirtRule = (kubevirt: KubeVirt) => Cause[];

const RULES: readonly KubeVirtRule[] = [
  uninstallStrategy,
  networkInterface,
  evictionStrategy,
  emulatedMachines,
  featureGates,
  overheadRatio,
  customizedComponents,
  certificateFields,
  certificateLifetimes,
  tlsCiphers,
  seccompProfile,
  replicas,
];

const CERTIFICATES = "spec.certificateRotateStrategy.selfSigned";
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

/** Gates whose feature is there for everybody or for nobody any more, and what to know of them. */
const DEPRECATED_GATES: Readonly<Record<string, string>> = {
  DockerSELinuxMCSWorkaround: "DockerSELinuxMCSWorkaround has been deprecated since v1.4.",
  MultiArchitecture:
    "MultiArchitecture is deprecated: guests of every architecture that a node offers are accepted.",
  DisableMDEVConfiguration:
    "DisableMDEVConfiguration is deprecated: leave mediatedDevicesConfiguration out instead.",
  HotplugVolumes: "HotplugVolumes is deprecated, use DeclarativeHotplugVolumes instead.",
  ExperimentalVirtiofsSupport: "ExperimentalVirtiofsSupport has been discontinued.",
  Passt: "Passt has been discontinued: Passt network binding is not served.",
  Macvtap: "Macvtap has been discontinued: Macvtap network binding is not served.",
  PasstIPStackMigration: "PasstIPStackMigration has been discontinued.",
};

/** All causes. An update that leaves the spec alone is always fine: what is stored must stay editable. */
export function validateKubeVirt(kubevirt: KubeVirt, old?: KubeVirt): Cause[] {
  if (old !== undefined && deepEqual(kubevirt.spec, old.spec)) return [];
  return RULES.flatMap((rule) => rule(kubevirt));
}

/** What works, or is ignored, and should not be written any more. */
export function deprecationWarnings({ spec }: KubeVirt): string[] {
  const { developerConfiguration, mediatedDevicesConfiguration } = spec.configuration ?? {};
  const gates = (developerConfiguration?.featureGates ?? []).flatMap((gate) => {
    if (DEPRECATED_GATES[gate] !== undefined) return [DEPRECATED_GATES[gate]];
    if (isKnownFeatureGate(gate)) return [];
    return [`feature gate ${gate} is not known and has no effect`];
  });
  const at = "spec.configuration.mediatedDevicesConfiguration";
  const types = [
    [`${at}.mediatedDevicesTypes`, mediatedDevicesConfiguration?.mediatedDevicesTypes],
    ...(mediatedDevicesConfiguration?.nodeMediatedDeviceTypes ?? []).map((one, index) =>
      [
        `${at}.nodeMediatedDeviceTypes[${index}].mediatedDevicesTypes`,
        one.mediatedDevicesTypes,
      ] as const
    ),
  ] as const;
  const devices = types.filter(([, value]) => value !== undefined)
    .map(([field]) => `${field} is deprecated, use mediatedDeviceTypes`);
  return [...gates, ...devices];
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

function overheadRatio({ spec }: KubeVirt): Cause[] {
  const ratio = spec.configuration?.additionalGuestMemoryOverheadRatio;
  if (ratio === undefined || ratio === "") return [];
  const where = "spec.configuration.additionalGuestMemoryOverheadRatio";
  const value = Number(ratio);
  if (!Number.isFinite(value)) {
    return [notSupported(where, `ratio provided, ${ratio}, cannot be parsed into float`)];
  }
  if (value >= 1) return [];
  return [notSupported(where, `ratio provided, ${ratio}, cannot be smaller than 1.0`)];
}

function customizedComponents({ spec }: KubeVirt): Cause[] {
  return (spec.customizeComponents?.patches ?? []).flatMap(({ patch }, index) => {
    if (isJson(patch)) return [];
    const where = `spec.customizeComponents.patches[${index}].patch`;
    return [notSupported(where, `patch ${JSON.stringify(patch)} is not valid JSON`)];
  });
}

function certificateFields({ spec }: KubeVirt): Cause[] {
  const { ca, server, caRotateInterval, certRotateInterval, caOverlapInterval } =
    spec.certificateRotateStrategy?.selfSigned ?? {};
  const old = caRotateInterval ?? certRotateInterval ?? caOverlapInterval;
  if (old === undefined || (ca === undefined && server === undefined)) return [];
  const message = "caRotateInterval, certRotateInterval and caOverlapInterval are deprecated and " +
    "conflict with CertConfig defined rotation parameters";
  return [notSupported(CERTIFICATES, message)];
}

/** Lengths that are not given are the installation's own and fit each other. */
function certificateLifetimes({ spec }: KubeVirt): Cause[] {
  const { ca, server } = spec.certificateRotateStrategy?.selfSigned ?? {};
  const [caMs, caBeforeMs, serverMs, serverBeforeMs] = [
    ca?.duration,
    ca?.renewBefore,
    server?.duration,
    server?.renewBefore,
  ].map((text) => text === undefined ? undefined : parseGoDuration(text));
  const causes: Cause[] = [];
  const isLess = (left?: number, right?: number) =>
    left !== undefined && right !== undefined && left < right;
  if (isLess(caMs, caBeforeMs)) {
    const message = "CA RenewBefore cannot exceed Duration " +
      `(${CERTIFICATES}.ca.duration < ${CERTIFICATES}.ca.renewBefore)`;
    causes.push(invalid(`${CERTIFICATES}.ca.renewBefore`, message));
  }
  if (isLess(serverMs, serverBeforeMs)) {
    const message = "Cert RenewBefore cannot exceed Duration " +
      `(${CERTIFICATES}.server.duration < ${CERTIFICATES}.server.renewBefore)`;
    causes.push(invalid(`${CERTIFICATES}.server.renewBefore`, message));
  }
  if (isLess(caMs, serverMs)) {
    const message = "Certificate duration cannot exceed CA " +
      `(${CERTIFICATES}.server.duration > ${CERTIFICATES}.ca.duration)`;
    causes.push(invalid(`${CERTIFICATES}.server.duration`, message));
  }
  return causes;
}

function tlsCiphers({ spec }: KubeVirt): Cause[] {
  const { ciphers = [], minTLSVersion = "" } = spec.configuration?.tlsConfiguration ?? {};
  if (ciphers.length === 0 || (minTLSVersion !== "" && minTLSVersion !== "VersionTLS13")) return [];
  const message =
    "You cannot specify ciphers when spec.configuration.tlsConfiguration.minTLSVersion " +
    "is empty or VersionTLS13";
  return [notSupported("spec.configuration.tlsConfiguration.ciphers", message)];
}

function seccompProfile({ spec }: KubeVirt): Cause[] {
  const profile = spec.configuration?.seccompConfiguration?.virtualMachineInstanceProfile;
  if (profile === undefined) return [];
  const where =
    "spec.configuration.seccompConfiguration.virtualMachineInstanceProfile.customProfile";
  const { customProfile } = profile;
  if (customProfile === undefined) return [invalid(where, `${where} needs to be set`)];
  const { localhostProfile, runtimeDefaultProfile } = customProfile;
  if (localhostProfile === undefined || runtimeDefaultProfile !== true) return [];
  const [file, own] = [`${where}.localhostProfile`, `${where}.runtimeDefaultProfile`];
  return [
    invalid(file, `${file} cannot be set when ${own} is set`),
    invalid(own, `${own} cannot be set when ${file} is set`),
  ];
}

function replicas({ spec }: KubeVirt): Cause[] {
  if (spec.infra?.replicas !== 0) return [];
  return [invalid("spec.infra.replicas", "infra replica count can't be 0")];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
