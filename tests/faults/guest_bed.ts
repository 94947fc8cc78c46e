/** Real guests in stand-in pods, side by side on one node, for tests of what they can reach. */
import type {
  DomainLock,
  DomainMount,
  DomainOverlay,
  DomainSpec,
} from "../../src/hypervisor/hypervisor.ts";
import { LibvirtHypervisor } from "../../src/hypervisor/libvirt/libvirt_hypervisor.ts";
import { NativeLibrary } from "../../src/hypervisor/native/native.ts";
import { NativeEnvelopes } from "../../src/hypervisor/native/native_envelopes.ts";
import { StandInPod } from "../../src/hypervisor/stand_in_pod.ts";
import { nativeParts, whyNoNativeParts } from "../../src/hypervisor/testing/native_parts.ts";
import { readingGuestDisk } from "./reading_guest.ts";

const EMULATOR = "/usr/bin/qemu-system-x86_64";
const SECTOR_BYTES = 512;
const READ_TIMEOUT_MS = 30_000;
/** Who runs guests. */
export const QEMU_USER = 107;

/** Why these tests cannot run here; `undefined`: they can. In CI a missing part is a failure. */
export function whyNoGuests(): string | undefined {
  const why = whyNoNativeParts() ?? (exists(EMULATOR) ? undefined : `needs ${EMULATOR}`);
  return Deno.env.get("CI") === "true" && Deno.env.has("DENOVIRT_NATIVE_DIRECTORY")
    ? undefined
    : why;
}

/** A second disk, as the pod offers it. */
export interface Volume {
  /** In the pod. @default "/disks/data/disk.img" */
  path?: string;
  /** A file of the node that appears in the pod as `/disks/data/disk.img`. */
  claim?: string;
  /** @default "disks/data/disk.img" */
  target?: string;
  format?: string;
  access?: "exclusive" | "shared" | "read only";
  firstFile?: boolean;
}

export interface Guest {
  uid: string;
  spec: DomainSpec;
  pod: StandInPod;
  /** The pod's root, as the node sees it: who controls a volume of the pod writes there. */
  root: string;
}

const CLAIM_PATH = "/disks/data/disk.img";
/** In a pod's mount and PID namespaces; its root is $1. The programs that do so are shown in it for as long. */
const PIVOT = `set -eu
mount --bind "$1" "$1"
cd "$1"
mkdir -p usr proc old
ln -sfn usr/bin bin; ln -sfn usr/lib lib; ln -sfn usr/lib64 lib64
mount --bind /usr usr
mount -t proc proc proc
pivot_root . old
cd /
umount -l old usr
`;

export class GuestBed implements AsyncDisposable {
  readonly directory: string;
  readonly runDirectory: string;
  readonly hypervisor: LibvirtHypervisor;
  readonly native: NativeLibrary;
  readonly envelopes: NativeEnvelopes;
  readonly #stack = new AsyncDisposableStack();

  private constructor(directory: string) {
    this.directory = directory;
    this.runDirectory = `${directory}/run`;
    this.native = this.#stack.use(NativeLibrary.load(nativeParts()));
    this.envelopes = new NativeEnvelopes(this.native);
    this.hypervisor = this.#stack.use(
      new LibvirtHypervisor({ native: this.native, runDirectory: this.runDirectory }),
    );
  }

  static async create(): Promise<GuestBed> {
    const directory = await Deno.makeTempDir({ prefix: "dv-" });
    await Deno.chmod(directory, 0o755);
    return new GuestBed(directory);
  }

  /** A guest in a pod of its own, not started yet. */
  async guest(name: string, volume?: Volume): Promise<Guest> {
    const directory = `${this.directory}/${name}`;
    const root = `${directory}/root`;
    for (const path of ["image", "ephemeral", "disks/data"]) {
      await Deno.mkdir(`${root}/${path}`, { recursive: true });
    }
    await Deno.chmod(`${root}/ephemeral`, 0o777);
    await Deno.writeFile(`${root}/image/guest.img`, readingGuestDisk());
    if (volume?.claim !== undefined) await Deno.link(volume.claim, `${root}${CLAIM_PATH}`);
    const pod = this.#stack.use(
      await StandInPod.start({ nativeDirectory: nativeParts(), directory }),
    );
    const envelope = await this.envelopes.connect(pod.socketPath, pod.uid);
    this.#stack.defer(() => envelope.close());
    await giveRoot(envelope.pid, root);
    const uid = crypto.randomUUID();
    return { uid, spec: this.#spec(uid, { pid: envelope.pid, volume }), pod, root };
  }

  /** What the guest says of its second disk, without zeros: three sectors of it, so that one is whole. */
  async read(uid: string): Promise<string> {
    const connection = await this.hypervisor.openConsole(uid);
    const timer = setTimeout(() => connection.close(), READ_TIMEOUT_MS);
    let text = "";
    const decoder = new TextDecoder();
    const bytes = new Uint8Array(4096);
    try {
      while (text.length < 3 * SECTOR_BYTES) {
        const count = await connection.read(bytes);
        if (count === null) break;
        text += decoder.decode(bytes.subarray(0, count), { stream: true });
      }
    } finally {
      clearTimeout(timer);
      connection.close();
    }
    return text.replaceAll("\0", "");
  }

  /** The processes of a domain, by their numbers on the node. */
  async processes(uid: string): Promise<{ domain: number; vmm: number }> {
    const path = `${this.runDirectory}/vms/${uid}/record.json`;
    const record = JSON.parse(await Deno.readTextFile(path));
    return { domain: record.domain.pid, vmm: record.vmm.pid };
  }

  async end(uid: string): Promise<void> {
    await this.hypervisor.destroy(uid);
    await this.hypervisor.forget(uid);
  }

  #spec(
    uid: string,
    { pid, volume }: { pid: number; volume: Volume | undefined },
  ): DomainSpec {
    const mounts: DomainMount[] = [
      {
        pid,
        path: "/image",
        firstFile: true,
        target: "disks/root/base",
        readOnly: true,
        kind: "file",
      },
      {
        pid,
        path: "/ephemeral",
        target: "ephemeral",
        readOnly: false,
        kind: "directory",
      },
    ];
    const overlays: DomainOverlay[] = [{
      path: "ephemeral/root.qcow2",
      backing: "disks/root/base",
    }];
    const locks: DomainLock[] = [{ volume: "root", path: "ephemeral/root.qcow2", shared: false }];
    if (volume !== undefined) {
      const { access = "exclusive", path = CLAIM_PATH, target = "disks/data/disk.img" } = volume;
      const readOnly = access === "read only";
      const firstFile = volume.firstFile ?? false;
      mounts.push({ pid, path, target, readOnly, kind: "file", firstFile });
      if (!readOnly) locks.push({ volume: "data", path: target, shared: access === "shared" });
    }
    const xml = domainXml(uid, volume);
    return { uid, xml, envelopePid: pid, mounts, overlays, dhcp: [], locks, paused: false };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const uid of await this.hypervisor.list()) {
      await this.hypervisor.destroy(uid).catch(() => {}); // its pod is killed below
    }
    await this.#stack.disposeAsync();
    await Deno.remove(this.directory, { recursive: true });
  }
}

async function giveRoot(pid: number, root: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("nsenter", {
    args: [`--target=${pid}`, "--mount", "--pid", "--", "sh", "-c", PIVOT, "sh", root],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new Error(`Cannot give a pod a root: ${new TextDecoder().decode(stderr)}`);
  }
}

function domainXml(uid: string, volume: Volume | undefined): string {
  return `<domain type='qemu'>
  <name>default_${uid.slice(0, 8)}</name><uuid>${uid}</uuid>
  <memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
  <devices>
    <emulator>${EMULATOR}</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='@VMDIR@/ephemeral/root.qcow2'/>
      <backingStore type='file'>
        <format type='@FORMAT:disks/root/base@'/><source file='@VMDIR@/disks/root/base'/><backingStore/>
      </backingStore>
      <target dev='vda' bus='virtio'/><boot order='1'/>
    </disk>${volume === undefined ? "" : volumeXml(volume)}
    <serial type='unix'><source mode='bind' path='@VMDIR@/serial0.sock'/></serial>
  </devices>
</domain>`;
}

/** The firmware leaves a disk alone that has no place in the boot order. */
function volumeXml({ access, format = "raw", target = "disks/data/disk.img" }: Volume): string {
  const cache = access === "shared" ? " cache='none'" : "";
  return `
    <disk type='file' device='disk'>
      <driver name='qemu' type='${format}'${cache}/><source file='@VMDIR@/${target}'/>
      <target dev='vdb' bus='virtio'/><boot order='2'/>
      ${access === "read only" ? "<readonly/>" : ""}${access === "shared" ? "<shareable/>" : ""}
    </disk>`;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
