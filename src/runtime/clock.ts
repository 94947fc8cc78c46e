/** Time as a port, so that tests own it. Pure files get the time as data instead. */

/** A pending timer; disposing of it cancels it. */
export interface Timer extends Disposable {
  /** Idempotent; after it the callback is not called. */
  cancel(): void;
}

/** Wall clock for people, monotonic clock for durations and deadlines. */
export interface Clock {
  /** For timestamps only: it may jump. */
  now(): Date;
  /** Never goes back. Its zero means nothing. */
  monotonicMs(): number;
  /** Calls back once, not before `delayMs` passed, except that delays are cut to {@link TIMER_DELAY_MS_MAX}. */
  setTimer(callback: () => void, delayMs: number): Timer;
}

/** What a JavaScript timer can hold: 24.8 days. */
export const TIMER_DELAY_MS_MAX = 2 ** 31 - 1;

/** The machine's clocks. */
export const SYSTEM_CLOCK: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  setTimer(callback, delayMs) {
    const id = setTimeout(callback, Math.min(Math.max(0, delayMs), TIMER_DELAY_MS_MAX));
    const cancel = () => clearTimeout(id);
    return { cancel, [Symbol.dispose]: cancel };
  },
};

/** Resolves after `delayMs`, or at once when the signal aborts. Never rejects: the caller looks at its signal. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      timer.cancel();
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = clock.setTimer(finish, delayMs);
    signal.addEventListener("abort", finish);
  });
}
