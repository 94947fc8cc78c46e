/**
 * A real guest (libvirt, QEMU, `denovirt-domain`) in a stand-in pod, under the agent's real controller; only the cluster is
 * a fake, so that what is written can be timed. The guest counts on its console: see writing_guest.ts.
 */
import assert from "node:assert/strict";
import type { VirtualMachineInstance } from "../../src/api/virtual_machine_instance.ts";
import type { DomainSpec } from "../../src/hypervisor/hypervisor.ts";
import { LibvirtHypervisor } from "../../src/hypervisor/libvirt/libvirt_hypervisor.ts";
import { NativeLibrary } from "../../src/hypervisor/native/native.ts";
import { NativeEnvelopes } from "../../src/hypervisor/native/native_envelopes.ts";
import { StandInPod } from "../../src/hypervisor/stand_in_pod.ts";
import { nativeParts, whyNoNativeParts } from "../../src/hypervisor/testing/native_parts.ts";
import { KUBELET_ROOT, NodeBed, NodeController } from "../../src/node/testing/node_bed.ts";
import { PodSockets } from "../../src/node/virtual_machine_instance/pod_sockets.ts";
import { say } from "../toolchain/progress.ts";
import { writingGuestDisk } from "./writing_guest.ts";

export const EMULATOR = "/usr/bin/qemu-system-x86_64";
const DRIVER = "/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so";
const DISK_BYTES = 64 * 1024 * 1024;
/** A busy machine with two cores boots a guest in some seconds; an idle one in a tenth of one. */
const DEADLINE_MS = 60_000;
const LOOK_MS = 5;
/** The aim is half a second, which is what is measured on an idle machine; tests share their cores with others. */
const SEEN_WITHIN_MS_MAX = 5_000;

async function whyNotHere(): Promise<string | undefined> {
  const why = whyNoNativeParts();
  if (why !== undefined) return why;
  for (const path of [EMULATOR, DRIVER, "/usr/bin/qemu-img", "/usr/bin/unshare"]) {
    if (!await Deno.stat(path).then(() => true, () => false)) return `needs ${path}`;
  }
  return undefined;
}

const ignore = await whyNotHere();

/** A test with real guests: skipped, with the reason, where they cannot run. */
export function vmmTest(name: string, fn: () => Promise<void>): void {
  const said = ignore === undefined ? "" : ` (skipped: ${ignore})`;
  Deno.test({ name: `${name}${said}`, ignore: ignore !== undefined, fn });
}

/** A condition's status and reason. */
export function conditionOf({ status }: VirtualMachineInstance, type: string): string | undefined {
  const found = status?.conditions?.find((condition) => condition.type === type);
  return found && [found.status, found.reason].filter((part) => part !== undefined).join(" ");
}

export interface VmmBedOptions {
  /** The overlay is on a disk of its own, this large. */
  overlayDiskBytes?: number;
  emulator?: string;
  terminationGracePeriodSeconds?: number;
}

interface DomainRecord {
  domain: { pid: number };
  vmm: { pid: number } | null;
  [field: string]: unknown;
}

export class VmmBed implements AsyncDisposable {
  readonly bed = new NodeBed();
  readonly hypervisor: LibvirtHypervisor;
  readonly #stack: AsyncDisposableStack;
  readonly #directory: string;
  readonly #options: VmmBedOptions;
  readonly #pod: StandInPod;
  readonly #envelopePid: number;
  #uid = "";

  private constructor(
    stack: AsyncDisposableStack,
    parts: {
      directory: string;
      options: VmmBedOptions;
      pod: StandInPod;
      envelopePid: number;
      hypervisor: LibvirtHypervisor;
    },
  ) {
    this.#stack = stack;
    this.#directory = parts.directory;
    this.#options = parts.options;
    this.#pod = parts.pod;
    this.#envelopePid = parts.envelopePid;
    this.hypervisor = parts.hypervisor;
  }

  /** Resolves when the guest runs, and its VMI says so. */
  static async start(options: VmmBedOptions = {}): Promise<VmmBed> {
    await using stack = new AsyncDisposableStack();
    const directory = await Deno.makeTempDir({ prefix: "dv-" });
    stack.defer(() => Deno.remove(directory, { recursive: true }));
    await Deno.chmod(directory, 0o755);
    await Deno.mkdir(`${directory}/image`);
    await Deno.writeFile(`${directory}/image/guest.img`, writingGuestDisk());
    await Deno.mkdir(`${directory}/ephemeral`);
    if (options.overlayDiskBytes !== undefined) {
      const size = `size=${options.overlayDiskBytes}`;
      await run("mount", ["-t", "tmpfs", "-o", size, "tmpfs", `${directory}/ephemeral`]);
      stack.defer(() => run("umount", ["--lazy", `${directory}/ephemeral`]));
    }
    await Deno.chmod(`${directory}/ephemeral`, 0o777);
    const native = stack.use(NativeLibrary.load(nativeParts()));
    const nativeDirectory = nativeParts();
    const pod = stack.use(await StandInPod.start({ nativeDirectory, directory }));
    const envelope = stack.use(await new NativeEnvelopes(native).connect(pod.socketPath, pod.uid));
    const runDirectory = `${directory}/run`;
    const hypervisor = stack.use(new LibvirtHypervisor({ native, runDirectory }));
    const envelopePid = envelope.pid;
    const made = { directory, options, pod, envelopePid, hypervisor };
    const bed = new VmmBed(stack.move(), made);
    try {
      await bed.#run();
    } catch (error) {
      await bed[Symbol.asyncDispose]();
      throw error;
    }
    return bed;
  }

  async #run(): Promise<void> {
    const { bed, hypervisor } = this;
    const { terminationGracePeriodSeconds = 30 } = this.#options;
    await bed.handOver({
      spec: {
        terminationGracePeriodSeconds,
        volumes: [{ name: "root", containerDisk: { image: "guest" } }],
      },
      domain: {
        memory: { guest: "32Mi" },
        devices: { disks: [{ name: "root", disk: { bus: "virtio" } }] },
      },
    });
    this.#uid = (await bed.vmi()).metadata.uid;
    const launch = ({ metadata: { uid } }: VirtualMachineInstance) =>
      hypervisor.launch(this.#spec(uid));
    const sockets = new PodSockets({ envelopes: bed.envelopes, kubeletRoot: KUBELET_ROOT });
    this.#stack.use(new NodeController(bed, { hypervisor, launcher: { launch }, sockets }));
    await this.untilVmi("it runs", ({ status }) => status?.phase === "Running");
  }

  #spec(uid: string): DomainSpec {
    const directory = this.#directory;
    const pid = this.#envelopePid;
    return {
      uid,
      xml: domainXml(uid, this.#options.emulator ?? EMULATOR),
      envelopePid: pid,
      mounts: [
        {
          pid,
          path: `${directory}/image`,
          firstFile: true,
          target: "disks/root/base",
          readOnly: true,
          kind: "file",
        },
        {
          pid,
          path: `${directory}/ephemeral`,
          target: "ephemeral",
          readOnly: false,
          kind: "directory",
        },
      ],
      overlays: [
        { path: "ephemeral/root.qcow2", backing: "disks/root/base", sizeBytes: DISK_BYTES },
      ],
      dhcp: [],
      locks: [{ volume: "root", path: "ephemeral/root.qcow2", shared: false }],
      paused: false,
    };
  }

  get uid(): string {
    return this.#uid;
  }

  /** What the guest writes to. */
  get overlayPath(): string {
    return `${this.#directory}/ephemeral/root.qcow2`;
  }

  /** What the guest's overlays lie in, as the node sees it. */
  get ephemeralPath(): string {
    return `${this.#directory}/ephemeral`;
  }

  get baseImagePath(): string {
    return `${this.#directory}/image/guest.img`;
  }

  get vmDirectory(): string {
    return `${this.#directory}/run/vms/${this.#uid}`;
  }

  /** Of the pod, in the hierarchy that limits memory. */
  get memoryCgroup(): string {
    return `/sys/fs/cgroup/memory/pod${this.#pod.uid}`;
  }

  async record(): Promise<DomainRecord> {
    return JSON.parse(await Deno.readTextFile(`${this.vmDirectory}/record.json`));
  }

  async vmmPid(): Promise<number> {
    const { vmm } = await this.record();
    assert.ok(vmm);
    return vmm.pid;
  }

  async kill(process: "vmm" | "domain", signal: Deno.Signal): Promise<void> {
    Deno.kill(process === "vmm" ? await this.vmmPid() : (await this.record()).domain.pid, signal);
  }

  /** Makes the overlay's disk larger. */
  async growOverlayDisk(bytes: number): Promise<void> {
    await run("mount", ["-o", `remount,size=${bytes}`, `${this.#directory}/ephemeral`]);
  }

  async untilVmi(
    what: string,
    condition: (vmi: VirtualMachineInstance) => boolean,
  ): Promise<VirtualMachineInstance> {
    return await until(what, () => this.bed.vmi(), condition);
  }

  /** Waits for a VMI that is so, and says how long after the fault it was written. */
  async seen(
    { fault, sinceMs, withinMs = SEEN_WITHIN_MS_MAX }: {
      fault: string;
      sinceMs: number;
      withinMs?: number;
    },
    condition: (vmi: VirtualMachineInstance) => boolean,
  ): Promise<VirtualMachineInstance> {
    const vmi = await this.untilVmi(`it shows: ${fault}`, condition);
    const tookMs = Math.round(performance.now() - sinceMs);
    say(`  ${fault}: written after ${tookMs} ms`);
    assert.ok(tookMs < withinMs, `${fault}: ${tookMs} ms`);
    return vmi;
  }

  /** The events told so far, as "reason: message". */
  get events(): string[] {
    return this.bed.events.map(({ reason, message }) => `${reason}: ${message}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

/** The serial console, read as fast as it speaks. */
export class CountingConsole implements AsyncDisposable {
  text = "";
  readonly #connection: Deno.Conn;
  readonly #reading: Promise<void>;

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const bytes of this.#connection.readable) this.text += decoder.decode(bytes);
    } catch {
      // The guest is gone, or the test closed it.
    }
  }

  /** Waits until the guest has counted on by so much. */
  async countsOn(letters: number): Promise<void> {
    const before = this.text.length;
    await until("the guest counts on", () => this.text.length - before, (seen) => seen >= letters);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
    await this.#reading;
  }
}

/** Looks until it is so; answers what was seen. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  condition: (seen: T) => boolean,
): Promise<T> {
  const endMs = performance.now() + DEADLINE_MS;
  for (;;) {
    const seen = await look();
    if (condition(seen)) return seen;
    if (performance.now() > endMs) {
      throw new Error(`Cannot go on: it never came that ${what}: ${JSON.stringify(seen)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Processes of the same machine, by a word of their command lines. */
export function processesWith(word: string): number[] {
  const found: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const [program = "", ...rest] = Deno.readTextFileSync(`/proc/${name}/cmdline`).split("\0");
      if (/qemu/.test(program) && rest.join(" ").includes(word)) found.push(Number(name));
    } catch {
      // It has ended.
    }
  }
  return found;
}

export async function run(program: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" })
    .output();
  if (!success) throw new Error(`Cannot ${program}: ${new TextDecoder().decode(stderr)}`);
}

function domainXml(uid: string, emulator: string): string {
  return `<domain type='qemu'>
  <name>default_${uid.slice(0, 8)}</name><uuid>${uid}</uuid>
  <memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
  <devices>
    <emulator>${emulator}</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' error_policy='stop' discard='unmap'/>
      <source file='@VMDIR@/ephemeral/root.qcow2'/>
      <backingStore type='file'>
        <format type='@FORMAT:disks/root/base@'/><source file='@VMDIR@/disks/root/base'/>
      </backingStore>
      <target dev='vda' bus='virtio'/>
      <alias name='ua-root'/>
    </disk>
    <serial type='unix'><source mode='bind' path='@VMDIR@/serial0.sock'/></serial>
  </devices>
</domain>`;
}
