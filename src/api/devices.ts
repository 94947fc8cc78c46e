/** All devices of a guest. */
import * as z from "zod";
import { Disk } from "./disk.ts";
import { GPU, HostDevice, PanicDevice } from "./host_device.ts";
import { Interface } from "./interface.ts";
import { atomicList, optional } from "./structural.ts";

/** Let clients redirect their USB devices to the guest. */
export const ClientPassthroughDevices = z.object({});
export type ClientPassthroughDevices = z.infer<typeof ClientPassthroughDevices>;

/** A serial port that tells the guest metrics of its node. */
export const DownwardMetrics = z.object({});
export type DownwardMetrics = z.infer<typeof DownwardMetrics>;

/** Shared by virtiofs. */
export const FilesystemVirtiofs = z.object({});
export type FilesystemVirtiofs = z.infer<typeof FilesystemVirtiofs>;

/** A volume that the guest mounts rather than sees as a disk. */
export const Filesystem = z.object({
  name: z.string().describe("Name of the file system and its volume"),
  virtiofs: FilesystemVirtiofs.describe("Shared by virtiofs"),
});
export type Filesystem = z.infer<typeof Filesystem>;

/** An input device. */
export const Input = z.object({
  name: z.string().describe("Name of the device"),
  type: z.string().describe("tablet"),
  bus: optional(z.string()).describe("virtio or usb. Default: usb"),
});
export type Input = z.infer<typeof Input>;

/** A random number generator fed by the node. */
export const Rng = z.object({});
export type Rng = z.infer<typeof Rng>;

/** A sound card. */
export const SoundDevice = z.object({
  name: z.string().describe("Name of the device"),
  model: optional(z.string()).describe("ich9 or ac97. Default: ich9"),
});
export type SoundDevice = z.infer<typeof SoundDevice>;

/** A trusted platform module. */
export const TPMDevice = z.object({
  enabled: optional(z.boolean()).describe("false takes away what a preference gives"),
  persistent: optional(z.boolean()).describe("Keep its state when the guest ends. Default: false"),
});
export type TPMDevice = z.infer<typeof TPMDevice>;

/** A graphics card. */
export const VideoDevice = z.object({
  type: optional(z.string()).describe("Such as virtio, vga, bochs or ramfb"),
});
export type VideoDevice = z.infer<typeof VideoDevice>;

/** The watchdog of s390x. */
export const Diag288Watchdog = z.object({
  action: optional(z.string()).describe("reset, poweroff or shutdown. Default: reset"),
});
export type Diag288Watchdog = z.infer<typeof Diag288Watchdog>;

/** The watchdog of PCI machines. */
export const I6300ESBWatchdog = z.object({
  action: optional(z.string()).describe("reset, poweroff or shutdown. Default: reset"),
});
export type I6300ESBWatchdog = z.infer<typeof I6300ESBWatchdog>;

/** A watchdog that acts when the guest stops feeding it. */
export const Watchdog = z.object({
  name: z.string().describe("Name of the device"),
  diag288: optional(Diag288Watchdog).describe("The watchdog of s390x"),
  i6300esb: optional(I6300ESBWatchdog).describe("The watchdog of PCI machines"),
});
export type Watchdog = z.infer<typeof Watchdog>;

/** All devices of a guest. */
export const Devices = z.object({
  autoattachGraphicsDevice: optional(z.boolean()).describe(
    "A graphics card and VNC. Default: true",
  ),
  autoattachInputDevice: optional(z.boolean()).describe("A tablet as input device. Default: false"),
  autoattachMemBalloon: optional(z.boolean()).describe("A memory balloon. Default: true"),
  autoattachPodInterface: optional(z.boolean()).describe(
    "An interface on the pod network when none is listed. Default: true",
  ),
  autoattachSerialConsole: optional(z.boolean()).describe("A serial console. Default: true"),
  autoattachVSOCK: optional(z.boolean()).describe("A vsock. Default: false"),
  blockMultiQueue: optional(z.boolean()).describe(
    "One queue per virtual CPU for virtio disks. Default: false",
  ),
  clientPassthrough: optional(ClientPassthroughDevices).describe(
    "Let clients redirect their USB devices to the guest",
  ),
  disableHotplug: optional(z.boolean()).describe("Refuse disks while the guest runs"),
  disks: optional(z.array(Disk).max(256)).describe("Disks; each has a volume of the same name"),
  downwardMetrics: optional(DownwardMetrics).describe(
    "A serial port that tells the guest metrics of its node",
  ),
  filesystems: optional(atomicList(Filesystem)).describe(
    "Volumes that the guest mounts as file systems",
  ),
  gpus: optional(atomicList(GPU)).describe("GPUs of the node"),
  hostDevices: optional(atomicList(HostDevice)).describe("Devices of the node"),
  inputs: optional(z.array(Input)).describe("Input devices"),
  interfaces: optional(z.array(Interface).max(256)).describe(
    "Network interfaces; each has a network of the same name",
  ),
  logSerialConsole: optional(z.boolean()).describe(
    "Write the serial console to the log of container guest-console-log. Default: the cluster's",
  ),
  networkInterfaceMultiqueue: optional(z.boolean()).describe(
    "One queue per virtual CPU for virtio interfaces. Default: false",
  ),
  panicDevices: optional(z.array(PanicDevice)).describe(
    "Devices by which the guest tells that it crashed",
  ),
  rng: optional(Rng).describe("A random number generator fed by the node"),
  sound: optional(SoundDevice).describe("A sound card"),
  tpm: optional(TPMDevice).describe("A trusted platform module"),
  useVirtioTransitional: optional(z.boolean()).describe(
    "Virtio devices that older guests understand. Default: false",
  ),
  video: optional(VideoDevice).describe("Which graphics card"),
  watchdog: optional(Watchdog).describe("A watchdog that acts when the guest stops feeding it"),
});
export type Devices = z.infer<typeof Devices>;
