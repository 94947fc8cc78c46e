import assert from "node:assert/strict";
import type { Disk } from "../../api/disk.ts";
import type { Volume } from "../../api/volume.ts";
import type { DomainLock } from "../../hypervisor/hypervisor.ts";
import { vmi } from "../testing/vmi.ts";
import { planLocks } from "./locks.ts";
import { planVolumes } from "./plan.ts";

const CLAIM: Volume = { name: "data", persistentVolumeClaim: { claimName: "c" } };
const CONTAINER: Volume = { name: "data", containerDisk: { image: "i" } };

const ROWS: [criterion: string, volume: Volume, disk: Partial<Disk>, expected: DomainLock[]][] = [
  ["a claim", CLAIM, { disk: {} }, [
    { volume: "data", path: "disks/data/disk.img", shared: false },
  ]],
  ["a shareable claim", CLAIM, { disk: {}, shareable: true }, [
    { volume: "data", path: "disks/data/disk.img", shared: true },
  ]],
  ["the overlay of a container's image", CONTAINER, { disk: {} }, [
    { volume: "data", path: "ephemeral/data.qcow2", shared: false },
  ]],
  ["no disk that is only read", CLAIM, { disk: { readonly: true } }, []],
  ["no CD-ROM", CONTAINER, { cdrom: {} }, []],
];

for (const [criterion, volume, disk, expected] of ROWS) {
  Deno.test(`planLocks() locks ${criterion}`, () => {
    const guest = vmi({
      spec: { volumes: [volume] },
      domain: { devices: { disks: [{ name: volume.name, ...disk }] } },
    });
    assert.deepEqual(planLocks(guest, planVolumes(guest)), expected);
  });
}
