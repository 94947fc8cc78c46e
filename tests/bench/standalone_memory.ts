/** Resident memory of `denovirt-node standalone`, idle and with guests that run. */
import { VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "../../src/api/registry.ts";
import type { VirtualMachine } from "../../src/api/virtual_machine.ts";
import type { KubeClient, Resource } from "../../src/kube/client.ts";
import { kubeconfigConnection } from "../../src/kube/connection.ts";
import { NODES } from "../../src/kube/core_resources.ts";
import { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { imageOf, writeGuestArchive } from "../real_node/guest_image.ts";
import { StandaloneDirectory, StandaloneProcess } from "../standalone/standalone_process.ts";
import { memoryAtRest, type Resident } from "./memory_at_rest.ts";

/** Software emulation on busy cores, of all guests. */
const TIMEOUT_MS = 600_000;
const INTERVAL_MS = 1_000;
const NAMESPACE = "default";
const GUESTS: Resource = VIRTUAL_MACHINE_INSTANCES;

export interface StandaloneMemory {
  guests: number;
  /** It serves, and has no VM. */
  idle: Resident;
  /** All guests run. */
  loaded: Resident;
}

export async function standaloneMemory(
  nativeDirectory: string,
  { guests, scale = 1 }: { guests: number; scale?: number },
): Promise<StandaloneMemory> {
  await using own = await StandaloneDirectory.make();
  const directory = own.path;
  await writeGuestArchive(directory, { behaviour: "sleeps", tag: "1" });
  await using standalone = await StandaloneProcess.start({
    directory,
    nativeDirectory,
    images: [directory],
    flags: ["--stop-guests"],
  });
  const connection = await kubeconfigConnection(standalone.kubeconfigPath);
  using client = new FetchClient({ connection, userAgent: "bench-user/0" });
  await until("the node", client, NODES, (nodes) => nodes.length === 1);
  const idle = await memoryAtRest(standalone.pid, scale);
  for (let index = 0; index < guests; index++) {
    await client.create(VIRTUAL_MACHINES, vm(`guest-${index}`), { namespace: NAMESPACE });
  }
  await until("all guests to run", client, GUESTS, (all) => all.filter(runs).length === guests);
  return { guests, idle, loaded: await memoryAtRest(standalone.pid, scale) };
}

async function until(
  what: string,
  client: KubeClient,
  resource: Resource,
  holds: (objects: readonly KubeObject[]) => boolean,
): Promise<void> {
  await waitUntil({
    what,
    timeoutMs: TIMEOUT_MS,
    intervalMs: INTERVAL_MS,
    look: async () => (await client.list(resource)).items,
    until: holds,
    tell: (objects) => JSON.stringify(objects.map((each) => (each as Instance).status?.phase)),
  });
}

interface Instance {
  status?: { phase?: string };
}

function runs(instance: KubeObject): boolean {
  return (instance as Instance).status?.phase === "Running";
}

/** It sleeps, and asks for a small share of a CPU, so that many fit. */
function vm(name: string): Omit<VirtualMachine, "metadata"> & { metadata: { name: string } } {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name },
    spec: {
      runStrategy: "Always",
      template: {
        spec: {
          terminationGracePeriodSeconds: 0,
          domain: {
            memory: { guest: "32Mi" },
            resources: { requests: { cpu: "10m" } },
            devices: {
              autoattachGraphicsDevice: false,
              disks: [{ name: "root", disk: { bus: "virtio" } }],
              interfaces: [{ name: "default", masquerade: {} }],
            },
          },
          networks: [{ name: "default", pod: {} }],
          volumes: [{ name: "root", containerDisk: { image: `${imageOf("sleeps")}:1` } }],
        },
      },
    },
  };
}
