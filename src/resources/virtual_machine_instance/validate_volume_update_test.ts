import assert from "node:assert/strict";
import type { Disk } from "../../api/disk.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { VirtualMachineInstanceStatus } from "../../api/virtual_machine_instance_status.ts";
import type { Volume } from "../../api/volume.ts";
import { validateVolumeUpdate } from "./validate_volume_update.ts";

const ROOT: Volume = { name: "root", containerDisk: { image: "registry.example/disk:1" } };
const PLUGGED: Volume = { name: "data", persistentVolumeClaim: { claimName: "data" } };
const ROOT_DISK: Disk = { name: "root", disk: { bus: "virtio" } };
const PLUGGED_DISK: Disk = { name: "data", disk: { bus: "scsi" } };
const STATUS: VirtualMachineInstanceStatus = {
  volumeStatus: [
    { name: "root", target: "vda" },
    { name: "data", target: "sda", hotplugVolume: { attachPodName: "hp" } },
  ],
};

function guest(
  volumes: Volume[],
  disks: Disk[],
  status: VirtualMachineInstanceStatus = STATUS,
): VirtualMachineInstance {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name: "v", uid: "u" },
    spec: { domain: { devices: { disks } }, volumes },
    status,
  };
}

const OLD = guest([ROOT, PLUGGED], [ROOT_DISK, PLUGGED_DISK]);
const more = (volume: Volume | undefined, disk: Disk | undefined) =>
  guest(
    [ROOT, PLUGGED, ...(volume === undefined ? [] : [volume])],
    [ROOT_DISK, PLUGGED_DISK, ...(disk === undefined ? [] : [disk])],
  );
const NEW: Volume = { name: "new", persistentVolumeClaim: { claimName: "new" } };
const newDisk = (disk: Partial<Disk>): Disk => ({ name: "new", ...disk });
const VIRTIO = newDisk({ disk: { bus: "virtio" } });
const OTHER: Volume = { name: "root", containerDisk: { image: "registry.example/disk:2" } };

const DISKS = "spec.domain.devices.disks";
const VOLUMES = "spec.volumes";
const CASES: [change: string, to: VirtualMachineInstance, causes: string[]][] = [
  ["nothing", OLD, []],
  ["a claim is plugged in", more(NEW, VIRTIO), []],
  ["a LUN is plugged in", more(NEW, newDisk({ lun: { bus: "scsi" } })), []],
  ["a data volume is plugged in", more({ name: "new", dataVolume: { name: "n" } }, VIRTIO), []],
  ["what was plugged in is taken out", guest([ROOT], [ROOT_DISK]), []],
  [
    "a disk of the start is taken out",
    guest([PLUGGED], [PLUGGED_DISK]),
    [`${VOLUMES}: permanent volume root, not found`],
  ],
  [
    "a disk of the start gets another source",
    guest([OTHER, PLUGGED], [ROOT_DISK, PLUGGED_DISK]),
    [`${VOLUMES}: permanent volume root, changed`],
  ],
  [
    "a disk of the start gets another bus",
    guest([ROOT, PLUGGED], [{ name: "root", disk: { bus: "sata" } }, PLUGGED_DISK]),
    [`${DISKS}: permanent disk root, changed`],
  ],
  [
    "storage is moved",
    guest([OTHER, PLUGGED], [ROOT_DISK, PLUGGED_DISK], {
      ...STATUS,
      migratedVolumes: [{ volumeName: "root" }],
    }),
    [],
  ],
  [
    "what was plugged in is changed",
    guest([ROOT, { name: "data", persistentVolumeClaim: { claimName: "x" } }], [
      ROOT_DISK,
      { name: "data", disk: { bus: "virtio" } },
    ]),
    [`${VOLUMES}: hotplug volume data, changed`, `${DISKS}: hotplug disk data, changed`],
  ],
  [
    "what was plugged in loses its disk",
    guest([ROOT, PLUGGED], [ROOT_DISK]),
    [`${DISKS}: volume data doesn't have a matching disk`],
  ],
  [
    "an image is plugged in",
    more({ name: "new", emptyDisk: { capacity: "1Gi" } }, VIRTIO),
    [`${VOLUMES}: volume new is not a PVC or DataVolume`],
  ],
  ["a volume without a disk", more(NEW, undefined), [`${DISKS}: disk new does not exist`]],
  [
    "a SATA disk is plugged in",
    more(NEW, newDisk({ disk: { bus: "sata" } })),
    [
      `${DISKS}: Hotplug configuration for disk [new] requires bus to be 'scsi' or 'virtio'. [sata] is not permitted.`,
    ],
  ],
  [
    "a virtio LUN is plugged in",
    more(NEW, newDisk({ lun: { bus: "virtio" } })),
    [
      `${DISKS}: Hotplug configuration for LUN [new] requires bus to be 'scsi'. [virtio] is not permitted.`,
    ],
  ],
  [
    "a CD-ROM is plugged in",
    more(NEW, newDisk({ cdrom: { bus: "sata" } })),
    [
      `${DISKS}: Hotplug configuration for [new] requires diskDevice of type 'disk' or 'lun' to be used.`,
    ],
  ],
  [
    "a SCSI disk with a thread of its own is plugged in",
    more(NEW, newDisk({ disk: { bus: "scsi" }, dedicatedIOThread: true })),
    [`${DISKS}: Hotplug configuration for [new] requires virtio bus for IOThreads.`],
  ],
];

for (const [change, to, causes] of CASES) {
  Deno.test(`validateVolumeUpdate() where ${change}`, () => {
    const said = validateVolumeUpdate({ vmi: to, old: OLD });
    assert.deepEqual(said.map(({ field, message }) => `${field}: ${message}`), causes);
  });
}
