import assert from "node:assert/strict";
import { diskTargets } from "./disk_targets.ts";

Deno.test("diskTargets() counts virtio apart from all other buses", () => {
  const targets = diskTargets([
    { name: "a", disk: { bus: "virtio" } },
    { name: "b", disk: { bus: "sata" } },
    { name: "c", cdrom: {} },
    { name: "d", disk: { bus: "virtio" } },
    { name: "e", disk: { bus: "scsi" } },
  ]);
  assert.deepEqual([...targets], [["a", "vda"], ["b", "sda"], ["c", "sdb"], ["d", "vdb"], [
    "e",
    "sdc",
  ]]);
});

Deno.test("diskTargets() goes on with two letters after z", () => {
  const disks = Array.from({ length: 28 }, (_, index) => ({
    name: `d${index}`,
    disk: { bus: "virtio" },
  }));
  assert.deepEqual([...diskTargets(disks).values()].slice(25), ["vdz", "vdaa", "vdab"]);
});
