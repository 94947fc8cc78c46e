/** Machines that do not come up and are replaced for it. */
import { VirtualMachinePrintableStatus as Status } from "../../api/phases.ts";
import type { VirtualMachinePoolAutohealingStrategy } from "../../api/pool.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import { findCondition } from "../condition.ts";
import { parseGoDuration } from "../go_duration.ts";
import { addMs, msUntil } from "../timestamp.ts";

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

/** For how much longer it may fail, in milliseconds; 0: it is to be replaced; `undefined`: it does not fail. */
export function patienceMs(
  { status }: VirtualMachine,
  strategy: VirtualMachinePoolAutohealingStrategy,
  now: string,
): number | undefined {
  const failedStarts = status?.startFailure?.consecutiveFailCount ?? 0;
  if (failedStarts >= (strategy.startUpFailureThreshold ?? FAILED_STARTS)) return 0;
  if (!FAILING.includes(status?.printableStatus ?? "")) return undefined;
  const ready = findCondition(status?.conditions, "Ready");
  if (ready?.status !== "False" || !ready.lastTransitionTime) return undefined;
  const failingMs = parseGoDuration(strategy.minFailingToStartDuration ?? "") ?? FAILING_MS;
  return Math.max(0, msUntil(addMs(ready.lastTransitionTime, failingMs), now));
}
