import assert from "node:assert/strict";
import { type HypervisorFixture, testHypervisor } from "../contract_suite.ts";
import type { DomainSpec } from "../hypervisor.ts";
import { NativeLibrary } from "../native/native.ts";
import { NativeEnvelopes } from "../native/native_envelopes.ts";
import { StandInPod } from "../stand_in_pod.ts";
import { nativeParts, whyNoNativeParts } from "../testing/native_parts.ts";
import { LibvirtHypervisor } from "./libvirt_hypervisor.ts";

const EMULATOR = "/usr/bin/qemu-system-x86_64";
const DRIVER = "/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so";

/**
 * A boot sector that sends back what it receives on the first serial port:
 * sti; wait: in al,3fd; test al,1; jnz got; hlt; jmp wait; got: in al,3f8; out 3f8,al; jmp wait.
 */
const ECHO_GUEST = [
  0xfb,
  0xba,
  0xfd,
  0x03,
  0xec,
  0xa8,
  0x01,
  0x75,
  0x03,
  0xf4,
  0xeb,
  0xf8,
  0xba,
  0xf8,
  0x03,
]
  .concat([0xec, 0xee, 0xeb, 0xee]);

/** SeaBIOS does not boot from a disk that is too small for a geometry. */
const DISK_BYTES = 1024 * 1024;

function bootDisk(): Uint8Array {
  const disk = new Uint8Array(DISK_BYTES);
  disk.set(ECHO_GUEST);
  disk.set([0x55, 0xaa], 510);
  return disk;
}

function domainXml(uid: string): string {
  return `<domain type='qemu'>
  <name>default_${uid.slice(0, 8)}</name><uuid>${uid}</uuid>
  <memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
  <devices>
    <emulator>${EMULATOR}</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='@VMDIR@/ephemeral/root.qcow2'/>
      <backingStore type='file'>
        <format type='@FORMAT:disks/root/base@'/><source file='@VMDIR@/disks/root/base'/>
      </backingStore>
      <target dev='vda' bus='virtio'/>
    </disk>
    <serial type='unix'><source mode='bind' path='@VMDIR@/serial0.sock'/></serial>
  </devices>
</domain>`;
}

async function whyNotHere(): Promise<string | undefined> {
  const why = whyNoNativeParts();
  if (why !== undefined) return why;
  for (const path of [EMULATOR, DRIVER, "/usr/bin/qemu-img", "/usr/bin/unshare"]) {
    if (!await Deno.stat(path).then(() => true, () => false)) return `needs ${path}`;
  }
  return undefined;
}

interface Fixture extends HypervisorFixture {
  runDirectory: string;
}

async function create(): Promise<Fixture> {
  const native = NativeLibrary.load(nativeParts());
  const directory = await Deno.makeTempDir({ prefix: "dv-" });
  await Deno.chmod(directory, 0o755);
  const runDirectory = `${directory}/run`;
  const image = `${directory}/image`;
  await Deno.mkdir(`${image}/disk`, { recursive: true });
  await Deno.writeFile(`${image}/disk/guest.img`, bootDisk());
  await Deno.mkdir(`${directory}/ephemeral`);
  await Deno.chmod(`${directory}/ephemeral`, 0o777);
  const pod = await StandInPod.start({ nativeDirectory: nativeParts(), directory });
  const envelope = await new NativeEnvelopes(native).connect(pod.socketPath, pod.uid);
  let current = new LibvirtHypervisor({ native, runDirectory });
  return {
    runDirectory,
    hypervisor: () => current,
    async replaceHypervisor() {
      await current[Symbol.asyncDispose]();
      current = new LibvirtHypervisor({ native, runDirectory });
    },
    spec(): DomainSpec {
      const uid = crypto.randomUUID();
      return {
        uid,
        xml: domainXml(uid),
        envelopePid: envelope.pid,
        mounts: [
          {
            pid: envelope.pid,
            path: `${image}/disk`,
            firstFile: true,
            target: "disks/root/base",
            readOnly: true,
            kind: "file",
          },
          {
            pid: envelope.pid,
            path: `${directory}/ephemeral`,
            target: "ephemeral",
            readOnly: false,
            kind: "directory",
          },
        ],
        overlays: [{ path: "ephemeral/root.qcow2", backing: "disks/root/base" }],
        dhcp: [],
        locks: [{ volume: "root", path: "ephemeral/root.qcow2", shared: false }],
        paused: false,
      };
    },
    async killDomainProcess(uid) {
      const record = JSON.parse(await Deno.readTextFile(`${runDirectory}/vms/${uid}/record.json`));
      Deno.kill(record.domain.pid, "SIGKILL");
    },
    killEverything: () => Promise.resolve(pod.kill()),
    processesOf: () => processesBelow(envelope.pid),
    async [Symbol.asyncDispose]() {
      await current[Symbol.asyncDispose]();
      envelope.close();
      await pod[Symbol.asyncDispose]();
      await Deno.remove(directory, { recursive: true });
      native[Symbol.dispose]();
    },
  };
}

/** Everything in the pod but its PID 1: the domain process and QEMU are children of it. */
async function processesBelow(envelopePid: number): Promise<number[]> {
  const path = `/proc/${envelopePid}/task/${envelopePid}/children`;
  const text = await Deno.readTextFile(path).catch(() => "");
  return text.split(" ").filter((pid) => pid !== "").map(Number);
}

const ignore = await whyNotHere();
testHypervisor("libvirt", { create, ...(ignore && { ignore }) });

Deno.test({
  name: `libvirt adopts a guest whose files another version has written${
    ignore ? ` (${ignore})` : ""
  }`,
  ignore: ignore !== undefined,
  fn: async () => {
    await using fixture = await create();
    const spec = fixture.spec();
    const { uid } = spec;
    const owner = { namespace: "default", name: "guest", podUid: "pod", epoch: 3 };
    await fixture.hypervisor().launch({ ...spec, owner });
    const before = await fixture.hypervisor().inspect(uid);
    assert.equal(before.kind, "present");
    await fixture.hypervisor().shutdown(uid); // the guest does not listen
    const directory = `${fixture.runDirectory}/vms/${uid}`;
    await fixture.killDomainProcess(uid);
    for (const name of ["record.json", "owner.json", "shutdown.json"]) {
      const { startedAtMs: _, diskSizes: __, locks: ___, ...kept } = JSON.parse(
        await Deno.readTextFile(`${directory}/${name}`),
      );
      const text = JSON.stringify({ ...kept, ofAnotherVersion: { deep: [1] } });
      await Deno.writeTextFile(`${directory}/${name}`, text);
    }
    await fixture.replaceHypervisor();
    const after = await fixture.hypervisor().inspect(uid);
    assert.ok(after.kind === "present", JSON.stringify(after));
    assert.equal(after.state, "running");
    assert.ok(after.shutdownSentAt !== undefined, "its power button was pressed");
    assert.deepEqual(await fixture.hypervisor().owner(uid), owner);
    assert.equal(after.vmmPid, before.kind === "present" ? before.vmmPid : undefined);
    await fixture.hypervisor().destroy(uid);
    await fixture.hypervisor().forget(uid);
  },
});
