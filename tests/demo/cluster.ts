/**
 * The main job on a cluster, step by step with a real guest: create, schedule, launch, console, stop, delete. Brings up a real
 * control plane and a real node on this machine, installs deploy/ as the README says, and takes everything away again.
 *
 *   deno run --allow-all tests/demo/cluster.ts
 */
import { writeProductImages } from "../../deploy/images/product_images.ts";
import { ApiServer } from "../cluster/api_server.ts";
import { Cluster } from "../cluster/cluster.ts";
import { install } from "../cluster/install.ts";
import { newTraces, nodeTraces } from "../cluster/node_traces.ts";
import { sample, TestVirtualMachine } from "../cluster/virtual_machine.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { kernelGuestImage } from "../toolchain/build_guest_images.ts";
import { nativeDirectory } from "../toolchain/build_native.ts";
import { testImages } from "../toolchain/build_test_images.ts";
import { prepareMachine } from "../toolchain/prepare.ts";
import { say } from "../toolchain/progress.ts";
import { askGuest, GUEST, SLOW_MS } from "./ask_guest.ts";
import { bold, quote, Stages } from "./stages.ts";

async function images(directory: string): Promise<string[]> {
  const native = await nativeDirectory();
  const product = await writeProductImages({ directory, nativeDirectory: native });
  return [...await testImages(), await kernelGuestImage(), ...product];
}

async function startCluster(): Promise<Cluster> {
  const directory = await Deno.makeTempDir({ prefix: "denovirt-demo-" });
  try {
    return await Cluster.start({ nodes: 1, images: await images(directory) });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function main(): Promise<void> {
  const stages = new Stages();
  await stages.run("prepare this machine", () => prepareMachine(), "told by the work");
  await using cluster = await stages.run(
    "build what is missing, start a real control plane and a node",
    startCluster,
    "told by the work",
  );
  await stages.run(
    "install: kubectl apply --server-side -k deploy",
    () => install(cluster),
    "told by the work",
  );
  using api = await ApiServer.connect(cluster.kubeconfigPath);
  const vm = new TestVirtualMachine({ cluster, api }, GUEST.name);
  const node = cluster.nodes[0];
  if (node === undefined) throw new Error("Cannot show a guest: the cluster has no node");
  const before = await nodeTraces(node);

  await stages.run("create: kubectl apply -f deploy/samples/vm_kernel.yaml", async () => {
    quote(await cluster.apply(await sample("vm_kernel.yaml")));
  });
  await stages.run("schedule: the scheduler finds a node for its pod", async () => {
    const vmi = await waitUntil({
      what: "the instance to be scheduled",
      timeoutMs: SLOW_MS,
      look: () => vm.vmi(),
      until: (seen) => seen?.status?.nodeName !== undefined,
      tell: (seen) => JSON.stringify(seen?.status ?? {}),
    });
    quote(`on ${vmi?.status?.nodeName}`);
  });
  await stages.run("launch: the agent starts QEMU inside the pod", async () => {
    await vm.waitForPhase("Running", { timeoutMs: SLOW_MS });
    quote(await cluster.kubectl(["get", "vm,vmi", "-o", "wide"]));
  });
  const answer = await stages.run("console: type a command to the guest", () => askGuest(api));
  await stages.run("stop: PUT .../virtualmachines/kernel/stop, as virtctl does", async () => {
    await vm.verb("virtualmachines", "stop", { expect: 202, body: {} });
    await vm.waitForVm("to be stopped", {
      timeoutMs: SLOW_MS,
      until: ({ status }) => status?.printableStatus === "Stopped",
    });
    quote(await cluster.kubectl(["get", "vm"]));
  });
  await stages.run("delete: nothing is left on the node", async () => {
    await vm.delete(SLOW_MS);
    await waitUntil({
      what: "the node to be as it was",
      timeoutMs: SLOW_MS,
      intervalMs: 1_000,
      look: async () => newTraces(before, await nodeTraces(node)),
      until: (left) => left.length === 0,
      tell: (left) => left.join("; "),
    });
  });
  say(bold("\nHow long each stage took"));
  say(stages.table());
  say(bold("\nThe guest's answer"));
  Deno.stdout.writeSync(new TextEncoder().encode(`${answer}\n`));
}

await main();
