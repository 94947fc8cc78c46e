import assert from "node:assert/strict";
import type { ClusterNode } from "./cluster_node.ts";
import { guestProcess } from "./guest_process.ts";
import { killAgent } from "./kill_agent.ts";
import { clusterTest } from "./test_bed.ts";
import { kernelVirtualMachine, RUNTIME_VARIABLE, TestVirtualMachine } from "./virtual_machine.ts";

const LAUNCH_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 120_000;
const DELETE_TIMEOUT_MS = 120_000;
const UNPACKED = /^\/run\/denovirt\/bin-[0-9a-f]{16}$/;

clusterTest("compiled programs run a guest from apply to delete", async (bed) => {
  const { cluster, api, step } = bed;
  const vm = new TestVirtualMachine(bed, "compiled");
  await cluster.apply(await kernelVirtualMachine(vm.name));
  const running = await vm.waitForPhase("Running", { timeoutMs: LAUNCH_TIMEOUT_MS });
  const node = cluster.node(running.status?.nodeName ?? "");
  const guest = await guestProcess(node, vm.name);
  assert.match(guest, /^\d+$/);

  await step("the native parts are unpacked where root alone enters", async () => {
    const domain = (await node.shell("readlink /proc/$(pgrep -o denovirt-domain)/exe")).trim();
    const directory = domain.replace(/\/denovirt-domain$/, "");
    assert.match(directory, UNPACKED);
    assert.equal((await node.run(["stat", "-c", "%a %U", directory])).trim(), "700 root");
    const agent = await agentProcess(node);
    const maps = await node.run(["cat", `/proc/${agent}/maps`]);
    assert.ok(maps.includes(`${directory}/libdenovirt.so`));
    assert.match(await node.run(["readlink", `/proc/${agent}/exe`]), /\/denovirt-node\n$/);
  });

  await step("verbs work, or are refused by a runtime that cannot verify who calls", async () => {
    const path = `/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachineinstances/` +
      `${vm.name}/pause`;
    const { status, body } = await api.request("PUT", path, {});
    if (Deno.env.get(RUNTIME_VARIABLE) === "incomplete") {
      assert.equal(status, 503, JSON.stringify(body));
      assert.equal((await vm.vm())?.status?.printableStatus, "Running");
    } else {
      assert.equal(status, 200, JSON.stringify(body));
    }
  });

  await step("the next agent adopts the guest of one that was killed", async () => {
    await killAgent(cluster, node, agentProcess);
    assert.equal(await guestProcess(node, vm.name), guest);
    assert.equal((await vm.vmi())?.metadata.uid, running.metadata.uid);
    assert.equal((await vm.vmi())?.status?.phase, "Running");
  });

  await step("Halted stops it", async () => {
    const patch = JSON.stringify({ spec: { runStrategy: "Halted", running: null } });
    await cluster.kubectl(["patch", "vm", vm.name, "--type=merge", "--patch", patch]);
    await vm.waitForVm("to be stopped", {
      timeoutMs: STOP_TIMEOUT_MS,
      until: ({ status }) => status?.printableStatus === "Stopped",
    });
    assert.equal(await guestProcess(node, vm.name), "");
    await vm.delete(DELETE_TIMEOUT_MS);
  });
});

async function agentProcess(node: ClusterNode): Promise<string> {
  return (await node.shell("pgrep -x denovirt-node || true")).trim();
}
