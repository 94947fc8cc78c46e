import { configureDisks } from "./disks.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureDisks", configureDisks, [
  ["writes the whole backing chain of an overlay", {
    devices: { disks: [{ name: "root", disk: { bus: "virtio" }, bootOrder: 1, serial: "s1" }] },
    facts: {
      disks: {
        root: {
          path: "@VMDIR@/ephemeral/root.qcow2",
          format: "qcow2",
          backing: { path: "@VMDIR@/disks/root/base", format: "@FORMAT:disks/root/base@" },
        },
      },
    },
  }, [
    '<disk type="file" device="disk" model="virtio-non-transitional">' +
    '<driver name="qemu" type="qcow2" error_policy="stop" discard="unmap"/>' +
    '<source file="@VMDIR@/ephemeral/root.qcow2"/>' +
    '<backingStore type="file"><format type="@FORMAT:disks/root/base@"/>' +
    '<source file="@VMDIR@/disks/root/base"/><backingStore/></backingStore>' +
    '<target dev="vda" bus="virtio"/><serial>s1</serial><boot order="1"/><alias name="ua-root"/></disk>',
  ]],
  ["makes a CD-ROM of SATA, read-only, and one without medium", {
    devices: { disks: [{ name: "iso", cdrom: {} }, { name: "empty", cdrom: { tray: "open" } }] },
    facts: { disks: { iso: { path: "/iso", format: "raw" } } },
  }, [
    '<disk type="file" device="cdrom"><driver name="qemu" type="raw" error_policy="stop" discard="unmap"/>' +
    '<source file="/iso"/><target dev="sda" bus="sata"/><readonly/><alias name="ua-iso"/></disk>',
    '<disk type="file" device="cdrom"><driver name="qemu" type="raw" error_policy="stop" discard="unmap"/>' +
    '<target dev="sdb" bus="sata" tray="open"/><readonly/><alias name="ua-empty"/></disk>',
  ]],
  ["takes cache, io, error policy, block size and sharing", {
    devices: {
      disks: [{
        name: "d",
        disk: { bus: "scsi", readonly: true },
        cache: "none",
        io: "native",
        errorPolicy: "report",
        shareable: true,
        blockSize: { custom: { logical: 4096, physical: 4096 } },
      }],
    },
    facts: { disks: { d: { path: "/d", format: "raw" } } },
  }, [
    '<disk type="file" device="disk">' +
    '<driver name="qemu" type="raw" cache="none" error_policy="report" io="native" discard="unmap"/>' +
    '<source file="/d"/><target dev="sda" bus="scsi"/><readonly/><shareable/>' +
    '<blockio logical_block_size="4096" physical_block_size="4096"/><alias name="ua-d"/></disk>',
  ]],
  ["refuses what it cannot make", {
    devices: {
      disks: [
        { name: "a", lun: {} },
        { name: "b", disk: {} },
        { name: "c", disk: { bus: "ide" } },
        { name: "c", cdrom: { bus: "virtio" } },
        { name: "d", disk: {}, shareable: true },
      ],
    },
    facts: { disks: { c: { path: "/c", format: "raw" }, d: { path: "/d", format: "qcow2" } } },
  }, [
    "refused: spec.domain.devices.disks[0].lun",
    "refused: spec.domain.devices.disks[1].name",
    "refused: spec.domain.devices.disks[2].disk.bus",
    "refused: spec.domain.devices.disks[3].cdrom.bus",
    "refused: spec.domain.devices.disks[4].shareable",
  ]],
]);
