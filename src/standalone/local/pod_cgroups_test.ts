import assert from "node:assert/strict";
import type { Pod } from "../../resources/core_objects.ts";
import { limitFiles, podLimits } from "./pod_cgroups.ts";

function pod(...resources: Pod["spec"]["containers"][number]["resources"][]): Pod {
  const containers = resources.map((each, index) => ({
    name: `c${index}`,
    image: "i",
    command: [],
    securityContext: {},
    volumeMounts: [],
    resources: each,
  }));
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "p", uid: "u" }, spec: { containers } };
}

Deno.test("podLimits() limits a pod only where each of its containers is limited", () => {
  const limits = { cpu: "1", memory: "100Mi" };
  assert.deepEqual(podLimits(pod({ requests: { cpu: "500m" }, limits }, {})), { milliCpu: 500 });
  assert.deepEqual(podLimits(pod({ limits }, { requests: { cpu: "10m" }, limits })), {
    milliCpu: 10,
    milliCpuMax: 2000,
    memoryBytesMax: 200 * 2 ** 20,
  });
});

Deno.test("limitFiles() are the kubelet's, in both versions", () => {
  const limits = { milliCpu: 1000, milliCpuMax: 1500, memoryBytesMax: 1024 };
  assert.deepEqual(limitFiles(limits, 1), [
    ["cpu.shares", "1024"],
    ["cpu.cfs_quota_us", "150000"],
    ["memory.limit_in_bytes", "1024"],
  ]);
  assert.deepEqual(limitFiles(limits, 2), [
    ["cpu.weight", "39"],
    ["cpu.max", "150000 100000"],
    ["memory.max", "1024"],
  ]);
  assert.deepEqual(limitFiles({ milliCpu: 0 }, 2), [["cpu.weight", "1"]]);
});
