/** All devices of a guest. */
import { z } from "zod";
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
  name: z.string(),
  virtiofs: FilesystemVirtiofs,
});
export type Filesystem = z.infer<typeof Filesystem>;

/** An input device. */
export const Input = z.object({
  name: z.string(),
  type: z.string(),
  bus: optional(z.string()),
});
export type Input = z.infer<typeof Input>;

/** A random number generator fed by the node. */
export const Rng = z.object({});
export type Rng = z.infer<typeof Rng>;

/** A sound card. */
export const SoundDevice = z.object({
  name: z.string(),
  model: optional(z.string()),
});
export type SoundDevice = z.infer<typeof SoundDevice>;

/** A trusted platform module. */
export const TPMDevice = z.object({
  enabled: optional(z.boolean()),
  persistent: optional(z.boolean()),
});
export type TPMDevice = z.infer<typeof TPMDevice>;

/** A graphics card. */
export const VideoDevice = z.object({
  type: optional(z.string()),
});
export type VideoDevice = z.infer<typeof VideoDevice>;

/** The watchdog of s390x. */
export const Diag288Watchdog = z.object({
  action: optional(z.string()),
});
export type Diag288Watchdog = z.infer<typeof Diag288Watchdog>;

/** The watchdog of PCI machines. */
export const I6300ESBWatchdog = z.object({
  action: optional(z.string()),
});
export type I6300ESBWatchdog = z.infer<typeof I6300ESBWatchdog>;

/** A watchdog that acts when the guest stops feeding it. */
export const Watchdog = z.object({
  name: z.string(),
  diag288: optional(Diag288Watchdog),
  i6300esb: optional(I6300ESBWatchdog),
});
export type Watchdog = z.infer<typeof Watchdog>;

/** All devices of a guest. */
export const Devices = z.object({
  autoattachGraphicsDevice: optional(z.boolean()),
  autoattachInputDevice: optional(z.boolean()),
  autoattachMemBalloon: optional(z.boolean()),
  autoattachPodInterface: optional(z.boolean()),
  autoattachSerialConsole: optional(z.boolean()),
  autoattachVSOCK: optional(z.boolean()),
  blockMultiQueue: optional(z.boolean()),
  clientPassthrough: optional(ClientPassthroughDevices),
  disableHotplug: optional(z.boolean()),
  disks: optional(z.array(Disk).max(256)),
  downwardMetrics: optional(DownwardMetrics),
  filesystems: optional(atomicList(Filesystem)),
  gpus: optional(atomicList(GPU)),
  hostDevices: optional(atomicList(HostDevice)),
  inputs: optional(z.array(Input)),
  interfaces: optional(z.array(Interface).max(256)),
  logSerialConsole: optional(z.boolean()),
  networkInterfaceMultiqueue: optional(z.boolean()),
  panicDevices: optional(z.array(PanicDevice)),
  rng: optional(Rng),
  sound: optional(SoundDevice),
  tpm: optional(TPMDevice),
  useVirtioTransitional: optional(z.boolean()),
  video: optional(VideoDevice),
  watchdog: optional(Watchdog),
});
export type Devices = z.infer<typeof Devices>;
