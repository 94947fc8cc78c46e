/** Storage of a guest that is full or cut short: what the guest does, and what is written. */
import assert from "node:assert/strict";
import { isGateOpen } from "../../src/node/virtual_machine_instance/readiness_gate.ts";
import { conditionOf, CountingConsole, until, VmmBed, vmmTest } from "./vmm_bed.ts";
import { whyNotCounting, WRITTEN_BYTES } from "./writing_guest.ts";

const SMALL_BYTES = 2 * 1024 * 1024;
const LARGE_BYTES = 2 * WRITTEN_BYTES;
/** Promised: five seconds, of which the guest's attempts take three at most. */
const RESUMED_WITHIN_MS = 15_000;
/** The second try is made three seconds after the guest stopped, and known to have failed when the half of one has passed. */
const TWO_TRIES_MS = 4_000;
const LOG_BYTES_MAX = 256 * 1024;
const O_APPEND = 0o2000;

vmmTest(
  "the overlay's disk full: the guest pauses, names the volume, and goes on when there is space",
  async () => {
    await using bed = await VmmBed.start({ overlayDiskBytes: SMALL_BYTES });
    await using serial = new CountingConsole(await bed.hypervisor.openConsole(bed.uid));
    const vmi = await bed.untilVmi(
      "it is paused",
      (vmi) => conditionOf(vmi, "Paused") !== undefined,
    );
    const pausedMs = performance.now();
    const paused = vmi.status?.conditions?.find(({ type }) => type === "Paused");
    assert.equal(paused?.reason, "PausedIOError");
    assert.match(paused?.message ?? "", /: not enough space on volume: root$/);
    assert.equal(vmi.status?.phase, "Running");
    assert.equal(conditionOf(vmi, "Ready"), "False ReadinessGatesNotReady");
    assert.ok(!isGateOpen(await bed.bed.pod()));
    const letters = serial.text.length;

    // It tries to go on meanwhile, and nobody hears of it.
    const { writes } = bed.bed;
    await until(
      "it has tried twice",
      () => performance.now() - pausedMs,
      (ms) => ms > TWO_TRIES_MS,
    );
    assert.equal(bed.bed.writes, writes);

    const sinceMs = performance.now();
    await bed.growOverlayDisk(LARGE_BYTES);
    const resumed = await bed.seen(
      { fault: "space is back", sinceMs, withinMs: RESUMED_WITHIN_MS },
      (vmi) => conditionOf(vmi, "Paused") === undefined,
    );
    assert.equal(conditionOf(resumed, "Ready"), "True");
    await serial.countsOn(20);
    assert.ok(serial.text.length > letters);
    assert.equal(whyNotCounting(serial.text), undefined);
    assert.deepEqual(bed.events, [
      "Started: VirtualMachineInstance started.",
      "IOerror: VM Paused due to not enough space on volume: root",
    ]);
  },
);

vmmTest("a disk image cut short: the guest goes on, and its VMI names the volume", async () => {
  await using bed = await VmmBed.start();
  await using serial = new CountingConsole(await bed.hypervisor.openConsole(bed.uid));
  await serial.countsOn(10);
  const { size } = await Deno.stat(bed.baseImagePath);
  const sinceMs = performance.now();
  await Deno.truncate(bed.baseImagePath, size / 2);
  const vmi = await bed.seen(
    { fault: "image cut short", sinceMs },
    (vmi) => conditionOf(vmi, "Synchronized") === "False VolumeTruncated",
  );
  assert.equal(vmi.status?.phase, "Running");
  assert.equal(conditionOf(vmi, "Ready"), "True");
  await serial.countsOn(10);
  assert.equal(whyNotCounting(serial.text), undefined);
  await until("it is told", () => bed.events, (events) => events.length === 2);
  assert.match(bed.events[1] ?? "", /^VolumeTruncated: .* of volume: root$/);
  // Known to the next domain process, too.
  await bed.kill("domain", "SIGKILL");
  const adopted = await until(
    "it is adopted and looked at",
    () => bed.hypervisor.inspect(bed.uid),
    (domain) => domain.kind === "present" && domain.truncatedDisks !== undefined,
  );
  assert.deepEqual(adopted.kind === "present" && adopted.truncatedDisks, ["vda"]);
});

vmmTest("QEMU's own log is bounded", async () => {
  await using bed = await VmmBed.start();
  const [log] = await logsOf(bed);
  assert.ok(log);
  const fd = await fdOf(await bed.vmmPid(), log);
  assert.ok(fd & O_APPEND, "it goes on at the end of what is left");
  await Deno.writeFile(log, new Uint8Array(2 * LOG_BYTES_MAX), { append: true });
  await until(
    "it is cut",
    async () => (await Deno.stat(log)).size,
    (size) => size <= LOG_BYTES_MAX,
  );
});

async function logsOf(bed: VmmBed): Promise<string[]> {
  const directory = `${bed.vmDirectory}/log/qemu`;
  const logs: string[] = [];
  for await (const { name } of Deno.readDir(directory)) logs.push(`${directory}/${name}`);
  return logs;
}

/** How a process has opened that file. */
async function fdOf(pid: number, path: string): Promise<number> {
  const { ino } = await Deno.stat(path);
  for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
    const opened = await Deno.stat(`/proc/${pid}/fd/${name}`).catch(() => undefined);
    if (opened?.ino !== ino) continue;
    const info = await Deno.readTextFile(`/proc/${pid}/fdinfo/${name}`);
    return parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? "", 8);
  }
  throw new Error(`Cannot find ${path} among the files of process ${pid}`);
}
