/** What is told of a guest that goes on and is not well: once, when it comes. Pure. */
import {
  PausedReason,
  SynchronizedReason,
  VirtualMachineInstanceReadyReason as ReadyReason,
} from "../../api/conditions.ts";
import type { VirtualMachineInstanceStatus } from "../../api/virtual_machine_instance_status.ts";
import type { DomainObservation } from "../../hypervisor/hypervisor.ts";
import type { EventRecord } from "../../runtime/reconciler.ts";
import { truncatedMessage, truncatedVolumes, volumeErrors } from "./status.ts";
import type { World } from "./world.ts";

type PresentDomain = Extract<DomainObservation, { kind: "present" }>;

/** The events that go with the change from the VMI's status to the one that is written now. */
export function faultEvents(
  world: World,
  { domain, status }: { domain: PresentDomain; status: VirtualMachineInstanceStatus },
): EventRecord[] {
  const { vmi } = world;
  const before = vmi.status ?? {};
  const begins = (reason: string) =>
    messageOf(status, reason) !== undefined &&
    messageOf(status, reason) !== messageOf(before, reason);
  const warning = (reason: string, message: string): EventRecord => ({
    regarding: vmi,
    type: "Warning",
    reason,
    message,
  });
  const events: EventRecord[] = [];
  if (begins(PausedReason.PausedIOError)) {
    events.push(...ioErrors(world, domain).map((message) => warning("IOerror", message)));
  }
  if (begins(SynchronizedReason.VolumeTruncated)) {
    events.push(warning("VolumeTruncated", truncatedMessage(truncatedVolumes(world, domain))));
  }
  if (begins(ReadyReason.GuestUnresponsive)) {
    events.push(warning("GuestUnresponsive", `QEMU does not answer: ${domain.unresponsive}`));
  }
  const answersAgain = messageOf(before, ReadyReason.GuestUnresponsive) !== undefined &&
    domain.unresponsive === undefined;
  if (answersAgain) {
    events.push({ ...warning("GuestResponsive", "QEMU answers again"), type: "Normal" });
  }
  return events;
}

/** KubeVirt's words. */
function ioErrors(world: World, domain: PresentDomain): string[] {
  const errors = volumeErrors(world, domain);
  if (errors.length === 0) return ["VM Paused due to IO error"];
  return errors.map(({ volume, noSpace }) =>
    noSpace
      ? `VM Paused due to not enough space on volume: ${volume}`
      : `VM Paused due to IO error at the volume: ${volume}`
  );
}

/** Of the condition with that reason. */
function messageOf(
  { conditions }: VirtualMachineInstanceStatus,
  reason: string,
): string | undefined {
  const found = conditions?.find((condition) => condition.reason === reason);
  return found === undefined ? undefined : found.message ?? "";
}
