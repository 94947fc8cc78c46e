/**
 * One guest of an instance at a time. What a domain was started for is recorded beside it; what the API server says now is
 * asked before a guest that may have been replaced is ended, because unknown is not gone.
 */
import { NODE_NAME_LABEL } from "../api/labels.ts";
import { VIRTUAL_MACHINE_INSTANCES } from "../api/registry.ts";
import type { VirtualMachineInstance } from "../api/virtual_machine_instance.ts";
import type { DomainOwner, Hypervisor } from "../hypervisor/hypervisor.ts";
import type { KubeClient } from "../kube/client.ts";
import { leaseOf } from "../resources/virtual_machine_instance/lease.ts";
import type { EventSink } from "../runtime/controller.ts";
import type { Logger } from "../runtime/log.ts";

export interface FenceOptions {
  client: KubeClient;
  hypervisor: Hypervisor;
  nodeName: string;
  log: Logger;
  events?: EventSink;
}

export type Standing =
  /** It is the guest that may run. */
  | "owned"
  /** Its instance is handed over to another node or pod, or its name belongs to another instance: it may not run. */
  | "stale"
  /** There is no instance of its name any more. */
  | "orphaned"
  /** Nobody recorded for whom it was started. */
  | "unrecorded";

/** What a domain is to the instance that has its name now. Pure. */
export function standingOf(
  { uid, owner, nodeName }: { uid: string; owner: DomainOwner; nodeName: string },
  live: VirtualMachineInstance | undefined,
): Exclude<Standing, "unrecorded"> {
  if (live === undefined) return "orphaned";
  if (live.metadata.uid !== uid) return "stale";
  const lease = leaseOf(live);
  if (lease === undefined) {
    const node = live.metadata.labels?.[NODE_NAME_LABEL];
    return node === undefined || node === nodeName ? "owned" : "stale";
  }
  return lease.nodeName !== nodeName || lease.epoch > owner.epoch ? "stale" : "owned";
}

/**
 * Asks the API server for the instance of a domain, and ends the domain when it may not run: at once, as the one that may could
 * already write to the same disks. Throws when nobody answers; then nothing was done.
 */
export async function fence(
  uid: string,
  { client, hypervisor, nodeName, log, events }: FenceOptions,
  signal: AbortSignal,
): Promise<Standing> {
  const owner = await hypervisor.owner(uid, signal);
  if (owner === undefined) return "unrecorded";
  const { namespace, name, epoch } = owner;
  const key = { namespace, name };
  const live = await client.get<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES, key, { signal });
  const standing = standingOf({ uid, owner, nodeName }, live);
  if (standing !== "stale" || live === undefined) return standing;
  const domain = await hypervisor.inspect(uid, signal);
  if (domain.kind === "unknown") {
    throw new Error(`Cannot end the stale domain ${uid}: it cannot be looked at: ${domain.why}`);
  }
  if (domain.kind === "present" && domain.state !== "shutoff") {
    log.warn("ending a guest that may not run here any more", { uid, namespace, name, epoch });
    await hypervisor.destroy(uid, signal);
    const message = `Ended a guest on node ${nodeName} that was started for hand-over ${epoch}: ` +
      whoOwns(live);
    events?.record({ regarding: live, type: "Warning", reason: "StaleGuestEnded", message });
  }
  // Also of one that was never started: what it left would stand in the way of the next of its name.
  await hypervisor.forget(uid, signal);
  return standing;
}

function whoOwns(live: VirtualMachineInstance): string {
  const lease = leaseOf(live);
  return lease === undefined
    ? "another instance has its name now"
    : `the instance is at hand-over ${lease.epoch}, to node ${lease.nodeName}`;
}
