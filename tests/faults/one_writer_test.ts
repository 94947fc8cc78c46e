/** Two guests of one node and one image: what KubeVirt calls a claim that is ReadWriteOnce and mounted twice. */
import assert from "node:assert/strict";
import { HypervisorError } from "../../src/hypervisor/hypervisor.ts";
import { checkDiskLocks } from "./disk_locks.ts";
import { GuestBed, QEMU_USER, type Volume, whyNoGuests } from "./guest_bed.ts";
import { diskSaying } from "./reading_guest.ts";

const ignore = whyNoGuests() !== undefined;

async function claim(bed: GuestBed): Promise<string> {
  const path = `${bed.directory}/disk.img`;
  await Deno.writeFile(path, diskSaying("CLAIM"));
  await Deno.chown(path, QEMU_USER, QEMU_USER);
  return path;
}

Deno.test({
  name: "launch() refuses a second writer of an image, by name, until the first has ended",
  ignore,
  fn: async () => {
    await using bed = await GuestBed.create();
    const image = await claim(bed);
    const [first, second] = [
      await bed.guest("one", { claim: image }),
      await bed.guest("two", { claim: image }),
    ];
    await bed.hypervisor.launch(first.spec);
    await assertRefused(bed, second.spec.uid, () => bed.hypervisor.launch(second.spec));
    assert.deepEqual(volumesOf(bed, first.uid), ["data", "root"]);

    // QEMU lives on, and so do its locks, while its domain process is dead, and when another has adopted it.
    const { domain } = await bed.processes(first.uid);
    Deno.kill(domain, "SIGKILL");
    await assertRefused(bed, second.spec.uid, () => bed.hypervisor.launch(second.spec));
    await adopted(bed, first.uid);
    assert.deepEqual(volumesOf(bed, first.uid), ["data", "root"]);
    await assertRefused(bed, second.spec.uid, () => bed.hypervisor.launch(second.spec));

    await bed.end(first.uid);
    await bed.hypervisor.launch(second.spec);
    assert.match(await bed.read(second.uid), /CLAIM/);
    assert.deepEqual(volumesOf(bed, second.uid), ["data", "root"]);
  },
});

Deno.test({
  name: "launch() starts one of two that want an image at the same time",
  ignore,
  fn: async () => {
    await using bed = await GuestBed.create();
    const image = await claim(bed);
    const guests = [
      await bed.guest("one", { claim: image }),
      await bed.guest("two", { claim: image }),
    ];
    const outcomes = await Promise.allSettled(
      guests.map(({ spec }) => bed.hypervisor.launch(spec)),
    );
    const refused = outcomes.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
    assert.equal(refused.length, 1, String(refused));
    assert.match(String(refused[0]), /volume data/);
    assert.equal(checkDiskLocks(bed).filter(({ volume }) => volume === "data").length, 1);
  },
});

const TOGETHER: [criterion: string, one: Volume["access"], other: Volume["access"], ok: boolean][] =
  [
    ["both share the image", "shared", "shared", true],
    ["both only read", "read only", "read only", true],
    ["one shares and one does not", "shared", "exclusive", false],
    ["one writes and one only reads", "exclusive", "read only", false],
  ];

for (const [criterion, one, other, ok] of TOGETHER) {
  Deno.test({
    name: `launch() ${ok ? "starts" : "refuses"} a second guest when ${criterion}`,
    ignore,
    fn: async () => {
      await using bed = await GuestBed.create();
      const image = await claim(bed);
      const first = await bed.guest("one", { claim: image, access: one! });
      const second = await bed.guest("two", { claim: image, access: other! });
      await bed.hypervisor.launch(first.spec);
      if (ok) await bed.hypervisor.launch(second.spec);
      else await assertRefused(bed, second.uid, () => bed.hypervisor.launch(second.spec));
      checkDiskLocks(bed);
    },
  });
}

async function assertRefused(
  bed: GuestBed,
  uid: string,
  launch: () => Promise<void>,
): Promise<void> {
  const error = await launch().then(() => undefined, (error) => error);
  assert.ok(error instanceof HypervisorError, `expected a refusal: got ${error}`);
  assert.equal(error.terminal, false, error.message);
  assert.match(error.message, /volume data|lock/);
  assert.equal((await bed.hypervisor.inspect(uid)).kind, "absent");
}

function volumesOf(bed: GuestBed, uid: string): string[] {
  return checkDiskLocks(bed).filter((image) => image.uid === uid).map(({ volume }) => volume)
    .sort();
}

async function adopted(bed: GuestBed, uid: string): Promise<void> {
  const deadline = AbortSignal.timeout(30_000);
  while ((await bed.hypervisor.inspect(uid, deadline)).kind !== "present") {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
