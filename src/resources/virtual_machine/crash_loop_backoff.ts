/**
 * Crash-loop back-off: a VM whose instances end before they ever ran is started again more and more slowly.
 *
 *   instance ended, never ran  -> count + 1, retry after 10 s x count² (+ 0-50 %), at most 300 s
 *   instance has run           -> forgotten
 *   strategy does not restart  -> forgotten
 */
import {
  isFinalPhase,
  VirtualMachineInstancePhase,
  VirtualMachineRunStrategy,
} from "../../api/phases.ts";
import type { VirtualMachineStartFailure } from "../../api/virtual_machine_status.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { addMs, msUntil, toWholeSeconds } from "../timestamp.ts";

const DELAY_MS_BASE = 10_000;
const DELAY_MS_MAX = 300_000;
const SECOND_MS = 1_000;
/** Spreads VMs that fail together, such as all guests of a broken image. */
const JITTER_FRACTION_MAX = 0.5;

const COUNTING_STRATEGIES: readonly string[] = [
  VirtualMachineRunStrategy.Always,
  VirtualMachineRunStrategy.RerunOnFailure,
  VirtualMachineRunStrategy.Once,
];

export function countsStartFailures(runStrategy: string): boolean {
  return COUNTING_STRATEGIES.includes(runStrategy);
}

/** Whether an instance has ever been in phase Running. */
export function hasRun(vmi: VirtualMachineInstance): boolean {
  return vmi.status?.phase === VirtualMachineInstancePhase.Running ||
    (vmi.status?.phaseTransitionTimestamps ?? [])
      .some((transition) => transition.phase === VirtualMachineInstancePhase.Running);
}

export interface StartFailureInput {
  now: string;
  runStrategy: string;
  vmi?: VirtualMachineInstance | undefined;
  previous?: VirtualMachineStartFailure | undefined;
}

/** `status.startFailure` as it shall be. */
export function nextStartFailure(input: StartFailureInput): VirtualMachineStartFailure | undefined {
  const { now, runStrategy, vmi, previous } = input;
  if (!countsStartFailures(runStrategy)) return undefined;
  if (vmi === undefined) return previous;
  if (hasRun(vmi)) return undefined;
  const uid = vmi.metadata.uid;
  if (!isFinalPhase(vmi.status?.phase) || previous?.lastFailedVMIUID === uid) return previous;
  const count = (previous?.consecutiveFailCount ?? 0) + 1;
  return {
    consecutiveFailCount: count,
    lastFailedVMIUID: uid,
    retryAfterTimestamp: retryAfter(now, { count, uid }),
  };
}

/** The API has whole seconds: down to one, unless the wait became shorter than the least; then up. */
function retryAfter(now: string, { count, uid }: { count: number; uid: string }): string {
  const down = toWholeSeconds(addMs(now, backOffDelayMs(count, uid)));
  const leastMs = Math.min(DELAY_MS_BASE * count ** 2, DELAY_MS_MAX - SECOND_MS);
  return msUntil(down, now) >= leastMs ? down : toWholeSeconds(addMs(now, leastMs + SECOND_MS - 1));
}

/**
 * How long until the next start may be tried; 0 when at once. The clock that the time was taken from may have been another's,
 * or have jumped since: nobody waits longer than the longest delay after the failure was first seen from here.
 */
export function backOffRemainingMs(
  startFailure: VirtualMachineStartFailure | undefined,
  { now, seenForMs }: { now: string; seenForMs: number },
): number {
  const retryAfter = startFailure?.retryAfterTimestamp;
  if (!retryAfter) return 0;
  return Math.max(0, Math.min(msUntil(retryAfter, now), DELAY_MS_MAX - seenForMs));
}

/** The jitter is drawn from the failed instance's UID, so that the same world always gives the same decision. */
export function backOffDelayMs(count: number, uid: string): number {
  const jitter = 1 + JITTER_FRACTION_MAX * fractionOf(`${uid}/${count}`);
  return Math.min(DELAY_MS_MAX, Math.round(DELAY_MS_BASE * count ** 2 * jitter));
}

/** FNV-1a of a text as a number in [0, 1). */
function fractionOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash / 2 ** 32;
}
