/** What the processes of running guests are allowed to, read from the kernel. */
import assert from "node:assert/strict";
import { GuestBed, QEMU_USER, whyNoGuests } from "./guest_bed.ts";

const ignore = whyNoGuests() !== undefined;
const NONE = "0000000000000000";
const FILTERING = "2";

/** What a domain's root holds, and no more. */
const ROOT = ["bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin", "sys"]
  .concat(["usr", "var"]);
const DEVICES = ["full", "kvm", "net", "null", "random", "urandom", "vhost-net", "zero"];

Deno.test({
  name: "launch() leaves neither the domain process nor QEMU any privilege",
  ignore,
  fn: async () => {
    await using bed = await GuestBed.create();
    const { uid, spec } = await bed.guest("one");
    await bed.hypervisor.launch(spec);
    const { domain, vmm } = await bed.processes(uid);
    for (const pid of [domain, vmm]) await assertUnprivileged(pid);
    // QEMU has taken on a narrower filter of its own.
    assert.ok(await filters(vmm) > await filters(domain));
    // Whoever is not root may not look into the process that QEMU was started by.
    assert.equal((await Deno.stat(`/proc/${domain}/maps`)).uid, 0);
    await Deno.kill(domain, "SIGKILL");
    await adopted(bed, uid);
    await assertUnprivileged((await bed.processes(uid)).domain);
  },
});

Deno.test({
  name: "launch() shows a guest's processes their own machine and nothing of the node",
  ignore,
  fn: async () => {
    await using bed = await GuestBed.create();
    const [one, other] = [await bed.guest("one"), await bed.guest("other")];
    await bed.hypervisor.launch(one.spec);
    await bed.hypervisor.launch(other.spec);
    const { domain, vmm } = await bed.processes(one.uid);
    for (const pid of [domain, vmm]) {
      const root = `/proc/${pid}/root`;
      assert.deepEqual(names(root).filter((name) => !ROOT.includes(name)), []);
      assert.deepEqual(names(`${root}/dev`).filter((name) => !DEVICES.includes(name)), []);
      assert.deepEqual(names(`${root}/run`), ["denovirt", "libvirt"]);
      assert.ok(
        names(`${root}/run/denovirt`).every((name) => ["capabilities", "vm"].includes(name)),
      );
      const inode = Deno.statSync(`${bed.runDirectory}/vms/${one.uid}`).ino;
      assert.equal(Deno.statSync(`${root}/run/denovirt/vm`).ino, inode);
      assert.deepEqual(await namesOfOther(pid, other.uid), []);
      assert.deepEqual(openElsewhere(pid), []);
    }
    for (const path of OUT_OF_REACH) await assertOutOfReach(vmm, path);
    // What is refused above is refused for a reason: the same program can read what it may.
    assert.equal(await asQemu(vmm, "/etc/passwd"), true);
  },
});

/** As QEMU could try, were it taken over: by way of the pod's processes, of the node's names, of the kernel. */
const OUT_OF_REACH = [
  "/etc/shadow",
  "/proc/1/root/etc/shadow",
  "/proc/1/environ",
  "/proc/kcore",
  "/var/lib/kubelet",
  "/run/denovirt/vms",
  "/home",
  "/root",
  "/tmp",
];

async function assertOutOfReach(pid: number, path: string): Promise<void> {
  assert.equal(await asQemu(pid, path), false, path);
}

/** Whether QEMU's user can read a path in QEMU's namespaces. */
async function asQemu(pid: number, path: string): Promise<boolean> {
  const enter = [`--target=${pid}`, "--mount", "--pid", "--ipc", "--net", "--uts"];
  const user = [`--setuid=${QEMU_USER}`, `--setgid=${QEMU_USER}`];
  const read = ["sh", "-c", 'if [ -d "$0" ]; then ls "$0"; else cat "$0"; fi >/dev/null', path];
  const { success } = await new Deno.Command("nsenter", {
    args: [...enter, ...user, "--", ...read],
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

async function assertUnprivileged(pid: number): Promise<void> {
  const status = await statusOf(pid);
  const user = Array(4).fill(QEMU_USER).join("\t");
  assert.equal(status.get("Uid"), user);
  assert.equal(status.get("Gid"), user);
  assert.equal(status.get("Groups")?.trim(), String(QEMU_USER));
  for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
    assert.equal(status.get(set), NONE, `${set} of process ${pid}`);
  }
  assert.equal(status.get("NoNewPrivs"), "1");
  assert.equal(status.get("Seccomp"), FILTERING);
}

async function filters(pid: number): Promise<number> {
  return Number((await statusOf(pid)).get("Seccomp_filters"));
}

async function statusOf(pid: number): Promise<Map<string, string>> {
  const text = await Deno.readTextFile(`/proc/${pid}/status`);
  return new Map(
    text.split("\n").map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at), line.slice(at + 1).trim()];
    }),
  );
}

function names(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

/** Lines of its mounts that name another machine. */
async function namesOfOther(pid: number, uid: string): Promise<string[]> {
  const mounts = await Deno.readTextFile(`/proc/${pid}/mountinfo`);
  return mounts.split("\n").filter((line) => line.includes(uid));
}

/** What may be open in it: files of its machine, devices, programs; the pod's count of processes that memory ran out for. */
const OWN_FILES = [
  /^\/(run\/denovirt\/vm|dev|usr)\//,
  /^\/memfd:/,
  /^(socket|pipe|anon_inode):/,
  /^\/proc\/\d+\//,
  /\/memory\.(oom_control|events)$/,
];

function openElsewhere(pid: number): string[] {
  return names(`/proc/${pid}/fd`).flatMap((fd) => {
    const target = Deno.readLinkSync(`/proc/${pid}/fd/${fd}`);
    return OWN_FILES.some((pattern) => pattern.test(target)) ? [] : [target];
  });
}

async function adopted(bed: GuestBed, uid: string): Promise<void> {
  const deadline = AbortSignal.timeout(30_000);
  while ((await bed.hypervisor.inspect(uid, deadline)).kind !== "present") {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
