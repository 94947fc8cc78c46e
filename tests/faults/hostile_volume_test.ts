/**
 * A pod that makes of its volumes what was published as ways out of KubeVirt's, before and during the start of its guest:
 * links instead of paths (CVE-2022-1798, 2025-64324), another's socket (2026-7374), images that name files, formats that
 * are guessed, files without end. The guest reads its disk aloud, so what it got is known by its words.
 */
import assert from "node:assert/strict";
import { EnvelopeError } from "../../src/hypervisor/envelope.ts";
import { HypervisorError } from "../../src/hypervisor/hypervisor.ts";
import { NativeError } from "../../src/hypervisor/native/native.ts";
import { type Guest, GuestBed, QEMU_USER, type Volume, whyNoGuests } from "./guest_bed.ts";
import { DISK_BYTES, diskSaying } from "./reading_guest.ts";

const ignore = whyNoGuests() !== undefined;
const DISK = "disks/data/disk.img";
const RACES = 4;

/** A disk of the node, and of nobody's pod. That QEMU's user may read it is not what protects it. */
async function secret(bed: GuestBed): Promise<string> {
  const path = `${bed.directory}/secret.img`;
  await Deno.writeFile(path, diskSaying("SECRET OF THE NODE"));
  await Deno.chown(path, QEMU_USER, QEMU_USER);
  return path;
}

async function tenantDisk(path: string): Promise<void> {
  await Deno.writeFile(path, diskSaying("DISK OF THE TENANT"));
  await Deno.chown(path, QEMU_USER, QEMU_USER);
}

interface Attack {
  volume?: Volume;
  prepare(attack: { root: string; secret: string; bed: GuestBed }): Promise<unknown>;
  refusal: RegExp;
}

const NOT_FOUND =
  /Cannot use \/disks\/\S+ of the pod: (No such file|Too many levels of symbolic links|Not a directory)/;
const CONTAINER_DISK: Volume = {
  path: "/disks/data",
  firstFile: true,
  target: "disks/data/base",
  format: "@FORMAT:disks/data/base@",
  access: "read only",
};

const ATTACKS: Record<string, Attack> = {
  "a link to a path of the node": {
    prepare: ({ root, secret }) => Deno.symlink(secret, `${root}/${DISK}`),
    refusal: NOT_FOUND,
  },
  "a link upwards": {
    prepare: ({ root, secret }) => Deno.symlink(`../../../../../../..${secret}`, `${root}/${DISK}`),
    refusal: NOT_FOUND,
  },
  "a directory that is a link": {
    async prepare({ root, bed }) {
      await Deno.remove(`${root}/disks/data`);
      await Deno.symlink(bed.directory, `${root}/disks/data`);
    },
    volume: { path: "/disks/data/secret.img" },
    refusal: NOT_FOUND,
  },
  "a link by way of a process's root": {
    prepare: ({ root, secret }) => Deno.symlink(`/proc/1/root${secret}`, `${root}/${DISK}`),
    refusal: NOT_FOUND,
  },
  "a link to the node's passwords": {
    prepare: ({ root }) => Deno.symlink("/etc/shadow", `${root}/${DISK}`),
    refusal: NOT_FOUND,
  },
  "a link to other machines": {
    prepare: ({ root, bed }) => Deno.symlink(`${bed.runDirectory}/vms`, `${root}/${DISK}`),
    refusal: NOT_FOUND,
  },
  "a file of the kernel": {
    prepare: ({ root }) => Deno.symlink("/proc/1/environ", `${root}/${DISK}`),
    refusal: /it must be stored data: got a file of the kernel/,
  },
  "a FIFO": {
    prepare: ({ root }) => run("mkfifo", `${root}/${DISK}`),
    refusal: /must be a RegularFile: got a Fifo/,
  },
  "a device of the node": {
    prepare: ({ root }) => run("mknod", `${root}/${DISK}`, "b", "254", "0"),
    refusal: /must be a RegularFile: got a BlockDevice/,
  },
  "a socket": {
    prepare: ({ root }) => {
      Deno.listen({ transport: "unix", path: `${root}/${DISK}` }).close();
      return Promise.resolve();
    },
    refusal: /must be a RegularFile: got a Socket|No such file/,
  },
  "a directory": {
    prepare: ({ root }) => Deno.mkdir(`${root}/${DISK}`),
    refusal: /must be a RegularFile: got a Directory/,
  },
  "an image with a backing file": {
    volume: CONTAINER_DISK,
    prepare: ({ root, secret }) => qcow2(`${root}/${DISK}`, ["-u", "-F", "raw", "-b", secret]),
    refusal: /it must have no backing file/,
  },
  "an image with a backing file in JSON": {
    volume: CONTAINER_DISK,
    prepare: ({ root, secret }) => {
      const backing = `json:{"driver":"raw","file":{"driver":"file","filename":"${secret}"}}`;
      return qcow2(`${root}/${DISK}`, ["-u", "-F", "raw", "-b", backing]);
    },
    refusal: /it must have no backing file/,
  },
  "an image with an external data file": {
    volume: CONTAINER_DISK,
    prepare: ({ root }) => {
      const data = `${root}/data.raw`;
      return qcow2(`${root}/${DISK}`, ["-o", `data_file=${data},data_file_raw=on`]);
    },
    refusal: /it must have no external data file/,
  },
  "an overlay that is a link": {
    prepare: async ({ root, secret }) => {
      await tenantDisk(`${root}/${DISK}`);
      await Deno.symlink(secret, `${root}/ephemeral/root.qcow2`);
    },
    refusal: /Cannot use overlay ephemeral\/root.qcow2: it must be a regular file/,
  },
  "an overlay with an external data file": {
    prepare: async ({ root }) => {
      await tenantDisk(`${root}/${DISK}`);
      const data = `data_file=${root}/data.raw,data_file_raw=on`;
      await qcow2(`${root}/ephemeral/root.qcow2`, ["-o", data]);
    },
    refusal: /it must have no external data file/,
  },
};

for (const [name, { prepare, refusal, volume }] of Object.entries(ATTACKS)) {
  Deno.test({
    name: `launch() refuses ${name}`,
    ignore,
    fn: async () => {
      await using bed = await GuestBed.create();
      const guest = await bed.guest("one", volume ?? {});
      await prepare({ root: guest.root, secret: await secret(bed), bed });
      const error = await bed.hypervisor.launch(guest.spec).then(() => undefined, (error) => error);
      assert.ok(error instanceof HypervisorError, `expected a refusal: got ${error}`);
      assert.match(error.message, refusal);
      assert.equal((await bed.hypervisor.inspect(guest.uid)).kind, "absent");
    },
  });
}

Deno.test({
  name: "launch() takes the first bytes of a raw disk for nothing but data",
  ignore,
  fn: async () => {
    await using bed = await GuestBed.create();
    const guest = await bed.guest("one", {});
    const disk = `${guest.root}/${DISK}`;
    await qcow2(disk, ["-u", "-F", "raw", "-b", await secret(bed)]);
    await Deno.truncate(disk, DISK_BYTES);
    await Deno.chown(disk, QEMU_USER, QEMU_USER);
    await bed.hypervisor.launch(guest.spec);
    const text = await bed.read(guest.uid);
    assert.match(text, /QFI/);
    assert.doesNotMatch(text, /SECRET OF THE NODE/);
  },
});

Deno.test({
  name: "launch() gives a guest its own disk or none, while its path is exchanged all the time",
  ignore,
  fn: async () => {
    await using bed = await GuestBed.create();
    const path = await secret(bed);
    const started: string[] = [];
    for (let race = 0; race < RACES; race++) {
      const guest = await bed.guest(`race${race}`, {});
      await tenantDisk(`${guest.root}/${DISK}`);
      await using _swapper = Swapper.start(guest, { to: path });
      const outcome = await attempt(bed, guest);
      started.push(outcome);
    }
    assert.ok(started.every((outcome) => outcome === "refused" || outcome === "own"), `${started}`);
  },
});

/** What is in the VM's directory as soon as the launch has come so far. */
const STEPS: Record<string, string> = {
  "the mounts are held": "disks/data/disk.img",
  "the privileges are given up": "record.json",
  "the overlay is made": "disks/root/base",
  "libvirt is configured": "etc/qemu.conf",
  "QEMU is started": "serial0.sock",
};

for (const [step, file] of Object.entries(STEPS)) {
  Deno.test({
    name:
      `launch() keeps to what it has opened: a path that is exchanged when ${step} changes nothing`,
    ignore,
    fn: async () => {
      await using bed = await GuestBed.create();
      const guest = await bed.guest("one", {});
      await tenantDisk(`${guest.root}/${DISK}`);
      const after = `${bed.runDirectory}/vms/${guest.uid}/${file}`;
      await using swapper = Swapper.start(guest, { to: await secret(bed), after });
      const outcome = await attempt(bed, guest);
      assert.ok(await swapper.done, "nothing was exchanged");
      assert.equal(outcome, "own");
    },
  });
}

Deno.test({
  name: "connect() knows another pod's envelope, however it got into this pod's volume",
  ignore,
  fn: async () => {
    await using bed = await GuestBed.create();
    const [one, other] = [await bed.guest("one"), await bed.guest("other")];
    const exchange: ((from: string, to: string) => Promise<void>)[] = [
      (from, to) => Deno.symlink(from, to),
      (from, to) => Deno.link(from, to),
    ];
    for (const place of exchange) {
      await Deno.remove(one.pod.socketPath);
      await place(other.pod.socketPath, one.pod.socketPath);
      await assert.rejects(bed.envelopes.connect(one.pod.socketPath, one.pod.uid), EnvelopeError);
    }
  },
});

Deno.test({
  name: "readBeneath() neither leaves the pod, nor waits, nor reads without end",
  ignore,
  fn: async () => {
    await using bed = await GuestBed.create();
    const { root, spec } = await bed.guest("one");
    const path = await secret(bed);
    await Deno.symlink(path, `${root}/absolute`);
    await Deno.symlink(`../../../..${path}`, `${root}/upwards`);
    await Deno.symlink(`/proc/1/root${path}`, `${root}/process`);
    await run("mkfifo", `${root}/fifo`);
    await Deno.writeFile(`${root}/endless`, new Uint8Array());
    await Deno.truncate(`${root}/endless`, 2 ** 40);
    for (const name of ["absolute", "upwards", "process", "fifo", "endless"]) {
      await assert.rejects(
        bed.native.readBeneath(spec.envelopePid, `/${name}`, 4096),
        NativeError,
        name,
      );
    }
  },
});

/** "own": it runs and reads what is the pod's. Anything but these two is what it got instead. */
async function attempt(bed: GuestBed, guest: Guest): Promise<string> {
  try {
    await bed.hypervisor.launch(guest.spec);
  } catch (error) {
    assert.ok(error instanceof HypervisorError, String(error));
    return "refused";
  }
  const text = await bed.read(guest.uid);
  return text.includes("DISK OF THE TENANT") && !text.includes("SECRET") ? "own" : text;
}

/** Exchanges a volume's file for a link, from a thread of its own: all the time, or once when a file appears. */
class Swapper implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #stopped: Promise<void>;
  /** The one exchange has been made; never, when the file never appeared. */
  readonly done: Promise<boolean>;

  private constructor(worker: Worker) {
    this.#worker = worker;
    const done = Promise.withResolvers<boolean>();
    const stopped = Promise.withResolvers<void>();
    this.done = done.promise;
    this.#stopped = stopped.promise;
    worker.onmessage = ({ data }) => data === "done" ? done.resolve(true) : stopped.resolve();
  }

  static start({ root }: Guest, { after, to }: { to: string; after?: string }): Swapper {
    const swapper = new Swapper(
      new Worker(new URL("./swapper.ts", import.meta.url), { type: "module" }),
    );
    const stop = swapper.#stop;
    swapper.#worker.postMessage({ path: `${root}/${DISK}`, to, after, stop });
    return swapper;
  }

  /** Nothing is exchanged any more when this resolves. */
  async [Symbol.asyncDispose](): Promise<void> {
    Atomics.store(this.#stop, 0, 1);
    await this.#stopped;
    this.#worker.terminate();
  }
}

async function qcow2(path: string, args: string[]): Promise<void> {
  await run("qemu-img", "create", "-q", "-f", "qcow2", ...args, path, String(DISK_BYTES));
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdout: "null" }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}
