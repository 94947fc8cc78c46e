import assert from "node:assert/strict";
import type { KubeVirt } from "../../api/kubevirt.ts";
import { clusterDefaults } from "../cluster_defaults.ts";
import { effectiveConfiguration, primaryKubeVirt } from "./configuration.ts";
import { isFeatureGateEnabled } from "./feature_gates.ts";

function kubevirt(spec: KubeVirt["spec"], metadata: Partial<KubeVirt["metadata"]> = {}): KubeVirt {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "KubeVirt",
    metadata: { name: "kubevirt", namespace: "kubevirt", uid: "u1", ...metadata },
    spec,
  };
}

Deno.test("effectiveConfiguration() has KubeVirt's defaults when there is no KubeVirt object", () => {
  const configuration = effectiveConfiguration(undefined);
  assert.equal(configuration.useEmulation, false);
  assert.equal(configuration.cpuAllocationRatio, 10);
  assert.equal(configuration.memoryOvercommitPercent, 100);
  assert.equal(configuration.overheadRatio, 1);
  assert.equal(configuration.evictionStrategy, "None");
  assert.equal(configuration.vmRolloutStrategy, "LiveUpdate");
  assert.equal(configuration.imagePullPolicy, "IfNotPresent");
});

Deno.test("effectiveConfiguration() emulates where no node offers KVM", () => {
  const node = (allocatable: Record<string, string>) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "node1", uid: "n1" },
    status: { allocatable },
  });
  const cases: [ReturnType<typeof node>[], boolean][] = [
    [[], true],
    [[node({ cpu: "2" })], true],
    [[node({ "devices.kubevirt.io/kvm": "0" })], true],
    [[node({ cpu: "2" }), node({ "devices.kubevirt.io/kvm": "1k" })], false],
  ];
  for (const [nodes, emulated] of cases) {
    assert.equal(effectiveConfiguration(undefined, nodes).useEmulation, emulated);
  }
});

Deno.test("effectiveConfiguration() takes what the object says", () => {
  const configuration = effectiveConfiguration(kubevirt({
    configuration: {
      additionalGuestMemoryOverheadRatio: "1.5",
      developerConfiguration: {
        useEmulation: true,
        cpuAllocationRatio: 1,
        featureGates: ["Sidecar"],
        nodeSelectors: { zone: "a" },
      },
    },
  }));
  assert.equal(configuration.useEmulation, true);
  assert.equal(configuration.cpuAllocationRatio, 1);
  assert.equal(configuration.overheadRatio, 1.5);
  assert.deepEqual(configuration.nodeSelectors, { zone: "a" });
  assert.equal(configuration.isFeatureGateEnabled("Sidecar"), true);
});

Deno.test("effectiveConfiguration() ignores figures that make no sense", () => {
  const configuration = effectiveConfiguration(kubevirt({
    configuration: {
      additionalGuestMemoryOverheadRatio: "lots",
      developerConfiguration: { cpuAllocationRatio: 0 },
    },
  }));
  assert.equal(configuration.overheadRatio, 1);
  assert.equal(configuration.cpuAllocationRatio, 10);
});

const gates: [gate: string, enabled: string[], disabled: string[], expected: boolean][] = [
  ["LiveMigration", [], ["LiveMigration"], true],
  ["Snapshot", [], [], true],
  ["Snapshot", [], ["Snapshot"], false],
  ["Snapshot", ["Snapshot"], ["Snapshot"], true],
  ["Sidecar", [], [], false],
  ["Sidecar", ["Sidecar"], [], true],
  ["NoSuchGate", [], [], false],
];
for (const [gate, enabled, disabled, expected] of gates) {
  Deno.test(`isFeatureGateEnabled() is ${expected} for ${gate}, +[${enabled}] -[${disabled}]`, () => {
    assert.equal(isFeatureGateEnabled(gate, { enabled, disabled }), expected);
  });
}

Deno.test("clusterDefaults() tells admission of the gates that are on, by the same rule", () => {
  const lists = { featureGates: ["HostDisk"], disabledFeatureGates: ["Snapshot"] };
  const { featureGates } = clusterDefaults(kubevirt({
    configuration: { developerConfiguration: lists },
  }));
  const expected = { HostDisk: true, Snapshot: false, ImageVolume: true, VSOCK: false };
  for (const [gate, isOn] of Object.entries(expected)) {
    assert.equal(featureGates.includes(gate), isOn, gate);
  }
});

Deno.test("primaryKubeVirt() is the oldest object", () => {
  const older = kubevirt({}, { uid: "b", creationTimestamp: "2026-01-01T00:00:00Z" });
  const newer = kubevirt({}, { uid: "a", creationTimestamp: "2026-01-02T00:00:00Z" });
  assert.equal(primaryKubeVirt([newer, older]), older);
  assert.equal(primaryKubeVirt([]), undefined);
});
