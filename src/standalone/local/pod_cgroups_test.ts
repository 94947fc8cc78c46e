import assert from "node:assert/strict";
import type { Pod } from "../../resources/core_objects.ts";
import { type Clock, SYSTEM_CLOCK } from "../../runtime/clock.ts";
import { limitFiles, PodCgroups, podLimits } from "./pod_cgroups.ts";

/** A process with several threads, as a guest's is, that joins cgroups, and takes the kernel a while to end for its memory. */
const HOLD = `
  for (const path of Deno.args) Deno.writeTextFileSync(path + "/cgroup.procs", String(Deno.pid));
  globalThis.held = new Uint8Array(64 * 1024 * 1024).fill(1);
  console.log("held");
  setTimeout(() => {}, 600_000);
`;

/** Where cgroups of version 2 are mounted, or what there is. */
async function version2(): Promise<string> {
  const unified = "/sys/fs/cgroup/unified";
  return await Deno.stat(unified).then(() => unified, () => "/sys/fs/cgroup");
}

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

Deno.test({
  name: "PodCgroups.remove() waits for processes that are named no more and have threads left",
  ignore: Deno.uid() !== 0,
  async fn() {
    // Looks again at once: the shorter the time between, the surer a look while one is on its end.
    const clock: Clock = {
      ...SYSTEM_CLOCK,
      setTimer: (callback) => SYSTEM_CLOCK.setTimer(callback, 0),
    };
    const cgroups = await PodCgroups.open(
      `denovirt-test-${crypto.randomUUID()}`,
      clock,
      await version2(),
    );
    try {
      for (let round = 0; round < 5; round++) {
        const podUid = crypto.randomUUID();
        const paths = await cgroups.make(podUid, { milliCpu: 0 });
        const process = new Deno.Command(Deno.execPath(), {
          args: ["eval", HOLD, ...paths],
          stdin: "null",
          stdout: "piped",
          stderr: "null",
        }).spawn();
        const reader = process.stdout.getReader();
        await reader.read();
        await cgroups.remove(podUid);
        assert.equal(await cgroups.has(podUid), false);
        await Promise.all([process.status, reader.cancel()]);
      }
    } finally {
      await cgroups.close();
    }
  },
});
