/**
 * Where the bytes of each volume come from and how the domain gets them: pure. Paths of the pod are resolved beneath the
 * root of a process of the pod, never by the node's own root.
 */
import type { CloudInitNoCloudSource } from "../../api/cloud_init.ts";
import type { Disk } from "../../api/disk.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { Volume } from "../../api/volume.ts";
import type { DomainMount, DomainOverlay } from "../../hypervisor/hypervisor.ts";
import type { DiskSource, Refusal } from "../../libvirt_domain/configurator.ts";
import { INITRD_PATH, KERNEL_PATH } from "../../libvirt_domain/os.ts";
import { quantityToBytes } from "../../libvirt_domain/quantity_to_bytes.ts";
import type { CloudInitKind } from "./cloud_init.ts";

/** Socket name of the envelope in the launcher's own container. */
export const COMPUTE_SOCKET = "compute";
/** Socket name of the container that holds kernel and initrd. */
const KERNEL_BOOT_SOCKET = "kernel-boot";

/** In the compute container. */
const EPHEMERAL_DISKS_PATH = "/var/run/denovirt/ephemeral-disks";
const CLAIMS_PATH = "/var/run/kubevirt-private/vmi-disks";
export const SECRETS_PATH = "/var/run/kubevirt-private/secret";

/** Directory of an image that holds its one disk. */
const CONTAINER_DISK_DIRECTORY = "/disk";

/** A mount whose process is still named by its socket. */
export type PlannedMount = Omit<DomainMount, "pid"> & { socket: string };

/** An image made by the agent from a volume's cloud-init data. */
export interface PlannedSeed {
  volumeName: string;
  kind: CloudInitKind;
  source: CloudInitNoCloudSource;
}

export interface VolumePlan {
  mounts: readonly PlannedMount[];
  overlays: readonly DomainOverlay[];
  seeds: readonly PlannedSeed[];
  /** By volume name. */
  disks: Readonly<Record<string, DiskSource>>;
  refusals: readonly Refusal[];
}

interface Part {
  mounts?: PlannedMount[];
  overlays?: DomainOverlay[];
  seeds?: PlannedSeed[];
  disk?: DiskSource;
  refusal?: Refusal;
}

/** Where a seed lies below the VM's directory. */
export function seedPath(volumeName: string): string {
  return `seeds/${volumeName}.iso`;
}

/** What to mount and make, and every reason why it would not be what the VMI asks for. */
export function planVolumes(vmi: VirtualMachineInstance): VolumePlan {
  const disks = vmi.spec.domain.devices.disks ?? [];
  const parts = (vmi.spec.volumes ?? []).map((volume, index) => ({
    name: volume.name,
    part: planVolume(volume, {
      disk: disks.find(({ name }) => name === volume.name),
      at: `spec.volumes[${index}]`,
    }),
  }));
  const all = [...parts.map(({ part }) => part), planKernelBoot(vmi)];
  const overlays = all.flatMap((part) => part.overlays ?? []);
  return {
    mounts: [
      ...(overlays.length > 0 ? [ephemeralDisks()] : []),
      ...all.flatMap((part) => part.mounts ?? []),
    ],
    overlays,
    seeds: all.flatMap((part) => part.seeds ?? []),
    disks: Object.fromEntries(
      parts.flatMap(({ name, part }) => part.disk === undefined ? [] : [[name, part.disk]]),
    ),
    refusals: all.flatMap((part) => part.refusal === undefined ? [] : [part.refusal]),
  };
}

/** Sockets of all containers whose processes the plan needs. */
export function socketsOf({ mounts }: VolumePlan): string[] {
  return [...new Set([COMPUTE_SOCKET, ...mounts.map(({ socket }) => socket)])];
}

interface VolumeContext {
  disk: Disk | undefined;
  at: string;
}

function planVolume(volume: Volume, context: VolumeContext): Part {
  if (volume.containerDisk !== undefined) return planContainerDisk(volume, context);
  if (volume.emptyDisk !== undefined) return planEmptyDisk(volume, context);
  if (volume.persistentVolumeClaim !== undefined) return planClaim(volume);
  if (volume.cloudInitNoCloud !== undefined) {
    return planSeed(volume.name, "NoCloud", volume.cloudInitNoCloud);
  }
  if (volume.cloudInitConfigDrive !== undefined) {
    return planSeed(volume.name, "ConfigDrive", volume.cloudInitConfigDrive);
  }
  const source = Object.keys(volume).find((key) => key !== "name") ?? "";
  const field = source === "" ? context.at : `${context.at}.${source}`;
  return { refusal: { field, message: "this kind of volume is not supported on this node" } };
}

/** The image is shared by all its users on the node and only read: writes go to an overlay in the pod. */
function planContainerDisk({ name, containerDisk }: Volume, { disk }: VolumeContext): Part {
  const base = `disks/${name}/base`;
  const path = containerDisk?.path;
  const mount: PlannedMount = {
    socket: name,
    path: path || CONTAINER_DISK_DIRECTORY,
    ...(path ? {} : { firstFile: true }),
    target: base,
    readOnly: true,
    kind: "file",
  };
  const image = { path: `@VMDIR@/${base}`, format: `@FORMAT:${base}@` } as const;
  if (disk?.cdrom !== undefined || disk?.disk?.readonly === true) {
    return { mounts: [mount], disk: { ...image, readOnly: true } };
  }
  const overlay = `ephemeral/${name}.qcow2`;
  return {
    mounts: [mount],
    overlays: [{ path: overlay, backing: base }],
    disk: { path: `@VMDIR@/${overlay}`, format: "qcow2", backing: image },
  };
}

function planEmptyDisk({ name, emptyDisk }: Volume, { at }: VolumeContext): Part {
  const sizeBytes = emptyDisk === undefined ? undefined : quantityToBytes(emptyDisk.capacity);
  if (sizeBytes === undefined || sizeBytes === 0) {
    const message = `not a size: got ${JSON.stringify(emptyDisk?.capacity)}`;
    return { refusal: { field: `${at}.emptyDisk.capacity`, message } };
  }
  const overlay = `ephemeral/${name}.qcow2`;
  return {
    overlays: [{ path: overlay, sizeBytes }],
    disk: { path: `@VMDIR@/${overlay}`, format: "qcow2" },
  };
}

/** A claim with a file system holds its disk as `disk.img`: raw, whatever its first bytes pretend. */
function planClaim({ name, persistentVolumeClaim }: Volume): Part {
  const target = `disks/${name}/disk.img`;
  const readOnly = persistentVolumeClaim?.readOnly === true;
  return {
    mounts: [{
      socket: COMPUTE_SOCKET,
      path: `${CLAIMS_PATH}/${name}/disk.img`,
      target,
      readOnly,
      kind: "file",
    }],
    disk: { path: `@VMDIR@/${target}`, format: "raw", readOnly },
  };
}

function planSeed(volumeName: string, kind: CloudInitKind, source: CloudInitNoCloudSource): Part {
  return {
    seeds: [{ volumeName, kind, source }],
    disk: { path: `@VMDIR@/${seedPath(volumeName)}`, format: "raw", readOnly: true },
  };
}

function planKernelBoot(vmi: VirtualMachineInstance): Part {
  const container = vmi.spec.domain.firmware?.kernelBoot?.container;
  if (container === undefined) return {};
  const files = [[container.kernelPath, KERNEL_PATH], [container.initrdPath, INITRD_PATH]] as const;
  return {
    mounts: files.flatMap(([path, target]) =>
      path
        ? [{ socket: KERNEL_BOOT_SOCKET, path, target, readOnly: true, kind: "file" as const }]
        : []
    ),
  };
}

function ephemeralDisks(): PlannedMount {
  return {
    socket: COMPUTE_SOCKET,
    path: EPHEMERAL_DISKS_PATH,
    target: "ephemeral",
    readOnly: false,
    kind: "directory",
  };
}
