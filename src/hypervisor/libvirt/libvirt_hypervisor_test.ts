import assert from "node:assert/strict";
import { type HypervisorFixture, testHypervisor } from "../contract_suite.ts";
import { type DomainSpec, HypervisorError } from "../hypervisor.ts";
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
  /** As another agent on the node would have it. */
  another(): LibvirtHypervisor;
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
    another: () => new LibvirtHypervisor({ native, runDirectory }),
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

/** What an agent of another version leaves behind. */
const VERSIONS = {
  older({ startedAtMs: _, diskSizes: __, locks: ___, ...kept }: Record<string, unknown>) {
    return kept;
  },
  newer({ diskSizes, ...fields }: Record<string, unknown>) {
    // A map: what is in it are no fields.
    const more = withMore(fields) as Record<string, unknown>;
    return { ...more, ...(diskSizes !== undefined && { diskSizes }) };
  },
};

for (const [version, rewrite] of Object.entries(VERSIONS)) {
  Deno.test({
    name: `libvirt adopts a guest whose files a version has written that is ${version}${
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
      for (const name of ["record.json", "owner.json", "shutdown.json", "memory.json"]) {
        const written = JSON.parse(await Deno.readTextFile(`${directory}/${name}`));
        await Deno.writeTextFile(`${directory}/${name}`, JSON.stringify(rewrite(written)));
      }
      if (version === "older") await Deno.remove(`${directory}/memory.json`);
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
}

/** An unknown field in it, and in every object within. */
function withMore(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMore);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([name, field]) => [name, withMore(field)]);
  return { ...Object.fromEntries(fields), ofAnotherVersion: { deep: [1] } };
}

Deno.test({
  name: `libvirt starts one guest when the agent dies as it launches one${
    ignore ? ` (${ignore})` : ""
  }`,
  ignore: ignore !== undefined,
  fn: async () => {
    await using fixture = await create();
    const spec = fixture.spec();
    const { uid } = spec;
    // Whatever an agent began goes on without it; the next one begins the same.
    const dead = fixture.another();
    const begun = Promise.allSettled([dead.launch(spec), fixture.hypervisor().launch(spec)]);
    const seen = new Set<string>();
    let isOver = false;
    const looking = (async () => {
      await using other = fixture.another();
      while (!isOver) seen.add((await other.inspect(uid)).kind);
    })();
    const outcomes = await begun;
    isOver = true;
    await looking;
    await dead[Symbol.asyncDispose]();
    const launched = outcomes.filter(({ status }) => status === "fulfilled").length;
    assert.ok(launched > 0, JSON.stringify(outcomes));
    assert.ok(!seen.has("gone"), [...seen].join());
    assert.equal((await fixture.hypervisor().inspect(uid)).kind, "present");
    assert.equal((await fixture.processesOf(uid)).length, 2);
    await fixture.hypervisor().destroy(uid);
    await fixture.hypervisor().forget(uid);
  },
});

Deno.test({
  name: `libvirt says unknown of a domain that somebody else launches${
    ignore ? ` (${ignore})` : ""
  }`,
  ignore: ignore !== undefined,
  fn: async () => {
    await using fixture = await create();
    const spec = fixture.spec();
    const { uid } = spec;
    const directory = `${fixture.runDirectory}/vms/${uid}`;
    await Deno.mkdir(directory, { recursive: true });
    {
      // As `denovirt-domain` holds it from its first step to its record.
      using turn = await Deno.open(directory, { read: true });
      await turn.lock(true);
      const domain = fixture.hypervisor();
      assert.deepEqual(await domain.inspect(uid), { kind: "unknown", why: "it is being launched" });
      await assert.rejects(domain.launch(spec), HypervisorError);
      await assert.rejects(domain.forget(uid), HypervisorError);
    }
    assert.deepEqual(await fixture.hypervisor().inspect(uid), { kind: "absent" });
    await fixture.hypervisor().forget(uid);
    assert.deepEqual(await fixture.hypervisor().list(), []);
  },
});
