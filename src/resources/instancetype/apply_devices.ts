/** An instancetype's devices, their threads and the protection of the guest's memory. */
import type { Cause } from "../cause.ts";
import { conflictCauses } from "./conflict.ts";
import type { Draft, Size } from "./size.ts";

export function applyGpus({ spec: { domain: { devices } } }: Draft, size: Size): Cause[] {
  const gpus = size.instancetype?.gpus ?? [];
  if (gpus.length === 0) return [];
  if ((devices.gpus ?? []).length > 0) return conflictAt("domain.devices.gpus");
  devices.gpus = structuredClone(gpus);
  return [];
}

export function applyHostDevices({ spec: { domain: { devices } } }: Draft, size: Size): Cause[] {
  const hostDevices = size.instancetype?.hostDevices ?? [];
  if (hostDevices.length === 0) return [];
  if ((devices.hostDevices ?? []).length > 0) return conflictAt("domain.devices.hostDevices");
  devices.hostDevices = structuredClone(hostDevices);
  return [];
}

export function applyIoThreadsPolicy({ spec: { domain } }: Draft, size: Size): Cause[] {
  const policy = size.instancetype?.ioThreadsPolicy;
  if (!policy) return [];
  if (domain.ioThreadsPolicy) return conflictAt("domain.ioThreadsPolicy");
  domain.ioThreadsPolicy = policy;
  return [];
}

export function applyIoThreads({ spec: { domain } }: Draft, size: Size): Cause[] {
  const count = size.instancetype?.ioThreads?.supplementalPoolThreadCount;
  if (count === undefined) return [];
  if (domain.ioThreads?.supplementalPoolThreadCount !== undefined) {
    return conflictAt("domain.ioThreads.supplementalPoolThreadCount");
  }
  domain.ioThreads = { ...domain.ioThreads, supplementalPoolThreadCount: count };
  return [];
}

export function applyLaunchSecurity({ spec: { domain } }: Draft, size: Size): Cause[] {
  const launchSecurity = size.instancetype?.launchSecurity;
  if (launchSecurity === undefined) return [];
  if (domain.launchSecurity !== undefined) return conflictAt("domain.launchSecurity");
  domain.launchSecurity = structuredClone(launchSecurity);
  return [];
}

function conflictAt(path: string): Cause[] {
  return conflictCauses([`spec.template.spec.${path}`]);
}
