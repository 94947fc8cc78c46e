/**
 * What the pod holds in place for the guest's volumes. The guest is not in a container, so nothing is mounted for it: images
 * lie in the root file system of containers that only wait, Secrets and scratch space in volumes, and the node agent opens
 * them from there.
 */
import type { CloudInitNoCloudSource } from "../../api/cloud_init.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import type { Volume } from "../../api/volume.ts";
import type { Container, PodVolume, VolumeMount } from "../core_objects.ts";
import { CONTAINER_SECURITY } from "./pod_security.ts";

/** Where the envelope and the holders listen; found by the agent in the pod's directory on the node. */
export const SOCKETS_VOLUME = "sockets";
export const SOCKETS_DIRECTORY = "/var/run/denovirt/sockets";
/** Overlays, empty disks and the like: all that is written for a guest. */
const EPHEMERAL_DISKS_VOLUME = "ephemeral-disks";
const EPHEMERAL_DISKS_DIRECTORY = "/var/run/denovirt/ephemeral-disks";
/** Users' images have no binary of ours: it is copied to where they see it. */
const BINARY_VOLUME = "virt-bin-share-dir";
const BINARY_DIRECTORY = "/var/run/denovirt/bin";
const CLAIMS_DIRECTORY = "/var/run/kubevirt-private/vmi-disks";
const SECRET_DIRECTORY = "/var/run/kubevirt-private/secret";

const KERNEL_BOOT_CONTAINER = "kernel-boot-volume";
const KERNEL_BOOT_SOCKET = "kernel-boot";

export interface PodStorage {
  volumes: PodVolume[];
  computeMounts: VolumeMount[];
  initContainers: Container[];
  containers: Container[];
  imagePullSecrets: { name: string }[];
}

/** The containers that hold images get `resources`. */
export function podStorage(
  vmi: VirtualMachineInstance,
  envelope: EnvelopeImage,
  resources: Container["resources"],
): PodStorage {
  const images = heldImages(vmi);
  const mounted = (vmi.spec.volumes ?? []).flatMap((each) => [
    ...cloudInitSecrets(each),
    ...claim(each),
  ]);
  const pullSecrets = images.flatMap(({ pullSecret }) => pullSecret ?? []);
  return {
    volumes: [
      { name: SOCKETS_VOLUME, emptyDir: {} },
      { name: EPHEMERAL_DISKS_VOLUME, emptyDir: {} },
      ...(images.length > 0 ? [{ name: BINARY_VOLUME, emptyDir: {} }] : []),
      ...mounted.map(({ volume }) => volume),
    ],
    computeMounts: [
      { name: SOCKETS_VOLUME, mountPath: SOCKETS_DIRECTORY },
      { name: EPHEMERAL_DISKS_VOLUME, mountPath: EPHEMERAL_DISKS_DIRECTORY },
      ...mounted.map(({ mount }) => mount),
    ],
    initContainers: images.length > 0 ? [binaryInstaller(envelope, resources)] : [],
    containers: images.map((image) => holder(image, resources)),
    imagePullSecrets: [...new Set(pullSecrets)].map((name) => ({ name })),
  };
}

export interface EnvelopeImage {
  image: string;
  pullPolicy: string;
}

interface HeldImage {
  container: string;
  socket: string;
  image: string;
  pullPolicy: string | undefined;
  pullSecret: string | undefined;
}

function heldImages(vmi: VirtualMachineInstance): HeldImage[] {
  const disks = (vmi.spec.volumes ?? []).flatMap(({ name, containerDisk }) =>
    containerDisk === undefined ? [] : [{
      container: `volume${name}`,
      socket: name,
      image: containerDisk.image,
      pullPolicy: containerDisk.imagePullPolicy,
      pullSecret: containerDisk.imagePullSecret,
    }]
  );
  const kernel = vmi.spec.domain.firmware?.kernelBoot?.container;
  if (kernel === undefined) return disks;
  return [...disks, {
    container: KERNEL_BOOT_CONTAINER,
    socket: KERNEL_BOOT_SOCKET,
    image: kernel.image,
    pullPolicy: kernel.imagePullPolicy,
    pullSecret: kernel.imagePullSecret,
  }];
}

/** Waits beside the guest, so that its image stays on the node and can be opened. */
function holder(image: HeldImage, resources: Container["resources"]): Container {
  const socket = `${SOCKETS_DIRECTORY}/${image.socket}.sock`;
  return {
    name: image.container,
    image: image.image,
    imagePullPolicy: image.pullPolicy || defaultPullPolicy(image.image),
    command: [`${BINARY_DIRECTORY}/envelope`, "hold", "--socket", socket],
    resources,
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      { name: BINARY_VOLUME, mountPath: BINARY_DIRECTORY, readOnly: true },
      { name: SOCKETS_VOLUME, mountPath: SOCKETS_DIRECTORY },
    ],
  };
}

function binaryInstaller(
  envelope: EnvelopeImage,
  resources: Container["resources"],
): Container {
  return {
    name: "container-disk-binary",
    image: envelope.image,
    imagePullPolicy: envelope.pullPolicy,
    command: ["/envelope", "install", `${BINARY_DIRECTORY}/envelope`],
    resources,
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [{ name: BINARY_VOLUME, mountPath: BINARY_DIRECTORY }],
  };
}

/** As Kubernetes' own: what can change under a tag is pulled each time. */
export function defaultPullPolicy(image: string): string {
  if (image.includes("@")) return "IfNotPresent";
  const tag = /:([^:/]+)$/.exec(image)?.[1] ?? "latest";
  return tag === "latest" ? "Always" : "IfNotPresent";
}

interface MountedVolume {
  volume: PodVolume;
  mount: VolumeMount;
}

/** A file system that holds a disk image; the agent takes the image from the mount. */
function claim({ name, persistentVolumeClaim: source }: Volume): MountedVolume[] {
  if (source === undefined) return [];
  const { claimName, readOnly = false } = source;
  return [{
    volume: { name, persistentVolumeClaim: { claimName, ...(readOnly && { readOnly }) } },
    mount: { name, mountPath: `${CLAIMS_DIRECTORY}/${name}`, ...(readOnly && { readOnly }) },
  }];
}

/** Secrets with cloud-init data, where the agent reads them to make the guest's disk. */
function cloudInitSecrets(volume: Volume): MountedVolume[] {
  const source = volume.cloudInitNoCloud ?? volume.cloudInitConfigDrive;
  const names = source === undefined ? [] : secretNames(source);
  if (names.length === 0) return [];
  const name = `${volume.name}-cloudinit`;
  return [{
    volume: { name, projected: { sources: names.map((secret) => ({ secret: { name: secret } })) } },
    mount: { name, mountPath: `${SECRET_DIRECTORY}/${volume.name}`, readOnly: true },
  }];
}

function secretNames({ secretRef, networkDataSecretRef }: CloudInitNoCloudSource): string[] {
  const names = [secretRef?.name, networkDataSecretRef?.name].flatMap((name) => name || []);
  return [...new Set(names)];
}
