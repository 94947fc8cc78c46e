import assert from "node:assert/strict";
import type { ClusterNode } from "./cluster_node.ts";
import { GuestConsole } from "./guest_console.ts";
import { guestProcess } from "./guest_process.ts";
import { agentsReady, killAgent } from "./kill_agent.ts";
import { clusterTest } from "./test_bed.ts";
import { kernelVirtualMachine, TestVirtualMachine } from "./virtual_machine.ts";
import { waitUntil } from "./wait_until.ts";

const LAUNCH_TIMEOUT_MS = 120_000;
const BOOT_TIMEOUT_MS = 120_000;
const RESTART_TIMEOUT_MS = 120_000;
const DELETE_TIMEOUT_MS = 120_000;

clusterTest("guests outlive the node agent, and the next agent adopts them", async (bed) => {
  const { cluster, api, step } = bed;
  const vm = new TestVirtualMachine(bed, "survivor");
  await cluster.apply(await kernelVirtualMachine(vm.name));
  const running = await vm.waitForPhase("Running", { timeoutMs: LAUNCH_TIMEOUT_MS });
  const node = cluster.node(running.status?.nodeName ?? "");
  const guest = await guestProcess(node, vm.name);
  assert.match(guest, /^\d+$/);

  await step("something to recognise the guest by", async () => {
    await using terminal = await GuestConsole.open(api, { namespace: "default", name: vm.name });
    await terminal.prompt(/:\/# /, BOOT_TIMEOUT_MS);
    terminal.type("mark=still-here; echo set-$((1+1))\n");
    await terminal.expect(/set-2/, BOOT_TIMEOUT_MS);
  });

  const check = async () => {
    const vmi = await vm.vmi();
    assert.equal(vmi?.metadata.uid, running.metadata.uid);
    assert.equal(vmi?.status?.phase, "Running");
    assert.equal(await guestProcess(node, vm.name), guest);
    await waitUntil({
      what: "the guest to answer on its console",
      timeoutMs: RESTART_TIMEOUT_MS,
      look: async () => {
        await using terminal = await GuestConsole.open(api, {
          namespace: "default",
          name: vm.name,
        });
        await terminal.prompt(/:\/# /, 10_000);
        terminal.type("echo $mark-$((1+1))\n");
        return await terminal.expect(/\n\S*-2/, 10_000);
      },
      until: (seen) => seen.includes("still-here-2"),
    });
  };

  await step("the agent is killed and starts again", async () => {
    await killAgent(cluster, node, agentProcess);
    await check();
  });

  await step("the agent's pod is replaced", async () => {
    await cluster.kubectl([
      "-n",
      "kubevirt",
      "delete",
      "pod",
      "-l",
      "kubevirt.io=denovirt-node",
      `--field-selector=spec.nodeName=${node.name}`,
    ]);
    await agentsReady(cluster);
    await check();
  });

  await step("the guest still obeys", async () => {
    await vm.verb("virtualmachineinstances", "pause", { expect: 200, body: {} });
    await vm.waitForVm("to be paused", {
      timeoutMs: 30_000,
      until: ({ status }) => status?.printableStatus === "Paused",
    });
    await vm.verb("virtualmachineinstances", "unpause", { expect: 200, body: {} });
    await vm.delete(DELETE_TIMEOUT_MS);
    assert.equal(await guestProcess(node, vm.name), "");
  });
});

async function agentProcess(node: ClusterNode): Promise<string> {
  return (await node.shell("pgrep -f '/deno run .*/node[.]js' || true")).trim();
}
