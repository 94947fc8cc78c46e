/** Exponential back-off with jitter, as a pure function of the attempt and of an injected random number. */

/** The curve: `baseMs`, twice that, four times that … never more than `maxMs`. */
export interface BackoffOptions {
  baseMs: number;
  maxMs: number;
  /** A number in [0, 1). @default Math.random */
  random?: () => number;
}

/** Of each delay this part is random, so that many clients do not come back at the same moment. */
export const JITTER_FRACTION = 0.5;
const EXPONENT_MAX = 30;

/** The delay before retry number `attempt`, which counts from 0. Between half of the curve and the curve. */
export function backoffMs(attempt: number, options: BackoffOptions): number {
  const { baseMs, maxMs, random = Math.random } = options;
  const curveMs = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, EXPONENT_MAX));
  return curveMs * (1 - JITTER_FRACTION * random());
}
