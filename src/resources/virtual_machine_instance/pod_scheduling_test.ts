import assert from "node:assert/strict";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import { effectiveConfiguration } from "../kubevirt/configuration.ts";
import { vmi, withSpec } from "../testing/builders.ts";
import { launcherPod } from "./pod.ts";

const configuration = effectiveConfiguration(undefined);
const envelopeImage = "registry.example/envelope:1";
const podSpec = (spec: Partial<VirtualMachineInstanceSpec>) =>
  launcherPod({ vmi: vmi(withSpec(spec)), configuration, envelopeImage }).spec;

const AS_GIVEN: Partial<VirtualMachineInstanceSpec>[] = [
  { tolerations: [{ key: "vms", operator: "Exists", effect: "NoSchedule" }] },
  {
    topologySpreadConstraints: [{
      maxSkew: 1,
      topologyKey: "zone",
      whenUnsatisfiable: "DoNotSchedule",
      labelSelector: { matchLabels: { app: "web" } },
    }],
  },
  { schedulerName: "other-scheduler" },
  { priorityClassName: "important" },
];

for (const given of AS_GIVEN) {
  const [[field = "", value] = []] = Object.entries(given);
  Deno.test(`launcherPod() gives the pod the instance's ${field}, and none where there is none`, () => {
    assert.deepEqual(Object.entries(podSpec(given)).find(([name]) => name === field)?.[1], value);
    assert.ok(!(field in podSpec({})));
  });
}

Deno.test("launcherPod() selects nodes by the instance's nodeSelector besides its own", () => {
  const ours = podSpec({}).nodeSelector;
  assert.equal(ours?.["kubevirt.io/schedulable"], "true");
  assert.deepEqual(podSpec({ nodeSelector: { zone: "a" } }).nodeSelector, { zone: "a", ...ours });
});

Deno.test("launcherPod() keeps the labels that it needs of a node when the instance names them", () => {
  const { nodeSelector } = podSpec({ nodeSelector: { "kubevirt.io/schedulable": "false" } });
  assert.equal(nodeSelector?.["kubevirt.io/schedulable"], "true");
});

Deno.test("launcherPod() keeps all parts of the instance's affinity, and adds its own to each term", () => {
  const podAntiAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: [{
      topologyKey: "kubernetes.io/hostname",
      labelSelector: { matchLabels: { app: "web" } },
    }],
  };
  const zone = (value: string) => ({ key: "zone", operator: "In", values: [value] });
  const affinity = podSpec({
    affinity: {
      podAntiAffinity,
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchExpressions: [zone("a")] },
            { matchExpressions: [zone("b")] },
          ],
        },
      },
    },
  }).affinity as {
    podAntiAffinity: unknown;
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: { matchExpressions: { key: string; values?: string[] }[] }[];
      };
    };
  };
  assert.deepEqual(affinity.podAntiAffinity, podAntiAffinity);
  const { nodeSelectorTerms } = affinity.nodeAffinity
    .requiredDuringSchedulingIgnoredDuringExecution;
  assert.deepEqual(
    nodeSelectorTerms.map(({ matchExpressions }) =>
      matchExpressions.find(({ key }) => key === "zone")?.values
    ),
    [["a"], ["b"]],
  );
});
