/** The status a VMI should have, from what is known: pure. What others own in it is passed on unchanged. */
import {
  PausedReason,
  SynchronizedReason,
  VirtualMachineInstanceConditionType as ConditionType,
  VirtualMachineInstanceReadyReason as ReadyReason,
} from "../../api/conditions.ts";
import { VirtualMachineInstancePhase as Phase } from "../../api/phases.ts";
import type {
  VirtualMachineInstanceCondition,
  VirtualMachineInstanceNetworkInterface,
  VirtualMachineInstanceStatus,
} from "../../api/virtual_machine_instance_status.ts";
import type { VolumeStatus } from "../../api/volume_status.ts";
import type { DomainObservation } from "../../hypervisor/hypervisor.ts";
import { diskTargets } from "../../libvirt_domain/disk_targets.ts";
import { MACHINE_TYPE_DEFAULT } from "../../libvirt_domain/os.ts";
import { planNetwork } from "../network/plan.ts";
import { withCondition, withoutCondition } from "../../resources/condition.ts";
import { toWholeSeconds } from "../../resources/timestamp.ts";
import { areContainersReady, READINESS_GATE } from "./readiness_gate.ts";
import type { World } from "./world.ts";

type PresentDomain = Extract<DomainObservation, { kind: "present" }>;
type Conditions = VirtualMachineInstanceCondition[];

const EMULATION_MESSAGES = {
  EmulationRequested: "The installation asks for software emulation (useEmulation)",
  KVMNotAvailable: "The node has no usable /dev/kvm: the guest runs by software emulation",
  KVMNotRequested: "No node offered KVM when the guest was placed: it runs by software emulation",
} as const;

/** The kubelet's word for it, too. */
export const OOM_KILLED_REASON = "OOMKilled";

/** Of a guest that runs or is paused. */
export function runningStatus(world: World, domain: PresentDomain): VirtualMachineInstanceStatus {
  const { vmi } = world;
  return {
    ...withPhase(world, Phase.Running),
    conditions: runningConditions(world, domain),
    interfaces: interfaces(world),
    machine: { type: vmi.spec.domain.machine?.type || MACHINE_TYPE_DEFAULT },
    volumeStatus: volumeStatus(world),
  };
}

/** Of a guest that has ended. */
export function finalStatus(
  world: World,
  { phase, domain }: { phase: "Succeeded" | "Failed"; domain: PresentDomain },
): VirtualMachineInstanceStatus {
  const status = { ...withPhase(world, phase), conditions: endedConditions(world) };
  return phase === Phase.Failed ? { ...status, reason: failureReason(domain) } : status;
}

/** Of a VMI whose guest was lost, or never was. */
export function failedStatus(world: World, reason?: string): VirtualMachineInstanceStatus {
  const status = { ...withPhase(world, Phase.Failed), conditions: endedConditions(world) };
  return reason === undefined ? status : { ...status, reason };
}

/** Of a VMI whose guest cannot be started, now or later. */
export function notStartableStatus(world: World, message: string): VirtualMachineInstanceStatus {
  const status = failedStatus(world, "SyncFailed");
  return {
    ...status,
    conditions: withSyncFailure(world, { conditions: status.conditions ?? [], message }),
  };
}

/** Whether the VMI says already that it is not synchronized, for this reason. */
export function hasSyncFailure({ vmi }: World, message: string): boolean {
  return vmi.status?.conditions?.some((condition) =>
    condition.type === ConditionType.Synchronized && condition.status === "False" &&
    condition.message === message
  ) ?? false;
}

/** Of a VMI whose guest could not be started yet. */
export function notSynchronizedStatus(
  world: World,
  message: string,
): VirtualMachineInstanceStatus {
  const status = world.vmi.status ?? {};
  const conditions = status.conditions ?? [];
  return { ...status, conditions: withSyncFailure(world, { conditions, message }) };
}

function failureReason({ state, reason, oomKilled }: PresentDomain): string {
  if (oomKilled) return OOM_KILLED_REASON;
  if (state === "crashed") return reason === "panicked" ? "GuestPanicked" : "GuestCrashed";
  return reason === "destroyed" ? "GuestKilled" : "GuestCrashed";
}

function withPhase({ vmi, now }: World, phase: string): VirtualMachineInstanceStatus {
  const status = vmi.status ?? {};
  if (status.phase === phase) return status;
  const transition = { phase, phaseTransitionTimestamp: toWholeSeconds(now) };
  return {
    ...status,
    phase,
    phaseTransitionTimestamps: [...status.phaseTransitionTimestamps ?? [], transition],
  };
}

function runningConditions(world: World, domain: PresentDomain): Conditions {
  const { now } = world;
  let conditions = world.vmi.status?.conditions ?? [];
  const truncated = truncatedVolumes(world, domain);
  conditions = truncated.length > 0
    ? withCondition(conditions, volumesTruncated(truncated), now)
    : withoutCondition(conditions, ConditionType.Synchronized);
  conditions = withCondition(conditions, readyWhileRunning(world, domain), now);
  conditions = withCondition(conditions, {
    type: ConditionType.LiveMigratable,
    status: "False",
    reason: "LiveMigrationNotSupported",
    message: "live migration is not supported by this node agent yet",
  }, now);
  conditions = domain.state === "paused"
    ? withCondition(conditions, paused(world, domain), now)
    : withoutCondition(conditions, ConditionType.Paused);
  return domain.emulated
    ? withCondition(conditions, emulation(world), now)
    : withoutCondition(conditions, ConditionType.SoftwareEmulation);
}

function readyWhileRunning({ pod }: World, { state, unresponsive }: PresentDomain) {
  const type = ConditionType.Ready;
  if (pod === undefined) {
    return { type, status: "False", reason: ReadyReason.PodNotExists, message: "the pod is gone" };
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    const message = "the pod is terminating";
    return { type, status: "False", reason: ReadyReason.PodTerminating, message };
  }
  if (unresponsive !== undefined) {
    const message = `QEMU does not answer: ${unresponsive}`;
    return { type, status: "False", reason: ReadyReason.GuestUnresponsive, message };
  }
  if (state === "paused") {
    const message = `the status of pod readiness gate "${READINESS_GATE}" is not "True", but False`;
    return { type, status: "False", reason: "ReadinessGatesNotReady", message };
  }
  if (!areContainersReady(pod)) {
    const message = "containers of the pod are not ready";
    return { type, status: "False", reason: "ContainersNotReady", message };
  }
  return { type, status: "True" };
}

function paused(world: World, domain: PresentDomain) {
  const io = domain.reason === "ioerror";
  return {
    type: ConditionType.Paused,
    status: "True",
    reason: io ? PausedReason.PausedIOError : PausedReason.PausedByUser,
    message: io ? pausedMessage(world, domain) : "VMI was paused by user",
  };
}

function pausedMessage(world: World, domain: PresentDomain): string {
  const causes = volumeErrors(world, domain).map(({ volume, noSpace }) =>
    noSpace ? `not enough space on volume: ${volume}` : `IO error at the volume: ${volume}`
  );
  const message = "VMI was paused, low-level IO error detected";
  return causes.length === 0 ? message : `${message}: ${causes.join("; ")}`;
}

function volumesTruncated(volumes: readonly string[]) {
  return {
    type: ConditionType.Synchronized,
    status: "False",
    reason: SynchronizedReason.VolumeTruncated,
    message: truncatedMessage(volumes),
  };
}

/** What was cut off a volume's image reads as zeros. */
export function truncatedMessage(volumes: readonly string[]): string {
  return `the image was cut short while the guest runs, of volume: ${volumes.join(", ")}`;
}

/** The volumes that the guest is stopped for. */
export function volumeErrors(
  { vmi }: World,
  { diskErrors = [] }: PresentDomain,
): { volume: string; noSpace: boolean }[] {
  return diskErrors.map(({ target, noSpace }) => ({ volume: volumeAt(vmi, target), noSpace }));
}

/** The volumes whose images lost a part. */
export function truncatedVolumes({ vmi }: World, { truncatedDisks = [] }: PresentDomain): string[] {
  return truncatedDisks.map((target) => volumeAt(vmi, target));
}

/** A disk has the name of its volume; one that is not of the spec is told by its own. */
function volumeAt({ spec }: World["vmi"], target: string): string {
  const targets = diskTargets(spec.domain.devices.disks ?? []);
  return [...targets].find(([, disk]) => disk === target)?.[0] ?? target;
}

function emulation({ emulationReason = "KVMNotAvailable" }: World) {
  return {
    type: ConditionType.SoftwareEmulation,
    status: "True",
    reason: emulationReason,
    message: EMULATION_MESSAGES[emulationReason],
  };
}

function endedConditions(world: World): Conditions {
  const conditions = withoutCondition(world.vmi.status?.conditions, ConditionType.Paused);
  return withCondition(conditions, {
    type: ConditionType.Ready,
    status: "False",
    reason: ReadyReason.GuestNotRunning,
    message: "Guest VM is not reported as running",
  }, world.now);
}

function withSyncFailure(
  { now }: World,
  { conditions, message }: { conditions: Conditions; message: string },
): Conditions {
  return withCondition(conditions, {
    type: ConditionType.Synchronized,
    status: "False",
    reason: SynchronizedReason.SynchronizingWithDomainFailed,
    message,
  }, now);
}

/** Behind masquerade a guest is reached at the addresses of its pod. */
function interfaces({ vmi, pod }: World): VirtualMachineInstanceNetworkInterface[] {
  const addresses = (pod?.status?.podIPs ?? []).map(({ ip }) => ip);
  return planNetwork(vmi).interfaces.map((plan) => ({
    name: plan.interfaceName,
    mac: plan.macAddress,
    podInterfaceName: plan.podInterface,
    queueCount: plan.queues,
    linkState: "up",
    infoSource: "domain",
    ...(addresses[0] === undefined ? {} : { ipAddress: addresses[0], ipAddresses: addresses }),
  }));
}

/** What others wrote of the volumes stays; the name of the disk in the guest is added. */
function volumeStatus({ vmi }: World): VolumeStatus[] {
  const targets = diskTargets(vmi.spec.domain.devices.disks ?? []);
  const before = new Map((vmi.status?.volumeStatus ?? []).map((entry) => [entry.name, entry]));
  return (vmi.spec.volumes ?? []).map(({ name }) => ({
    ...before.get(name),
    name,
    target: targets.get(name) ?? "",
  }));
}
