/** Figures of one node with real guests: memory of the agent and of each VM, and how long a start takes. */
import { VIRTUAL_MACHINE_INSTANCES } from "../../src/api/registry.ts";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { Informer } from "../../src/runtime/informer.ts";
import { SILENT_LOGGER } from "../../src/runtime/log.ts";
import { waitUntil } from "../cluster/wait_until.ts";
import type { ControllerProcess } from "../integration/controller_process.ts";
import { imageOf } from "../real_node/guest_image.ts";
import { RealNode } from "../real_node/real_node.ts";
import { say, step } from "../toolchain/progress.ts";
import { BareQemu, type BareStart } from "./bare_qemu.ts";
import { firstByte } from "./first_byte.ts";
import { NAMESPACE } from "./load.ts";
import { memoryAtRest } from "./memory_at_rest.ts";
import { percentile } from "./percentile.ts";
import { mappingBytes, nameOf, proportionalBytes } from "./process_memory.ts";

const GUEST_BYTES = 32 * 1024 * 1024;
/** Software emulation on busy cores; an idle machine needs a tenth of it. */
const GUEST_TIMEOUT_MS = 120_000;
const QEMU = /^qemu-system/;

export interface NodeFigures {
  agent: {
    /** Resident at rest, before the first guest. */
    idleBytes: number;
    /** Resident at rest, with all guests paused. */
    loadedBytes: number;
    /** Growth of the collected heap. */
    heapPerGuestBytes: number;
  };
  guests: number;
  /** Per VM, without the guest's memory; medians. */
  vm: { qemuBytes: number; domainBytes: number; envelopeBytes: number };
  bareQemuBytes: number;
  /** From the agent's decision to launch. */
  starts: BareStart[];
  /** From the spawn of QEMU alone. */
  bareStarts: BareStart[];
}

export interface NodeFiguresOptions {
  controller: ControllerProcess;
  nativeDirectory: string;
  /** Paused at the same time. */
  guests: number;
  /** Share of the time to rest before memory is looked at. */
  scale: number;
  /** Guests whose start is timed, each with one of QEMU alone. */
  starts: number;
}

export async function measureNode(options: NodeFiguresOptions): Promise<NodeFigures> {
  await using node = await RealNode.start(options);
  await using guests = new Guests(options.controller.admin);
  // What a node does once is not what a guest costs.
  await guests.start("warm-up");
  await guests.end("warm-up");
  const idleBytes = (await memoryAtRest(node.agent.pid, options.scale)).rss;
  const idleHeap = (await node.agent.heap()).heapUsed;
  const names = Array.from({ length: options.guests }, (_, index) => `paused-${index}`);
  await step(`starting ${names.length} paused guests`, async () => {
    for (const name of names) await guests.start(name, { paused: true });
  });
  const loadedBytes = (await memoryAtRest(node.agent.pid, options.scale)).rss;
  const heapPerGuestBytes = ((await node.agent.heap()).heapUsed - idleHeap) / names.length;
  const vms = await Promise.all(names.map((name) => memoryOf(node, guests.podOf(name))));
  const directory = `${node.directory}/bare`;
  await Deno.mkdir(directory);
  const args = await BareQemu.argumentsOf(vms[0]?.qemuPid ?? NaN, directory);
  let bareQemuBytes: number;
  {
    await using bare = BareQemu.spawn(args, directory);
    await bare.start();
    bareQemuBytes = await aboveGuest(bare.pid);
  }
  const starts: BareStart[] = [];
  const bareStarts: BareStart[] = [];
  await step(`timing ${options.starts} starts`, async () => {
    for (let index = 0; index < options.starts; index++) {
      starts.push(await timeStart(node, guests, `timed-${index}`));
      await using bare = BareQemu.spawn(args, directory);
      bareStarts.push(await bare.start());
    }
  });
  say("ending all guests");
  await Promise.all(names.map((name) => guests.end(name)));
  return {
    agent: { idleBytes, loadedBytes, heapPerGuestBytes },
    guests: names.length,
    vm: {
      qemuBytes: median(vms.map(({ qemuBytes }) => qemuBytes)),
      domainBytes: median(vms.map(({ domainBytes }) => domainBytes)),
      envelopeBytes: median(vms.map(({ envelopeBytes }) => envelopeBytes)),
    },
    bareQemuBytes,
    starts,
    bareStarts,
  };
}

/** The guests of the benchmark: one boot sector each, no network. */
class Guests implements AsyncDisposable {
  readonly #client: KubeClient;
  readonly #vmis: Informer<VirtualMachineInstance>;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(client: KubeClient) {
    this.#client = client;
    this.#vmis = new Informer({
      client,
      logger: SILENT_LOGGER,
      namespace: NAMESPACE,
      resource: VIRTUAL_MACHINE_INSTANCES,
    });
    this.#running = this.#vmis.run(this.#stop.signal);
  }

  /** Resolves when it runs, or is paused. */
  async start(name: string, { paused = false }: { paused?: boolean } = {}): Promise<void> {
    await this.create(name, { paused });
    await this.#until(`${name} to run`, () => this.#find(name)?.status?.phase === "Running");
  }

  async create(name: string, { paused = false }: { paused?: boolean } = {}): Promise<string> {
    const options = { namespace: NAMESPACE };
    const made = await this.#client.create<VirtualMachineInstance>(
      VIRTUAL_MACHINE_INSTANCES,
      vmi(name, paused),
      options,
    );
    return made.metadata.uid;
  }

  /** Resolves when it is gone. */
  async end(name: string): Promise<void> {
    await this.#client.delete(VIRTUAL_MACHINE_INSTANCES, { namespace: NAMESPACE, name });
    await this.#until(`${name} to be gone`, () => this.#find(name) === undefined);
  }

  /** UID of the pod it runs in. */
  podOf(name: string): string {
    const [pod] = Object.keys(this.#find(name)?.status?.activePods ?? {});
    if (pod === undefined) throw new Error(`Cannot measure ${name}: it has no pod`);
    return pod;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #find(name: string): VirtualMachineInstance | undefined {
    return this.#vmis.get({ namespace: NAMESPACE, name });
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    try {
      await this.#vmis.waitUntil(condition, { timeoutMs: GUEST_TIMEOUT_MS });
    } catch (cause) {
      throw new Error(`Cannot measure: waited in vain for ${what}`, { cause });
    }
  }
}

function vmi(name: string, paused: boolean): object {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 0,
      ...(paused && { startStrategy: "Paused" }),
      domain: {
        memory: { guest: `${GUEST_BYTES}` },
        devices: {
          autoattachGraphicsDevice: false,
          autoattachPodInterface: false,
          disks: [{ name: "root", disk: { bus: "virtio" } }],
        },
      },
      volumes: [{ name: "root", containerDisk: { image: imageOf("sleeps") } }],
    },
  };
}

interface VmMemory {
  qemuPid: number;
  /** Above the guest's memory. */
  qemuBytes: number;
  domainBytes: number;
  envelopeBytes: number;
}

/** Of all processes in the pod's cgroup. */
async function memoryOf(node: RealNode, podUid: string): Promise<VmMemory> {
  const cgroup = await node.cgroup.child(`pod${podUid}`);
  const memory = { qemuPid: NaN, qemuBytes: 0, domainBytes: 0, envelopeBytes: 0 };
  for (const pid of await cgroup.processes()) {
    const name = await nameOf(pid);
    if (QEMU.test(name)) {
      memory.qemuPid = pid;
      memory.qemuBytes += await aboveGuest(pid);
    } else if (name.startsWith("denovirt-domain")) {
      memory.domainBytes += await proportionalBytes(pid);
    } else if (name === "envelope") memory.envelopeBytes += await proportionalBytes(pid);
    // What began the pod's PID namespace belongs to the container runtime.
  }
  return memory;
}

async function aboveGuest(pid: number): Promise<number> {
  return await proportionalBytes(pid) - await mappingBytes(pid, GUEST_BYTES);
}

/** One start as the agent sees it, from its decision. */
async function timeStart(node: RealNode, guests: Guests, name: string): Promise<BareStart> {
  const uid = await guests.create(name);
  const directory = `${node.runDirectory}/vms/${uid}`;
  const { atMs } = await firstByte(`${directory}/serial0.sock`, GUEST_TIMEOUT_MS);
  const record = await waitUntil({
    what: `the record of ${name}`,
    timeoutMs: GUEST_TIMEOUT_MS,
    look: async () =>
      JSON.parse(await Deno.readTextFile(`${directory}/record.json`)) as {
        startedAtMs: number | null;
      },
    until: ({ startedAtMs }) => startedAtMs !== null,
  });
  const decidedAtMs = launchOf(node.agent.log(), name);
  await guests.end(name);
  return {
    toFirstInstructionMs: (record.startedAtMs ?? NaN) - decidedAtMs,
    toFirstByteMs: atMs - decidedAtMs,
  };
}

/** When the agent began to launch it, as it says. */
function launchOf(log: string, name: string): number {
  const line = log.split("\n").find((line) =>
    line.includes('"action":"launch"') && line.includes(`"key":"${NAMESPACE}/${name}"`)
  );
  if (line === undefined) throw new Error(`Cannot time ${name}: the agent did not launch it`);
  return Date.parse((JSON.parse(line) as { time: string }).time);
}

function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}
