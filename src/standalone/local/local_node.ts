/** The Node object of this machine: what the kubelet would say of it. */
import { VHOST_NET_DEVICE_RESOURCE } from "../../api/labels.ts";
import { AlreadyExistsError, type KubeClient } from "../../kube/client.ts";
import { NODES } from "../../kube/core_resources.ts";
import { guestDevices, NodeDeviceProbe } from "../../node/device_plugins/node_device.ts";
import type { Node } from "../../resources/core_objects.ts";
import { toWholeSeconds } from "../../resources/timestamp.ts";
import type { Clock } from "../../runtime/clock.ts";

/** Left for the machine itself, this program and libvirt's probes. */
const RESERVED_MEMORY_BYTES = 256 * 1024 * 1024;
const PODS_MAX = 250;
/** Any number of guests can use a device at the same time: as the device plugins offer them. */
const SLOTS = "1000";
/** Machines that say nothing of their own. */
const ADDRESS_DEFAULT = "127.0.0.1";

export interface LocalNodeOptions {
  client: KubeClient;
  nodeName: string;
  version: string;
  clock: Clock;
  /** Why KVM cannot be used; `undefined`: it can. */
  proveKvm: () => Promise<string | undefined>;
  signal: AbortSignal;
}

/** Creates the Node, or brings it up to date. */
export async function registerLocalNode(options: LocalNodeOptions): Promise<void> {
  const { client, nodeName, signal } = options;
  const labels = {
    "kubernetes.io/hostname": nodeName,
    "kubernetes.io/arch": "amd64",
    "kubernetes.io/os": "linux",
  };
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: nodeName, labels } };
  try {
    await client.create<Node>(NODES, node, { signal });
  } catch (error) {
    if (!(error instanceof AlreadyExistsError)) throw error;
    await client.patch(NODES, { name: nodeName }, { metadata: { labels } }, { signal });
  }
  const patch = { status: await nodeStatus(options) };
  const status = { subresource: "status", type: "strategic", signal } as const;
  await client.patch(NODES, { name: nodeName }, patch, status);
}

async function nodeStatus({ clock, nodeName, proveKvm, version }: LocalNodeOptions) {
  const memory = Deno.systemMemoryInfo().total;
  const devices: Record<string, string> = {};
  for (const device of guestDevices({ proveKvm })) {
    const why = await new NodeDeviceProbe(device).look();
    // Without it QEMU moves the packets itself.
    const isNeeded = device.resource !== VHOST_NET_DEVICE_RESOURCE;
    devices[device.resource] = why === undefined || !isNeeded ? SLOTS : "0";
  }
  const common = {
    cpu: `${navigator.hardwareConcurrency}`,
    pods: `${PODS_MAX}`,
    ...devices,
  };
  const now = toWholeSeconds(clock.now().toISOString());
  return {
    capacity: { ...common, memory: kibibytes(memory), "ephemeral-storage": "1Ti" },
    allocatable: {
      ...common,
      memory: kibibytes(memory - RESERVED_MEMORY_BYTES),
      "ephemeral-storage": "1Ti",
    },
    addresses: [
      { type: "InternalIP", address: machineAddress() },
      { type: "Hostname", address: nodeName },
    ],
    conditions: [{
      type: "Ready",
      status: "True",
      reason: "KubeletReady",
      message: "pods of virtual machines run here",
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    }],
    nodeInfo: {
      architecture: "amd64",
      operatingSystem: "linux",
      kernelVersion: Deno.osRelease(),
      osImage: "",
      kubeletVersion: `denovirt-${version}`,
      kubeProxyVersion: "",
      containerRuntimeVersion: `denovirt://${version}`,
      machineID: "",
      systemUUID: "",
      bootID: "",
    },
  };
}

/** The first that is not on loopback and no bridge of guests. */
export function machineAddress(): string {
  const addresses = Deno.networkInterfaces().filter(({ family, name, address }) =>
    family === "IPv4" && !address.startsWith("127.") &&
    !/^(denovirt|docker|virbr|cni|br-)/.test(name)
  );
  return addresses[0]?.address ?? ADDRESS_DEFAULT;
}

function kibibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024)}Ki`;
}
