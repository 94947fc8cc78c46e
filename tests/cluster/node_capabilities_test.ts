import assert from "node:assert/strict";
import type { ClusterNode } from "./cluster_node.ts";
import { clusterTest, type TestBed } from "./test_bed.ts";
import { kernelVirtualMachine, TestVirtualMachine } from "./virtual_machine.ts";
import { waitUntil } from "./wait_until.ts";

const LAUNCH_TIMEOUT_MS = 180_000;
const KUBELET_TIMEOUT_MS = 60_000;
const DELETE_TIMEOUT_MS = 120_000;
const TUN = "devices.kubevirt.io/tun";
const SLOTS = "1k";
const PLUGINS = "/var/lib/kubelet/device-plugins";

interface NodeObject {
  metadata: { labels: Record<string, string> };
  status: { allocatable: Record<string, string> };
}
interface PodWithResources {
  spec: {
    nodeSelector: Record<string, string>;
    containers: { name: string; resources: { limits?: Record<string, string> } }[];
  };
}

clusterTest("nodes say what they can do, and pods of guests ask for it", async (bed) => {
  const { cluster, api, step } = bed;
  const [node] = cluster.nodes;
  assert.ok(node);

  await step("labels tell machine types and CPUs", async () => {
    const { labels } = (await nodeObject(bed, node)).metadata;
    assert.equal(labels["machine-type.node.kubevirt.io/q35"], "true");
    for (const prefix of ["cpu-model", "cpu-feature", "cpu-vendor", "host-model-cpu"]) {
      const found = Object.keys(labels).some((key) =>
        key.startsWith(`${prefix}.node.kubevirt.io/`)
      );
      assert.ok(found, `no label ${prefix}.node.kubevirt.io/*`);
    }
  });

  await step("a guest's pod holds a slot and is given the device", async () => {
    const vm = new TestVirtualMachine(bed, "with-devices");
    await cluster.apply(await kernelVirtualMachine(vm.name));
    const running = await vm.waitForPhase("Running", { timeoutMs: LAUNCH_TIMEOUT_MS });
    const name = (await vm.pod())?.metadata.name;
    const pod = await api.get<PodWithResources>(`/api/v1/namespaces/default/pods/${name}`);
    const [compute] = pod?.spec.containers ?? [];
    assert.equal(compute?.resources.limits?.[TUN], "1");
    assert.equal(pod?.spec.nodeSelector["machine-type.node.kubevirt.io/q35"], "true");
    const host = cluster.node(running.status?.nodeName ?? "");
    const envelope = await host.shell("pgrep -o -f '^/envelope run'");
    await host.shell(`test -c /proc/${envelope.trim()}/root/dev/net/tun`);
    await vm.delete(DELETE_TIMEOUT_MS);
  });

  await step("a socket that was removed is served and registered anew", async () => {
    const socket = `${PLUGINS}/denovirt-tun.sock`;
    // A new file may be given the number of the one that was removed; its time of change is new.
    const identity = () => node.shell(`stat -c '%i %z' ${socket}`);
    const before = await identity();
    await node.run(["rm", socket]);
    await waitUntil({
      what: "the plugin's socket",
      timeoutMs: KUBELET_TIMEOUT_MS,
      look: identity,
      until: (seen) => seen !== before,
    });
    await waitForSlots(bed, node, (slots) => slots === SLOTS);
  });

  await step(
    "an agent that goes takes its slots along, and its successor brings them back",
    async () => {
      await cluster.kubectl([
        "-n",
        "kubevirt",
        "delete",
        "pod",
        "-l",
        "kubevirt.io=denovirt-node",
        `--field-selector=spec.nodeName=${node.name}`,
      ]);
      await waitForSlots(bed, node, (slots) => slots === SLOTS);
      await waitUntil({
        what: `${node.name} to take guests again`,
        timeoutMs: KUBELET_TIMEOUT_MS,
        look: () => nodeObject(bed, node),
        until: ({ metadata }) => metadata.labels["kubevirt.io/schedulable"] === "true",
        tell: ({ metadata }) => `${metadata.labels["kubevirt.io/schedulable"]}`,
      });
    },
  );
});

async function waitForSlots(
  bed: TestBed,
  node: ClusterNode,
  until: (slots: string | undefined) => boolean,
): Promise<void> {
  await waitUntil({
    what: `slots of ${TUN} on ${node.name}`,
    timeoutMs: KUBELET_TIMEOUT_MS,
    look: async () => (await nodeObject(bed, node)).status.allocatable[TUN],
    until,
  });
}

async function nodeObject({ api }: TestBed, { name }: ClusterNode): Promise<NodeObject> {
  const node = await api.get<NodeObject>(`/api/v1/nodes/${name}`);
  if (node === undefined) throw new Error(`Cannot find node ${name}`);
  return node;
}
