import assert from "node:assert/strict";
import type { ResourceRequirements } from "../../api/resources.ts";
import { formatBytes, parseBytes } from "../../api/quantity.ts";
import { type ClusterConfiguration, effectiveConfiguration } from "../kubevirt/configuration.ts";
import { vmi, withDomain } from "../testing/builders.ts";
import { type AutomaticLimits, automaticLimits, needsNamespace } from "./automatic_limits.ts";
import { overheadBytes } from "./overhead.ts";
import { computeResources } from "./pod_resources.ts";

const DEFAULTS = effectiveConfiguration(undefined);
const SELECTING: ClusterConfiguration = {
  ...DEFAULTS,
  autoCpuLimitNamespaces: { matchLabels: { limited: "yes" } },
};
const RATIO = "alpha.kubevirt.io/auto-memory-limits-ratio";

const quota = (hard: Record<string, string>) => ({
  apiVersion: "v1",
  kind: "ResourceQuota",
  metadata: { name: "all", namespace: "shop", uid: "44444444-4444-4444-8444-444444444444" },
  spec: { hard },
});
const CPU = quota({ "limits.cpu": "8" });
const MEMORY = quota({ "limits.memory": "16Gi" });
const asking = (resources: ResourceRequirements) => vmi(withDomain({ resources }));

interface Case {
  name: string;
  given: Partial<Parameters<typeof automaticLimits>[0]>;
  limits: AutomaticLimits;
}
const NONE: AutomaticLimits = { vcpus: false, everyContainer: false };
const CASES: Case[] = [
  { name: "none without a quota", given: {}, limits: NONE },
  {
    name: "none by a quota without limits",
    given: { resourceQuotas: [quota({ "requests.memory": "16Gi", pods: "3" })] },
    limits: NONE,
  },
  {
    name: "vCPUs, in every container, by a quota of CPU limits",
    given: { resourceQuotas: [quota({ pods: "3" }), CPU] },
    limits: { vcpus: true, everyContainer: true },
  },
  {
    name: "memory, at twice the request, by a quota of memory limits",
    given: { resourceQuotas: [MEMORY] },
    limits: { ...NONE, memoryRatio: 2 },
  },
  {
    name: "memory at the ratio of the namespace",
    given: { resourceQuotas: [MEMORY], namespaceLabels: { [RATIO]: "1.25" } },
    limits: { ...NONE, memoryRatio: 1.25 },
  },
  ...["", "0.5", "-3", "much", "Infinity"].map((ratio) => ({
    name: `memory at twice the request where the ratio is ${JSON.stringify(ratio)}`,
    given: { resourceQuotas: [MEMORY], namespaceLabels: { [RATIO]: ratio } },
    limits: { ...NONE, memoryRatio: 2 },
  })),
  {
    name: "no memory by the namespace's ratio alone",
    given: { namespaceLabels: { [RATIO]: "1.25" } },
    limits: NONE,
  },
  {
    name: "vCPUs in a namespace that the installation selects",
    given: { configuration: SELECTING, namespaceLabels: { limited: "yes" } },
    limits: { ...NONE, vcpus: true },
  },
  {
    name: "none in a namespace that the installation does not select",
    given: { configuration: SELECTING, namespaceLabels: { limited: "no" } },
    limits: NONE,
  },
  {
    name: "none beside the user's, but for the other containers",
    given: {
      vmi: asking({ limits: { cpu: 1, memory: "1Gi" } }),
      configuration: SELECTING,
      resourceQuotas: [CPU, MEMORY],
      namespaceLabels: { limited: "yes" },
    },
    limits: { ...NONE, everyContainer: true },
  },
];

for (const { name, given, limits } of CASES) {
  Deno.test(`automaticLimits() sets ${name}`, () => {
    assert.deepEqual(automaticLimits({ vmi: vmi(), configuration: DEFAULTS, ...given }), limits);
  });
}

Deno.test("needsNamespace() holds where a label of the namespace can count", () => {
  const input = { vmi: vmi(), configuration: DEFAULTS };
  assert.equal(needsNamespace(input), false);
  assert.equal(needsNamespace({ ...input, resourceQuotas: [CPU] }), false);
  assert.equal(needsNamespace({ ...input, resourceQuotas: [MEMORY] }), true);
  assert.equal(needsNamespace({ ...input, configuration: SELECTING }), true);
});

Deno.test("computeResources() limits the guest to its vCPUs, but never below its request", () => {
  const limits = { vcpus: true, everyContainer: true };
  const sized = vmi(withDomain({ cpu: { sockets: 2, cores: 2, threads: 1 } }));
  assert.equal(computeResources(sized, DEFAULTS, limits).limits?.cpu, "4");
  const asked = asking({ requests: { cpu: "2500m" } });
  assert.equal(computeResources(asked, DEFAULTS, limits).limits?.cpu, "2500m");
});

Deno.test("computeResources() limits memory by the ratio, but never below the guest's own and its overhead", () => {
  const overhead = overheadBytes(vmi(), DEFAULTS);
  const own = parseBytes("512Mi") + overhead;
  const limitOf = (ratio: number, configuration = DEFAULTS) =>
    computeResources(vmi(), configuration, { ...NONE, memoryRatio: ratio }).limits?.memory;
  assert.equal(limitOf(2), formatBytes(own * 2));
  assert.equal(limitOf(1), formatBytes(own));
  assert.equal(limitOf(1, { ...DEFAULTS, memoryOvercommitPercent: 400 }), formatBytes(own));
});
