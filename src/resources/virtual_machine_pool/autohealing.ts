/** Machines that do not come up and are replaced for it. */
import { VirtualMachinePrintableStatus as Status } from "../../api/phases.ts";
import type { VirtualMachinePoolAutohealingStrategy } from "../../api/pool.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import { parseGoDuration } from "../go_duration.ts";

/** KubeVirt's. */
const FAILED_STARTS = 3;
/** KubeVirt's. */
const FAILING_MS = 5 * 60_000;

/** States of a machine that will not come up by waiting. */
const FAILING: readonly string[] = [
  Status.CrashLoopBackOff,
  Status.ErrorUnschedulable,
  Status.DataVolumeError,
  Status.ErrorPvcNotFound,
  Status.ErrImagePull,
  Status.ImagePullBackOff,
];

/**
 * For how much longer it may fail, in milliseconds; 0: it is to be replaced; `undefined`: it does not fail.
 * `notReadyForMs`: for how long it has been seen not to be ready, absent while it is.
 */
export function patienceMs(
  { status }: VirtualMachine,
  { strategy, notReadyForMs }: {
    strategy: VirtualMachinePoolAutohealingStrategy;
    notReadyForMs: number | undefined;
  },
): number | undefined {
  const failedStarts = status?.startFailure?.consecutiveFailCount ?? 0;
  if (failedStarts >= (strategy.startUpFailureThreshold ?? FAILED_STARTS)) return 0;
  if (!FAILING.includes(status?.printableStatus ?? "")) return undefined;
  if (notReadyForMs === undefined) return undefined;
  const failingMs = parseGoDuration(strategy.minFailingToStartDuration ?? "") ?? FAILING_MS;
  return Math.max(0, failingMs - notReadyForMs);
}
