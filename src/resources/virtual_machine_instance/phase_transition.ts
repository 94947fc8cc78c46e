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
