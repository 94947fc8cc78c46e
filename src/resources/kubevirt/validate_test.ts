import assert from "node:assert/strict";
import type { KubeVirt } from "../../api/kubevirt.ts";
import { deprecationWarnings, validateKubeVirt } from "./validate.ts";

type Spec = KubeVirt["spec"];

function kubevirt(spec: Spec): KubeVirt {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "KubeVirt",
    metadata: { name: "kubevirt", namespace: "kubevirt", uid: "u" },
    spec,
  };
}

const CERTIFICATES = "spec.certificateRotateStrategy.selfSigned";
const CIPHERS = "spec.configuration.tlsConfiguration.ciphers";
const PROFILE =
  "spec.configuration.seccompConfiguration.virtualMachineInstanceProfile.customProfile";
const RATIO = "spec.configuration.additionalGuestMemoryOverheadRatio";

/** What is wrong, the spec, the fields that are named, and the first message. */
const BAD: [what: string, spec: Spec, fields: string[], message: string][] = [
  [
    "an unknown uninstall strategy",
    { uninstallStrategy: "Burn" },
    ["spec.uninstallStrategy"],
    "Invalid uninstall strategy: Burn",
  ],
  [
    "an unknown default interface",
    { configuration: { network: { defaultNetworkInterface: "slirp" } } },
    ["spec.configuration.network.defaultNetworkInterface"],
    "spec.configuration.network.defaultNetworkInterface must be bridge or masquerade: got slirp",
  ],
  [
    "an unknown eviction strategy",
    { configuration: { evictionStrategy: "x" } },
    ["spec.configuration.evictionStrategy"],
    "spec.configuration.evictionStrategy is set with an unrecognized option: x",
  ],
  [
    "a machine that is not among the emulated",
    { configuration: { machineType: "pc", emulatedMachines: ["q35*"] } },
    ["spec.configuration.machineType"],
    "spec.configuration.machineType must be one of emulatedMachines: got pc",
  ],
  [
    "a gate that is on and off",
    {
      configuration: {
        developerConfiguration: { featureGates: ["Root"], disabledFeatureGates: ["Root"] },
      },
    },
    ["spec.configuration.developerConfiguration.disabledFeatureGates"],
    "feature gate Root is both enabled and disabled",
  ],
  [
    "a ratio that is no number",
    { configuration: { additionalGuestMemoryOverheadRatio: "much" } },
    [RATIO],
    "ratio provided, much, cannot be parsed into float",
  ],
  [
    "a ratio below one",
    { configuration: { additionalGuestMemoryOverheadRatio: "0.5" } },
    [RATIO],
    "ratio provided, 0.5, cannot be smaller than 1.0",
  ],
  [
    "a patch that is no JSON",
    {
      customizeComponents: {
        patches: [{ resourceName: "a", resourceType: "b", type: "json", patch: "{" }],
      },
    },
    ["spec.customizeComponents.patches[0].patch"],
    'patch "{" is not valid JSON',
  ],
  [
    "old and new certificate fields",
    {
      certificateRotateStrategy: {
        selfSigned: { caRotateInterval: "1h", ca: { duration: "1h" } },
      },
    },
    [CERTIFICATES],
    "caRotateInterval, certRotateInterval and caOverlapInterval are deprecated and conflict with " +
    "CertConfig defined rotation parameters",
  ],
  [
    "lifetimes that do not fit",
    {
      certificateRotateStrategy: {
        selfSigned: {
          ca: { duration: "1h", renewBefore: "2h" },
          server: { duration: "3h", renewBefore: "4h" },
        },
      },
    },
    [
      `${CERTIFICATES}.ca.renewBefore`,
      `${CERTIFICATES}.server.renewBefore`,
      `${CERTIFICATES}.server.duration`,
    ],
    `CA RenewBefore cannot exceed Duration (${CERTIFICATES}.ca.duration < ${CERTIFICATES}.ca.renewBefore)`,
  ],
  [
    "ciphers of TLS 1.3",
    { configuration: { tlsConfiguration: { ciphers: ["TLS_RSA_WITH_AES_128_CBC_SHA"] } } },
    [CIPHERS],
    "You cannot specify ciphers when spec.configuration.tlsConfiguration.minTLSVersion is empty or VersionTLS13",
  ],
  [
    "a seccomp profile that says nothing",
    { configuration: { seccompConfiguration: { virtualMachineInstanceProfile: {} } } },
    [PROFILE],
    `${PROFILE} needs to be set`,
  ],
  [
    "two seccomp profiles",
    {
      configuration: {
        seccompConfiguration: {
          virtualMachineInstanceProfile: {
            customProfile: { localhostProfile: "x", runtimeDefaultProfile: true },
          },
        },
      },
    },
    [`${PROFILE}.localhostProfile`, `${PROFILE}.runtimeDefaultProfile`],
    `${PROFILE}.localhostProfile cannot be set when ${PROFILE}.runtimeDefaultProfile is set`,
  ],
  [
    "no replicas",
    { infra: { replicas: 0 } },
    ["spec.infra.replicas"],
    "infra replica count can't be 0",
  ],
];

for (const [what, spec, fields, message] of BAD) {
  Deno.test(`validateKubeVirt() refuses ${what}`, () => {
    const causes = validateKubeVirt(kubevirt(spec));
    assert.deepEqual(causes.map(({ field }) => field), fields);
    assert.equal(causes[0]?.message, message);
  });
}

Deno.test("validateKubeVirt() accepts an object that says nothing, and one that fits", () => {
  assert.deepEqual(validateKubeVirt(kubevirt({})), []);
  const fitting: Spec = {
    certificateRotateStrategy: {
      selfSigned: {
        ca: { duration: "48h", renewBefore: "24h" },
        server: { duration: "24h", renewBefore: "12h" },
      },
    },
    configuration: {
      additionalGuestMemoryOverheadRatio: "1.5",
      tlsConfiguration: {
        minTLSVersion: "VersionTLS12",
        ciphers: ["TLS_RSA_WITH_AES_128_CBC_SHA"],
      },
    },
  };
  assert.deepEqual(validateKubeVirt(kubevirt(fitting)), []);
});

Deno.test("validateKubeVirt() lets a stored object be edited outside its spec", () => {
  const stored = kubevirt({ infra: { replicas: 0 } });
  assert.deepEqual(validateKubeVirt(stored, structuredClone(stored)), []);
});

Deno.test("deprecationWarnings() of a KubeVirt tells of gates and fields that are no use any more", () => {
  const warnings = deprecationWarnings(kubevirt({
    configuration: {
      developerConfiguration: { featureGates: ["Sidecar", "Macvtap", "Levitation"] },
      mediatedDevicesConfiguration: { mediatedDevicesTypes: ["nvidia-222"] },
    },
  }));
  assert.equal(warnings.length, 3);
  assert.match(warnings[0] ?? "", /Macvtap has been discontinued/);
  assert.match(warnings[1] ?? "", /Levitation is not known/);
  assert.match(warnings[2] ?? "", /mediatedDevicesTypes is deprecated, use mediatedDeviceTypes/);
});
