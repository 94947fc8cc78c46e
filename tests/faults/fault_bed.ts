/**
 * A node without a kubelet, for real agents and real guests: a real API server, QEMU in pods. The control plane's and
 * the kubelet's halves are played here: pods come up, VMIs are handed over, and a pod whose envelope ended has ended.
 */
import assert from "node:assert/strict";
import { VIRTUAL_MACHINE_INSTANCES } from "../../src/api/registry.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import { LibvirtHypervisor } from "../../src/hypervisor/libvirt/libvirt_hypervisor.ts";
import { NativeLibrary } from "../../src/hypervisor/native/native.ts";
import { nativeParts, whyNoNativeParts } from "../../src/hypervisor/testing/native_parts.ts";
import { EVENTS, NODES, PODS } from "../../src/kube/core_resources.ts";
import type { FetchClient } from "../../src/kube/fetch_client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { openRealServer, TEST_KUBECONFIG } from "../../src/kube/testing/real_server.ts";
import type { Pod } from "../../src/resources/core_objects.ts";
import { leaseAnnotations } from "../../src/resources/virtual_machine_instance/lease.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import { installCrds } from "../integration/install_crds.ts";
import { imageOf } from "../real_node/guest_image.ts";
import { NodeCgroup } from "../real_node/node_cgroup.ts";
import { PodSandboxes } from "../real_node/pod_sandbox.ts";
import { CountedAgent } from "./counted_agent.ts";
import type { AwaitPlan } from "./await_points.ts";
import { CountingConsole } from "./counting_console.ts";

/** Software emulation on two busy cores; an idle machine needs a twentieth of it. */
const SLOW_MS = 120_000;
const LOOK_MS = 20;
const NATIVE_FILES = ["libdenovirt.so", "denovirt-domain", "envelope"] as const;
const FINALIZER = "kubevirt.io/foregroundDeleteVirtualMachine";

/** Why real agents cannot be tested here; `undefined`: they can. */
export function whyNoFaultBed(): string | undefined {
  return whyNoNativeParts() ??
    (TEST_KUBECONFIG === undefined ? "needs DENOVIRT_TEST_KUBECONFIG" : undefined);
}

/** One VMI on the node, with its pod and its console. */
export interface Guest {
  name: string;
  uid: string;
  podUid: string;
  podName: string;
  /** There as soon as QEMU is. */
  console: Promise<CountingConsole>;
}

export class FaultBed implements AsyncDisposable {
  readonly client: FetchClient;
  readonly namespace: string;
  readonly directory: string;
  readonly runDirectory: string;
  readonly nodeName = `faults-${crypto.randomUUID().slice(0, 8)}`;
  readonly #server: Awaited<ReturnType<typeof openRealServer>>;
  readonly #native: NativeLibrary;
  readonly #hypervisor: LibvirtHypervisor;
  readonly #cgroup: NodeCgroup;
  readonly #sandboxes: PodSandboxes;
  readonly #stop = new AbortController();
  readonly #agents: CountedAgent[] = [];
  readonly #guests: Guest[] = [];
  readonly #background: Promise<unknown>[] = [];
  readonly #consoles: CountingConsole[] = [];
  #agentCount = 0;

  private constructor(
    server: Awaited<ReturnType<typeof openRealServer>>,
    directory: string,
    cgroup: NodeCgroup,
  ) {
    this.#server = server;
    this.client = server.client;
    this.namespace = server.namespace;
    this.directory = directory;
    this.runDirectory = `${directory}/run`;
    this.#native = NativeLibrary.load(this.nativeDirectory);
    this.#hypervisor = new LibvirtHypervisor({
      native: this.#native,
      runDirectory: this.runDirectory,
    });
    this.#cgroup = cgroup;
    const { kubeletRoot, nativeDirectory } = this;
    this.#sandboxes = new PodSandboxes({ nativeDirectory, kubeletRoot, directory, cgroup });
  }

  static async open(): Promise<FaultBed> {
    const directory = await Deno.makeTempDir({ prefix: "dv-" });
    await Deno.chmod(directory, 0o755);
    await Deno.mkdir(`${directory}/native`);
    for (const name of NATIVE_FILES) {
      await Deno.copyFile(`${nativeParts()}/${name}`, `${directory}/native/${name}`);
    }
    const server = await openRealServer();
    await installCrds(server.client);
    const cgroup = await NodeCgroup.create(directory.split("/").at(-1) ?? "node");
    const bed = new FaultBed(server, directory, cgroup);
    await bed.client.create(NODES, {
      metadata: {
        name: bed.nodeName,
        // What the node can do is not asked: it takes QEMU longer than a guest's whole life here.
        annotations: { "node-labeller.kubevirt.io/skip-node": "" },
      },
    });
    return bed;
  }

  /** A copy of its own: what runs from it is known by it. */
  get nativeDirectory(): string {
    return `${this.directory}/native`;
  }

  get kubeletRoot(): string {
    return `${this.directory}/kubelet`;
  }

  /** Starts an agent; the bed ends it. */
  startAgent(plan: Pick<AwaitPlan, "dieAt" | "armedBy"> = {}): CountedAgent {
    assert.ok(TEST_KUBECONFIG);
    const trace = `${this.directory}/awaits-${this.#agentCount++}`;
    const agent = CountedAgent.start({
      nodeName: this.nodeName,
      kubeconfig: TEST_KUBECONFIG,
      runDirectory: this.runDirectory,
      kubeletRoot: this.kubeletRoot,
      nativeDirectory: this.nativeDirectory,
      awaits: { trace, called: this.#called(), ...plan },
    });
    this.#agents.push(agent);
    return agent;
  }

  #called(): Record<string, string> {
    return {
      [this.directory]: "",
      [this.nodeName]: "<node>",
      [this.namespace]: "<namespace>",
      [TEST_KUBECONFIG ?? ""]: "<kubeconfig>",
    };
  }

  /** A path that is free, for {@link AwaitPlan.armedBy}. */
  armingFile(): string {
    return `${this.directory}/armed-${crypto.randomUUID().slice(0, 8)}`;
  }

  /** A VMI that is scheduled to the node, and its pod, which is ready. */
  async handOver(name: string): Promise<Guest> {
    const { client, namespace, nodeName } = this;
    const vmi = await client.create<VirtualMachineInstance>(
      VIRTUAL_MACHINE_INSTANCES,
      vmiManifest(name, namespace),
    );
    const { uid } = vmi.metadata;
    const pod = await client.create<Pod>(
      PODS,
      podManifest(vmi, {
        namespace,
        nodeName,
        number: this.#guests.length + 1,
      }),
    );
    const podUid = pod.metadata.uid;
    await this.#sandboxes.start(pod);
    const podName = pod.metadata.name;
    const guest = { name, uid, podUid, podName, console: this.#openConsole(uid) };
    guest.console.catch(() => {}); // told to whoever waits for it
    this.#guests.push(guest);
    await this.#setPodStatus(podName, "Running");
    this.#background.push(this.#playKubelet(guest));
    await client.patch(VIRTUAL_MACHINE_INSTANCES, { namespace, name }, {
      metadata: {
        labels: { "kubevirt.io/nodeName": nodeName },
        annotations: leaseAnnotations(vmi, pod),
      },
      status: { phase: "Scheduled", nodeName, activePods: { [podUid]: nodeName } },
    }, { type: "merge" });
    return guest;
  }

  async delete({ name }: Guest): Promise<void> {
    const { client, namespace } = this;
    await client.delete(VIRTUAL_MACHINE_INSTANCES, { namespace, name });
  }

  async vmi({ name, uid }: Guest): Promise<VirtualMachineInstance | undefined> {
    const { client, namespace } = this;
    const vmi = await client.get<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, {
      namespace,
      name,
    });
    return vmi?.metadata.uid === uid ? vmi : undefined;
  }

  async pod({ podName }: Guest): Promise<Pod> {
    const { client, namespace } = this;
    const pod = await client.get<Pod>(PODS, { namespace, name: podName });
    assert.ok(pod, "the pod stays until the bed removes it");
    return pod;
  }

  /** How often each event was recorded of this guest, by reason. */
  async events({ uid }: Guest): Promise<Record<string, number>> {
    const { items } = await this.client.list<
      KubeObject & { reason: string; count?: number; involvedObject: { uid?: string } }
    >(EVENTS, { namespace: this.namespace });
    const counts: Record<string, number> = {};
    for (const { count = 1, involvedObject, reason } of items) {
      if (involvedObject.uid !== uid) continue;
      counts[reason] = (counts[reason] ?? 0) + count;
    }
    return counts;
  }

  /** Process ids of the emulators that run the guest; probes of what QEMU can do are none. */
  async emulators({ uid }: Guest): Promise<number[]> {
    const pids: number[] = [];
    for (const pid of await this.#cgroup.processes()) {
      const commandLine = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
      if (/qemu-system/.test(commandLine) && commandLine.includes(uid)) pids.push(pid);
    }
    return pids;
  }

  /** What is on this machine because of guests that were: one line each. */
  async leftovers(): Promise<string[]> {
    const left: string[] = [];
    const uids = this.#guests.map(({ uid }) => uid);
    const agents = new Set(this.#agents.filter(({ ended }) => !ended).map(({ pid }) => pid));
    for await (const { pid, commandLine, program } of processes()) {
      if (agents.has(pid) || pid === Deno.pid) continue;
      const text = commandLine.join(" ");
      const isOurs = program.startsWith(`${this.directory}/`) || text.includes(this.runDirectory) ||
        uids.some((uid) => text.includes(uid));
      if (isOurs) left.push(`process ${pid}: ${text.slice(0, 200)}`);
    }
    for (const place of ["vms", "probe"]) {
      for (const path of await filesBelow(`${this.runDirectory}/${place}`)) left.push(path);
    }
    const mounts = await Deno.readTextFile("/proc/self/mountinfo");
    for (const line of mounts.split("\n")) if (line.includes(this.directory)) left.push(line);
    return left;
  }

  async #setPodStatus(podName: string, phase: "Running" | "Succeeded"): Promise<void> {
    const { client, namespace } = this;
    const status = phase === "Running" ? "True" : "False";
    await client.patch(PODS, { namespace, name: podName }, {
      status: {
        phase,
        conditions: [{ type: "ContainersReady", status }],
        podIPs: [{ ip: "10.244.1.5" }],
      },
    }, { type: "strategic", subresource: "status" });
  }

  async #playKubelet({ podName, podUid }: Guest): Promise<void> {
    await this.#sandboxes.ended(podUid);
    if (this.#stop.signal.aborted) return;
    await this.#setPodStatus(podName, "Succeeded");
  }

  async #openConsole(uid: string): Promise<CountingConsole> {
    const { signal } = this.#stop;
    for (;;) {
      signal.throwIfAborted();
      try {
        const console = new CountingConsole(await this.#hypervisor.openConsole(uid, signal));
        this.#consoles.push(console);
        return console;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    }
  }

  /** Waits for something of a guest or an agent to become true, and tells what the agents said when it does not. */
  async until<T>(what: string, look: () => Promise<T>, until: (seen: T) => boolean): Promise<T> {
    try {
      return await waitUntil({ what, timeoutMs: SLOW_MS, intervalMs: LOOK_MS, look, until });
    } catch (cause) {
      const lines = this.#agents.at(-1)?.lines.slice(-15).map((line) => JSON.stringify(line)) ?? [];
      throw new Error(`Cannot go on: the last agent said:\n${lines.join("\n")}`, { cause });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the bed is gone"));
    for (const agent of this.#agents) await agent[Symbol.asyncDispose]();
    for (const { console } of this.#guests) await console.catch(() => {});
    await this.#sandboxes[Symbol.asyncDispose]();
    await this.#cgroup[Symbol.asyncDispose]();
    for (const { name, podName } of this.#guests) {
      await this.#removeObjects(name, podName);
    }
    await Promise.all(this.#background);
    for (const console of this.#consoles) await console[Symbol.asyncDispose]();
    await this.client.delete(NODES, { name: this.nodeName });
    await this.#hypervisor[Symbol.asyncDispose]();
    this.#native[Symbol.dispose]();
    await this.#server[Symbol.asyncDispose]();
    await Deno.remove(this.directory, { recursive: true });
  }

  async #removeObjects(name: string, podName: string): Promise<void> {
    const { client, namespace } = this;
    await client.delete(PODS, { namespace, name: podName }, { gracePeriodSeconds: 0 });
    const vmi = await client.get(VIRTUAL_MACHINE_INSTANCES, { namespace, name });
    if (vmi === undefined) return;
    const none = { metadata: { finalizers: null } };
    await client.patch(VIRTUAL_MACHINE_INSTANCES, { namespace, name }, none, { type: "merge" });
    await client.delete(VIRTUAL_MACHINE_INSTANCES, { namespace, name });
  }
}

/** With a disk from an image, cloud-init and the pod's network: every step of a launch. */
function vmiManifest(name: string, namespace: string) {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name, namespace, finalizers: [FINALIZER] },
    spec: {
      terminationGracePeriodSeconds: 60,
      domain: {
        memory: { guest: "32Mi" },
        features: { acpi: {} },
        devices: {
          autoattachGraphicsDevice: false,
          disks: [
            { name: "disk", bootOrder: 1, disk: { bus: "virtio" } },
            { name: "seed", disk: { bus: "virtio" } },
          ],
          interfaces: [{ name: "default", masquerade: {} }],
        },
      },
      networks: [{ name: "default", pod: {} }],
      volumes: [
        { name: "disk", containerDisk: { image: imageOf("counts") } },
        { name: "seed", cloudInitNoCloud: { userData: "#cloud-config\n" } },
      ],
    },
    status: { phase: "Scheduling" },
  };
}

function podManifest(
  { metadata: { name, uid } }: VirtualMachineInstance,
  { namespace, nodeName, number }: { namespace: string; nodeName: string; number: number },
) {
  return {
    metadata: {
      name: `virt-launcher-${name}-${number}`,
      namespace,
      labels: { "kubevirt.io": "virt-launcher", "kubevirt.io/created-by": uid },
    },
    spec: {
      nodeName,
      restartPolicy: "Never",
      containers: [
        { name: "compute", image: "envelope" },
        { name: "volumedisk", image: imageOf("counts") },
      ],
      readinessGates: [{ conditionType: "kubevirt.io/virtual-machine-unpaused" }],
    },
  };
}

interface ProcessSeen {
  pid: number;
  program: string;
  commandLine: string[];
}

/** The processes of this machine; those that end meanwhile are left out. */
async function* processes(): AsyncGenerator<ProcessSeen> {
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const commandLine = (await Deno.readTextFile(`/proc/${name}/cmdline`)).split("\0");
      const program = await Deno.readLink(`/proc/${name}/exe`);
      yield { pid: Number(name), program, commandLine };
    } catch {
      // It has ended, or is none but a thread of the kernel.
    }
  }
}

async function filesBelow(directory: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const { name } of Deno.readDir(directory)) found.push(`${directory}/${name}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found;
}
