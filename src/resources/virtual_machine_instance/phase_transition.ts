import type { VirtualMachineInstanceStatus } from "../../api/virtual_machine_instance_status.ts";

/**
 * The status in this phase. When it was entered is kept with the milliseconds: from these times users and benchmarks read
 * where a start has spent its time.
 */
export function enterPhase(
  status: VirtualMachineInstanceStatus,
  phase: string,
  now: string,
): VirtualMachineInstanceStatus {
  if (status.phase === phase) return status;
  const phaseTransitionTimestamps = [
    ...status.phaseTransitionTimestamps ?? [],
    { phase, phaseTransitionTimestamp: now },
  ];
  return { ...status, phase, phaseTransitionTimestamps };
}

/** When the present phase was entered. */
export function enteredPhaseAt(status: VirtualMachineInstanceStatus): string | undefined {
  return status.phaseTransitionTimestamps
    ?.findLast(({ phase }) => phase === status.phase)?.phaseTransitionTimestamp;
}

/** The latest of two times, but not later than now; `now` when neither is known. */
export function laterTime(a: string | undefined, b: string | undefined, now: string): string {
  const times = [a, b].map((time) => Date.parse(time ?? "")).filter((ms) => !Number.isNaN(ms));
  return times.length === 0
    ? now
    : new Date(Math.min(Math.max(...times), Date.parse(now))).toISOString();
}
