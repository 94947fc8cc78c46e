/**
 * Fields that would need something of the pod which it does not get yet. An instance that uses one is told so before any
 * pod is made: a pod that waits for ever, or a guest that lacks what its owner wrote, would be worse. Fields that only shape
 * the guest's virtual hardware are judged by the node agent, which renders it.
 */
import type { Network } from "../../api/network.ts";
import type { Probe } from "../../api/probe.ts";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import type { Volume } from "../../api/volume.ts";

/** The sources of volumes that are served. */
const SERVED_SOURCES: readonly string[] = [
  "containerDisk",
  "cloudInitNoCloud",
  "cloudInitConfigDrive",
  "emptyDisk",
  "persistentVolumeClaim",
];

/** Names of sockets of the pod itself: a container disk's socket is named as its volume. */
const RESERVED_DISK_NAMES: readonly string[] = ["compute", "kernel-boot"];

type Rule = (spec: VirtualMachineInstanceSpec) => string[];

const RULES: readonly Rule[] = [volumes, networks, devices, cpuAndMemory, probes, others];

/** Paths of all fields that are set and not served, in the order of the rules. */
export function unservedFields(spec: VirtualMachineInstanceSpec): string[] {
  return RULES.flatMap((rule) => rule(spec));
}

export function unservedMessage(paths: readonly string[]): string {
  return `Not served yet: ${paths.join(", ")}`;
}

function volumes(spec: VirtualMachineInstanceSpec): string[] {
  return (spec.volumes ?? []).flatMap((volume: Volume, index) => [
    ...Object.keys(volume)
      .filter((key) => key !== "name" && !SERVED_SOURCES.includes(key))
      .map((source) => `spec.volumes[${index}].${source}`),
    ...when(
      volume.persistentVolumeClaim?.hotpluggable === true,
      `spec.volumes[${index}].persistentVolumeClaim.hotpluggable`,
    ),
    ...when(
      volume.containerDisk !== undefined && RESERVED_DISK_NAMES.includes(volume.name),
      `spec.volumes[${index}].name`,
    ),
  ]);
}

function networks(spec: VirtualMachineInstanceSpec): string[] {
  return (spec.networks ?? []).flatMap((network: Network, index) =>
    Object.keys(network)
      .filter((key) => key !== "name" && key !== "pod")
      .map((source) => `spec.networks[${index}].${source}`)
  );
}

function devices(spec: VirtualMachineInstanceSpec): string[] {
  const at = "spec.domain.devices";
  const { filesystems, gpus, hostDevices, downwardMetrics, tpm, autoattachVSOCK } =
    spec.domain.devices;
  return [
    ...when(filesystems, `${at}.filesystems`),
    ...when(gpus, `${at}.gpus`),
    ...when(hostDevices, `${at}.hostDevices`),
    ...when(downwardMetrics, `${at}.downwardMetrics`),
    ...when(tpm !== undefined && tpm.enabled !== false, `${at}.tpm`),
    ...when(autoattachVSOCK === true, `${at}.autoattachVSOCK`),
  ];
}

function cpuAndMemory({ domain }: VirtualMachineInstanceSpec): string[] {
  return [
    ...when(
      domain.cpu?.dedicatedCpuPlacement === true,
      "spec.domain.cpu.dedicatedCpuPlacement",
    ),
    ...when(domain.cpu?.isolateEmulatorThread === true, "spec.domain.cpu.isolateEmulatorThread"),
    ...when(domain.cpu?.numa, "spec.domain.cpu.numa"),
    ...when(domain.cpu?.realtime, "spec.domain.cpu.realtime"),
    ...when(domain.memory?.hugepages, "spec.domain.memory.hugepages"),
    ...when(domain.launchSecurity, "spec.domain.launchSecurity"),
  ];
}

/** The kubelet can ask an address; it cannot ask inside the guest. */
function probes(spec: VirtualMachineInstanceSpec): string[] {
  return (["readinessProbe", "livenessProbe"] as const).flatMap((name) => {
    const probe: Probe | undefined = spec[name];
    return [
      ...when(probe?.exec, `spec.${name}.exec`),
      ...when(probe?.guestAgentPing, `spec.${name}.guestAgentPing`),
    ];
  });
}

function others(spec: VirtualMachineInstanceSpec): string[] {
  return [
    ...when(spec.accessCredentials, "spec.accessCredentials"),
    ...when(spec.resourceClaims, "spec.resourceClaims"),
    ...when(spec.utilityVolumes, "spec.utilityVolumes"),
  ];
}

/** The path when the value asks for something: anything but nothing, `false` and an empty list. */
function when(value: unknown, path: string): string[] {
  const isEmpty = value === undefined || value === null || value === false ||
    (Array.isArray(value) && value.length === 0);
  return isEmpty ? [] : [path];
}
